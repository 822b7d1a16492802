"""The platforms, and how a handle is named and linked to on each."""

import re
from urllib.parse import urlsplit

from django.db import models
from django.utils.translation import gettext_lazy as _


class Platform(models.TextChoices):
    FACEBOOK = "facebook", _("Facebook")
    X = "x", _("X")
    YOUTUBE = "youtube", _("YouTube")
    INSTAGRAM = "instagram", _("Instagram")
    WHATSAPP = "whatsapp", _("WhatsApp")


# By code: a lookup that a campaign makes for each of its handles.
NAMES = dict(Platform.choices)
# X allows 15 characters, the others more: a name within it can be the same everywhere (R3).
ADVISED_NAME_LENGTH = 15
_X_NAME = re.compile(r"[A-Za-z0-9_]{1,15}")

# Where a link to a handle may lead.
SITES: dict[str, frozenset[str]] = {
    Platform.FACEBOOK: frozenset({"facebook.com", "www.facebook.com", "m.facebook.com"}),
    Platform.X: frozenset({"x.com", "www.x.com", "twitter.com", "www.twitter.com"}),
    Platform.YOUTUBE: frozenset({"youtube.com", "www.youtube.com", "m.youtube.com"}),
    Platform.INSTAGRAM: frozenset({"instagram.com", "www.instagram.com"}),
    Platform.WHATSAPP: frozenset(
        {"wa.me", "whatsapp.com", "www.whatsapp.com", "api.whatsapp.com", "chat.whatsapp.com"}
    ),
}


def may_be_named(platform: str, name: str) -> bool:
    """Can an account of this name exist there? Said of X alone: the others change their rules."""
    return platform != Platform.X or bool(_X_NAME.fullmatch(name))


def links_to(platform: str, url: str) -> bool:
    """An https address on the platform's own site, without a user name or port in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or parts.username is not None or port is not None:
        return False
    return (parts.hostname or "") in SITES.get(platform, frozenset())
