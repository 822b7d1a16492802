"""Photos and videos: on their way in, fitted to each platform, described, captioned."""

from .adding import add_media, change_rights, retire_media
from .captions import add_captions
from .fitting import fitted, fitting_problems, fitting_state, want_fitting
from .prepared import MediaRefused

__all__ = [
    "MediaRefused",
    "add_captions",
    "add_media",
    "change_rights",
    "fitted",
    "fitting_problems",
    "fitting_state",
    "retire_media",
    "want_fitting",
]
