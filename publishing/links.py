"""Addresses: of our files, as a platform may fetch them (signed, good for two hours), and of its
posts.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from departments.platforms import links_to

from .connectors import base_url
from .models import Media

SALT = "publishing.media-for-platforms"
GOOD_FOR = 2 * 60 * 60  # seconds


def signed_media_url(media: Media) -> str:
    token = signing.dumps(media.pk, salt=SALT)
    return settings.MEDIA_URL_BASE + reverse("publishing:media_for_platform", args=[token])


def media_id_from(token: str) -> int | None:
    """The key inside a signed address; None if it is forged or too old."""
    try:
        return int(signing.loads(token, salt=SALT, max_age=GOOD_FOR))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def is_on_platform(platform: str, link: str) -> bool:
    """Does the link lead to the platform's own site or, rehearsing, to its stand-in?"""
    return links_to(platform, link) or link.startswith(f"{base_url(platform)}/")
