"""Where the file is that a platform gets, for its preview, and what its captions say."""

from django import template
from django.urls import reverse

from publishing.media.captions import Cue, cues
from publishing.models import Captions, Derivative, Media
from schemes.previews import sent

register = template.Library()


@register.filter
def picture_sent(media: Media, platform: str) -> str:
    """Small, where no copy had to be made."""
    return _address(media, platform, "small")


@register.filter
def film_sent(media: Media, platform: str) -> str:
    return _address(media, platform, "full")


@register.filter
def spoken(captions: Captions) -> list[Cue]:
    return cues(captions)


def _address(media: Media, platform: str, size: str) -> str:
    file = sent(media, platform)
    if isinstance(file, Derivative):
        return reverse("publishing:media_copy", args=[file.pk])
    return reverse("publishing:media", args=[media.pk, size])
