"""Addresses: of our files, as a platform may fetch them (signed, good for two hours), and of its
posts.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.urls import reverse

from departments.models import Handle
from departments.platforms import links_to

from .connectors import base_url, connector_class
from .models import Derivative, Media, Work

SALT = "publishing.media-for-platforms"
GOOD_FOR = 2 * 60 * 60  # seconds


def signed_media_url(file: Media | Derivative) -> str:
    said = ["copy" if isinstance(file, Derivative) else "media", file.pk]
    token = signing.dumps(said, salt=SALT)
    return settings.MEDIA_URL_BASE + reverse("publishing:media_for_platform", args=[token])


def file_behind(token: str) -> Media | Derivative | None:
    """What a signed address leads to; None if it is forged, too old, or gone."""
    try:
        kind, number = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
        key = int(number)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if kind == "copy":
        return Derivative.objects.filter(pk=key, state=Work.READY).first()
    return Media.objects.filter(pk=key).first()


def is_on_platform(platform: str, link: str) -> bool:
    """Does the link lead to the platform's own site or, rehearsing, to its stand-in?"""
    return links_to(platform, link) or link.startswith(f"{base_url(platform)}/")


def may_be_post_of(handle: Handle, link: str) -> bool:
    """Not the platform's front page, nor where its addresses tell it, another account's post."""
    parts = urlsplit(link.removeprefix(base_url(handle.platform)))
    is_front_page = not (parts.path.strip("/") or parts.query)
    names = (handle.name, str(handle.facts.get("name", "")))
    return not is_front_page and connector_class(handle.platform).proves(parts.path, names)
