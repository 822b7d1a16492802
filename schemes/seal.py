"""The seal of a post: over what each platform would get of it, where, and when."""

from __future__ import annotations

from publishing.seal import SealedPart, compute_seal, sealed_file, sealed_options

from .models import Post
from .variants import alt_text, files_of, placed_media
from .workflow import SEALED


def sealed_parts(post: Post) -> list[SealedPart]:
    files = files_of(post)
    return [
        SealedPart(
            variant.platform,
            variant.text,
            variant.title,
            tuple(variant.tags),
            tuple(
                sealed_file(one.media, alt_text(one.media), one.place, platform=variant.platform)
                for one in placed_media(files, variant.platform)
            ),
            sealed_options(variant.options),
        )
        for variant in post.variants.all()
    ]


def seal_of_post(post: Post) -> str:
    handles = post.handles.values_list("pk", flat=True)
    return compute_seal(sealed_parts(post), handles, post.publish_at, post.last_useful_at)


def current_seal(post_id: int) -> str:
    """For the publisher's gate: the seal of the post as it is now; empty if it is not approved."""
    post = Post.objects.filter(pk=post_id).first()
    if post is None or post.state not in SEALED or not post.seal:
        return ""
    return seal_of_post(post)
