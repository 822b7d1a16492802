"""What each platform gets of a post: derived here until an officer edits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from portal.web.text import tidy_line
from publishing.connectors import connector_class
from publishing.connectors.base import Attachment, Content, Problem
from publishing.content import attachment
from publishing.media import fitting_state
from publishing.models import Media, MediaKind, Place, Work

from .models import Post, Variant

LONGEST_OPTION = 500  # characters


@dataclass(frozen=True)
class Files:
    """The photos of a post in their order, and its video; on a page also what is not stored yet."""

    photos: Sequence[Media] = ()
    video: Media | None = None
    has_new_captions: bool = False
    lost: Sequence[str] = ()  # names of what was chosen and did not come back with the page


@dataclass(frozen=True)
class Placed:
    """A file as one platform gets it."""

    media: Media
    place: str = Place.SHOWN


@dataclass(frozen=True)
class VariantEdit:
    """An officer's own words and choices for one platform."""

    text: str = ""
    title: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def files_of(post: Post) -> Files:
    return Files(post.ordered_photos, post.video)


def derived(post: Post, platform: str) -> dict[str, object]:
    """Text, title and tags for this platform, from the post itself."""
    connector = connector_class(platform)
    texts = [post.text_hi]
    if connector.joins_languages:
        texts += [text for text in (post.text_en, post.text_ur) if text]
    if connector.title_line:
        texts.insert(0, connector.title_line.format(post.title_hi))
    tags = list(post.scheme.tags[:10]) if connector.has_title and post.scheme else []
    return {
        "text": connector.shape("\n\n".join(texts)),
        "title": post.title_hi if connector.has_title else "",
        "tags": tags,
    }


def refresh_variants(post: Post) -> None:
    """One variant for each platform among the chosen handles; edited ones keep their words."""
    wanted = set(post.handles.values_list("platform", flat=True))
    post.variants.exclude(platform__in=wanted).delete()
    existing = {variant.platform: variant for variant in post.variants.all()}
    for platform in wanted:
        variant = existing.get(platform) or Variant(post=post, platform=platform)
        if not variant.is_edited:
            for name, value in derived(post, platform).items():
                setattr(variant, name, value)
            variant.save()


def possible_options(platform: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """Of what was chosen, what the platform knows and what differs from its default."""
    possible = {}
    for option in connector_class(platform).options:
        value = tidy_line(chosen.get(option.key, ""))[:LONGEST_OPTION]
        if value and value != option.default and (not option.choices or value in option.choices):
            possible[option.key] = value
    return possible


def placed_media(files: Files, platform: str) -> list[Placed]:
    """What the platform gets of the files, by what it can show.

    Photos go before a video where both are possible: a reader sees them at once.
    """
    connector = connector_class(platform)
    only_video = connector.needs_attachment == "video"
    if not files.photos and not only_video and connector.takes_video:
        return [Placed(files.video)] if files.video else []
    if not only_video:
        return [Placed(photo) for photo in files.photos[: connector.photos_at_most]]
    thumbnails = files.photos[:1] if files.video and connector.takes_thumbnail else ()
    return [
        *([Placed(files.video)] if files.video else []),
        *(Placed(photo, Place.THUMBNAIL) for photo in thumbnails),
    ]


def left_out(files: Files, platform: str) -> list[Problem]:
    """What an officer chose and this platform will not show."""
    connector = connector_class(platform)
    placed = placed_media(files, platform)
    if files.video and not placed:
        return [Problem("video_left_out", level="warning")]
    limit = connector.photos_at_most
    if connector.needs_attachment != "video" and len(files.photos) > limit:
        values = {"count": len(files.photos), "limit": limit}
        return [Problem("photos_left_out", level="warning", values=values)]
    return []


def alt_text(media: Media) -> str:
    return media.alt_hi


def content(post: Post, variant: Variant, files: Files) -> Content:
    placed = placed_media(files, variant.platform)
    platform = variant.platform
    shown = [_attached(one.media, platform) for one in placed if one.place == Place.SHOWN]
    thumbnails = [_attached(one.media, platform) for one in placed if one.place == Place.THUMBNAIL]
    return Content(
        variant.text,
        variant.title,
        tuple(variant.tags),
        tuple(shown),
        thumbnail=next(iter(thumbnails), None),
        options=variant.options,
    )


def _attached(media: Media, platform: str) -> Attachment:
    """Also of a file that is chosen on the page and not stored yet. What still has to be fitted
    is taken as it will be then: the copy's own problems say that it is not ready.
    """
    if media.pk:
        found = attachment(media, alt_text(media), platform=platform)
        if fitting_state(media, platform) == Work.READY:
            return found
        return replace(found, width=_width_of_copy(media, platform))
    return Attachment(
        file=media.file,
        mime=media.mime,
        size=media.size,
        width=_width_of_copy(media, platform),
        height=media.height,
        sha256="",
        alt=media.alt_hi,
        duration=media.duration,
    )


def _width_of_copy(media: Media, platform: str) -> int:
    """As wide as the copy that will be made of it for this platform."""
    fit = connector_class(platform).fit(media.mime)
    if fit is None or media.kind == MediaKind.VIDEO or not media.height:
        return media.width
    ratio = max(media.width / media.height, fit.narrowest)
    return round(media.height * (min(ratio, fit.widest) if fit.widest else ratio))
