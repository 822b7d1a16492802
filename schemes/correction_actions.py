"""Correcting a post that is out: a post of its own, approved like any other, that takes the place
of what the platforms show.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Handle, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted
from publishing.models import Delivery, Operation
from publishing.states import DeliveryState

from . import access
from .models import Post, PostPhoto
from .variants import refresh_variants
from .workflow import PostState

COPIED = ("department", "kind", "scheme", "title_hi", "title_en", "text_hi", "text_en", "text_ur",
          "video", "route")  # fmt: skip


def is_correctable(post: Post) -> bool:
    """Something of it is out, and nobody is correcting it yet."""
    open_one = post.corrections.exclude(state=PostState.WITHDRAWN)
    return post.state == PostState.RELEASED and not open_one.exists() and _out(post).exists()


@transaction.atomic
def correct_post(post: Post, *, actor: User) -> Post:
    """A draft with the words of the post, for the handles on which it is out."""
    post = Post.objects.select_for_update(of=("self",)).select_related("department").get(pk=post.pk)
    if not access.can_write_posts(actor, post.department_id):
        raise NotPermitted(_("You may not write posts for this department."))
    if not is_correctable(post):
        raise MoveNotAllowed(_("Nothing of this post can be corrected, or it already is."))
    draft = Post.objects.create(
        author=actor, corrects=post, **{name: getattr(post, name) for name in COPIED}
    )
    if post.last_useful_at and post.last_useful_at > timezone.now():
        draft.last_useful_at = post.last_useful_at
        draft.save()
    draft.writers.add(actor)
    draft.handles.set(_out(post))
    PostPhoto.objects.replace(draft, post.ordered_photos)
    _copy_own_words(post, draft)
    refresh_variants(draft)
    data = {"new": {"corrects": post.pk}}
    record("schemes.post.correction_begun", draft, actor=actor, department=post.department.slug,
           data=data)  # fmt: skip
    return draft


def _out(post: Post) -> QuerySet[Handle]:
    """Where a post of this one can be corrected: reposts and messages to people cannot."""
    sent = Delivery.objects.sent().filter(
        message__source="post",
        message__source_id=post.pk,
        recipient__isnull=True,
        operation__in=(Operation.PUBLISH, Operation.EDIT),
        state=DeliveryState.SENT,
    )
    return Handle.objects.filter(pk__in=sent.values("handle"))


def _copy_own_words(post: Post, draft: Post) -> None:
    for variant in post.variants.all():
        variant.pk, variant.post = None, draft
        variant.save()
