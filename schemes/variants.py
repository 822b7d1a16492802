"""What each platform gets of a post: derived here until an officer edits it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from departments.models import Handle
from departments.platforms import Platform
from publishing.connectors import connector_class
from publishing.connectors.base import Content, Count, Problem
from publishing.content import attachment
from publishing.models import Media

from .models import Post, Variant


@dataclass(frozen=True)
class Preview:
    """One variant as people will see it, and what its platform would say to it."""

    variant: Variant
    handles: list[str]  # names of the accounts that will show it
    media: Media | None
    count: Count
    problems: list[Problem]

    @property
    def platform(self) -> str:
        return self.variant.get_platform_display()

    @property
    def is_refused(self) -> bool:
        return any(problem.level == "error" for problem in self.problems)


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
        "text": "\n\n".join(texts),
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


def media_for(post: Post, platform: str) -> Media | None:
    """A platform that shows videos only gets the video; the others get the photo."""
    return post.video if connector_class(platform).needs_attachment == "video" else post.photo


def alt_text(media: Media) -> str:
    return media.alt_hi


def content(post: Post, variant: Variant) -> Content:
    media = media_for(post, variant.platform)
    files = (attachment(media, alt_text(media)),) if media else ()
    return Content(variant.text, variant.title, tuple(variant.tags), files)


def preview(post: Post, variant: Variant, handles: Iterable[Handle]) -> Preview:
    connector = connector_class(variant.platform)
    return Preview(
        variant,
        [handle.name for handle in handles if handle.platform == variant.platform],
        media_for(post, variant.platform),
        connector.count(variant.text),
        connector.check(content(post, variant)),
    )


def previews(post: Post) -> list[Preview]:
    """One for each platform, in the order in which Platform names them."""
    place = {platform: number for number, platform in enumerate(Platform.values)}
    stored = sorted(post.variants.all(), key=lambda variant: place[variant.platform])
    handles = list(post.handles.all())
    return [preview(post, variant, handles) for variant in stored]
