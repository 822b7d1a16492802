"""Every change to a post: written, changed, submitted, decided on, withdrawn, released.

Always in this order: lock the row, ask access, ask the state table, change, write the review,
write the audit entry, announce on commit. `version` is what was on the officer's screen: if the
post has moved on since, nothing happens and they are told.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, Handle, User
from departments.states import HandleState
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted
from portal.web.templatetags.portal import ist
from portal.web.text import tidy, tidy_line
from publishing.actions import cancel_message, queue_message
from publishing.audience import people_of
from publishing.handle_health import ends_before
from publishing.media import want_fitting
from publishing.models import Media
from publishing.problems import label
from publishing.quotas import hold_places, next_room, without_room

from . import access, workflow
from .cleaning import plain
from .models import Draft, Post, PostPhoto, Review
from .previews import previews
from .seal import seal_of_post, sealed_parts
from .variants import (
    VariantEdit,
    derived,
    files_of,
    placed_media,
    possible_options,
    refresh_variants,
)
from .workflow import Move, PostState

TEXTS = ("text_hi", "text_en", "text_ur")
TITLES = ("title_hi", "title_en")


@transaction.atomic
def write_post(
    department: Department,
    *,
    actor: User,
    handles: Iterable[Handle] = (),
    photos: Sequence[Media] = (),
    variants: Mapping[str, VariantEdit] | None = None,
    form_key: uuid.UUID | None = None,
    **fields: Any,
) -> Post:
    """A new draft, or the one that this page made already. `fields` are those of Post that an
    officer fills in; `photos` stand in their order.
    """
    if not access.can_write_posts(actor, department.pk):
        raise NotPermitted(_("You may not write posts for this department."))
    User.objects.select_for_update().get(pk=actor.pk)  # a double click waits here for the first
    handles = list(handles)
    fields = _tidied(fields)
    if form_key and (made := Post.objects.filter(form_key=form_key, author=actor).first()):
        return _same(made, fields, handles, photos)
    _check_fields(department, fields, handles, photos)
    post = Post.objects.create(
        department=department, author=actor, form_key=form_key or uuid.uuid4(), **fields
    )
    post.writers.add(actor)
    _put_together(post, handles, photos, variants or {})
    Draft.objects.filter(officer=actor, form_key=post.form_key).delete()
    data = {**fields, "photos": [photo.pk for photo in photos]}
    _record("schemes.post.created", post, actor, {"new": data})
    return post


@transaction.atomic
def change_post(
    post: Post,
    *,
    version: int,
    actor: User,
    handles: Iterable[Handle],
    photos: Sequence[Media] = (),
    variants: Mapping[str, VariantEdit] | None = None,
    form_key: uuid.UUID | None = None,
    **fields: Any,
) -> Post:
    """Change a draft. `variants` maps a platform to its own words and choices: a text equal to
    the derived one, or empty, goes back to following the post. `form_key` names the page whose
    kept state is done with.
    """
    post = _locked(post, version)
    if not access.can_edit_post(actor, post):
        raise NotPermitted(_("Only the department can change a post, and only as a draft."))
    # A correction goes where the post that it corrects is out.
    handles = list(post.handles.all() if post.corrects_id else handles)
    fields = _tidied(fields)
    _check_fields(post.department, fields, handles, photos)
    old_photos = [photo.pk for photo in post.ordered_photos]
    old: dict[str, Any] = {
        name: getattr(post, name) for name in fields if getattr(post, name) != fields[name]
    }
    for name, value in fields.items():
        setattr(post, name, value)
    post.version += 1
    post.save()
    post.writers.add(actor)
    _put_together(post, handles, photos, variants or {})
    if form_key:
        Draft.objects.filter(officer=actor, form_key=form_key).delete()
    new = {name: fields[name] for name in old}
    if (new_photos := [photo.pk for photo in photos]) != old_photos:
        old["photos"], new["photos"] = old_photos, new_photos
    _record("schemes.post.changed", post, actor, {"old": old, "new": new})
    return post


@transaction.atomic
def submit_post(post: Post, *, version: int, actor: User) -> Post:
    post = _locked(post, version)
    if not access.can_edit_post(actor, post):
        raise NotPermitted(_("Only the department can submit its post."))
    handles = _check_complete(post)
    _hold_places(post, handles)
    return _decide(post, Move.SUBMIT, "schemes.post.submitted", actor)


@transaction.atomic
def approve_post(post: Post, *, version: int, actor: User, comment: str = "") -> Post:
    """Send the post a step up; the last step seals it and queues its deliveries."""
    post = _locked(post, version)
    _may_review(post, actor)
    content = _unchanged_content(post)
    _check_files(post)
    last = workflow.next_state(Move.APPROVE, post.state, post.route) == PostState.APPROVED
    if not last:
        return _decide(post, Move.APPROVE, "schemes.post.recommended", actor, comment)
    handles = _check_complete(post)
    _hold_places(post, handles)
    post.seal = content
    post = _decide(post, Move.APPROVE, "schemes.post.approved", actor, comment)
    _hand_over(post, handles, actor)
    return post


@transaction.atomic
def return_post(post: Post, *, version: int, actor: User, comment: str) -> Post:
    post = _locked(post, version)
    _may_review(post, actor)
    if not plain(comment):
        raise MoveNotAllowed(_("Say why you return the post, so that it can be mended."))
    return _decide(post, Move.RETURN, "schemes.post.returned", actor, comment)


@transaction.atomic
def reopen_post(post: Post, *, version: int, actor: User) -> Post:
    """Take a returned post up again."""
    post = _locked(post, version)
    if not access.can_write_posts(actor, post.department_id):
        raise NotPermitted(_("Only the department can take its post up again."))
    return _decide(post, Move.REOPEN, "schemes.post.reopened", actor)


@transaction.atomic
def withdraw_post(post: Post, *, version: int, actor: User, comment: str) -> Post:
    """Take the post back for good: possible until the first delivery begins."""
    post = _locked(post, version)
    if not access.can_withdraw(actor, post):
        raise NotPermitted(_("You may not withdraw this post."))
    if not plain(comment):
        raise MoveNotAllowed(_("Say why you withdraw the post: it is closed for good."))
    message = post.message
    if message:
        cancel_message(message, actor=actor, reason=comment)
    post.seal = ""
    return _decide(post, Move.WITHDRAW, "schemes.post.withdrawn", actor, comment)


@transaction.atomic
def release_post(post: Post) -> Post:
    """The publisher has begun to send it. The portal's own move; again and again does no harm."""
    post = Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
    if workflow.allows(Move.RELEASE, post.state):
        post.state, post.state_since = PostState.RELEASED, timezone.now()
        post.version += 1
        post.save()
        _record("schemes.post.released", post, None, {"new": post.state})
    return post


# --- inside --------------------------------------------------------------------------------------


def _locked(post: Post, version: int) -> Post:
    found = (
        Post.objects.select_for_update(of=("self",)).select_related("department").get(pk=post.pk)
    )
    if found.version != version:
        raise MoveNotAllowed(
            _("The post has changed since you opened this page. Look at what is stored now first.")
        )
    return found


def _may_review(post: Post, actor: User) -> None:
    if not workflow.allows(Move.APPROVE, post.state):
        raise MoveNotAllowed(_("The post is not waiting for a decision."))
    if not access.can_review(actor, post):
        raise NotPermitted(_("You may not decide on this post: it is not your step, or you wrote "
                             "or already approved it."))  # fmt: skip


def _unchanged_content(post: Post) -> str:
    """The seal of what was submitted, and so of what those before have read.

    A post stands still while it is decided on; its files, captions and templates have lives of
    their own.
    """
    before, content = post.reviews.order_by("version").last(), seal_of_post(post)
    if before is None or before.content != content:
        raise MoveNotAllowed(
            _("What would be published is no longer what was submitted. Return the post, so that it"
              " is submitted anew.")
        )  # fmt: skip
    return content


def _decide(post: Post, move: str, action: str, actor: User, comment: str = "") -> Post:
    """Make the move, with its review and its audit entry."""
    old = post.state
    try:
        new = workflow.next_state(move, old, post.route)
    except KeyError:
        raise MoveNotAllowed(_("The post is not in a state in which this can be done.")) from None
    Review.objects.create(
        post=post,
        step=old,
        move=move,
        reviewer=actor,
        comment=tidy(comment),
        version=post.version,
        content=seal_of_post(post),
    )
    post.state, post.state_since = new, timezone.now()
    post.version += 1
    post.save()
    data = {"old": old, "new": new, "comment": tidy(comment), "seal": post.seal}
    _record(action, post, actor, data)
    return post


def _hand_over(post: Post, handles: Sequence[Handle], actor: User) -> None:
    files, media = files_of(post), {}
    for variant in post.variants.all():
        placed = placed_media(files, variant.platform)
        media[variant.platform] = [one.media.pk for one in placed]
    queue_message(
        department=post.department,
        source="post",
        source_id=post.pk,
        parts=sealed_parts(post),
        media=media,
        handles=handles,
        not_before=post.publish_at,
        not_after=post.last_useful_at,
        seal=post.seal,
        corrects=post.corrects.message if post.corrects else None,
        topic=topic_of(post),
        is_urgent=post.kind == workflow.PostKind.ADVISORY,
        actor=actor,
    )


def topic_of(post: Post) -> str:
    """What publishing knows of the scheme: a word by which all of it can be stopped."""
    return f"scheme:{post.scheme_id}" if post.scheme_id else ""


def _put_together(
    post: Post,
    handles: Sequence[Handle],
    photos: Sequence[Media],
    variants: Mapping[str, VariantEdit],
) -> None:
    post.handles.set(handles)
    PostPhoto.objects.replace(post, photos)
    refresh_variants(post)
    _edit_variants(post, variants)
    files = [*photos, *([post.video] if post.video else [])]
    want_fitting(files, {handle.platform for handle in handles})


def _same(
    made: Post, fields: Mapping[str, Any], handles: Iterable[Handle], photos: Sequence[Media]
) -> Post:
    """The post that this page made, if it is what the page says now."""
    same = all(getattr(made, name) == value for name, value in fields.items())
    same = same and made.ordered_photos == list(photos)
    if not same or set(made.handles.all()) != set(handles):
        raise MoveNotAllowed(
            _("This page was saved already, with other words. Change the saved post instead.")
        )
    return made


def _tidied(fields: dict[str, Any]) -> dict[str, Any]:
    tidied = dict(fields)
    tidied.update({name: tidy(fields[name]) for name in TEXTS if name in fields})
    tidied.update({name: tidy_line(fields[name]) for name in TITLES if name in fields})
    return tidied


def _check_fields(
    department: Department,
    fields: Mapping[str, Any],
    handles: Sequence[Handle],
    photos: Iterable[Media],
) -> None:
    """What no officer may put together, whatever form or import it came through."""
    if not fields["text_hi"] or not fields["title_hi"]:
        raise MoveNotAllowed(_("The title and the text in Hindi are needed."))
    if not workflow.route_allowed(fields["kind"], fields["route"]):
        raise MoveNotAllowed(_("A post of this kind must take the longer route."))
    belonging = (fields.get("scheme"), fields.get("video"), *photos)
    if any(thing and thing.department_id != department.pk for thing in belonging):
        raise MoveNotAllowed(_("The scheme, photo and video must belong to the department."))
    usable = set(access.handles_for([department]).order_by().values_list("pk", flat=True))
    if any(handle.pk not in usable for handle in handles):
        raise MoveNotAllowed(_("Choose connected handles of this department only."))
    is_campaign = any(handle.department_id != department.pk for handle in handles)
    if is_campaign and fields["route"] != workflow.CAMPAIGN_ROUTE:
        raise MoveNotAllowed(longer_route())


def _edit_variants(post: Post, edits: Mapping[str, VariantEdit]) -> None:
    for variant in post.variants.filter(platform__in=edits):
        edit, follows = edits[variant.platform], derived(post, variant.platform)
        text = tidy(edit.text) or follows["text"]
        title = tidy_line(edit.title) or follows["title"]
        variant.options = possible_options(variant.platform, edit.options)
        variant.is_edited = (text, title) != (follows["text"], follows["title"])
        variant.text, variant.title = str(text), str(title)
        variant.save()


def longer_route() -> str:
    return _("A post for handles of other departments takes the route “%(route)s”.") % {
        "route": workflow.Route(workflow.CAMPAIGN_ROUTE).label
    }


def _check_complete(post: Post) -> list[Handle]:
    """What must be in order before anyone is asked to approve, and again before it is sealed. The
    handles, for what follows.
    """
    handles = list(post.handles.order_by("pk"))
    if not handles:
        raise MoveNotAllowed(_("Choose at least one handle."))
    if any(handle.state != HandleState.CONNECTED for handle in handles):
        raise MoveNotAllowed(_("A chosen handle is no longer connected. Choose again."))
    slot = max(post.publish_at or timezone.now(), timezone.now())
    for handle in handles:
        if ends_before(handle, slot):
            raise MoveNotAllowed(label("access_ends_before", {"handle": str(handle)}))
    _must_show_the_same(post)
    if _is_over(post.last_useful_at):
        raise MoveNotAllowed(_("The time after which the post is useless has passed."))
    _check_files(post)
    refusing = [str(one.platform) for one in previews(post, handles) if one.is_refused]
    if refusing:
        raise MoveNotAllowed(
            _("Refused as it is by: %s. Mend what the previews say.") % ", ".join(refusing)
        )
    return handles


def _must_show_the_same(post: Post) -> None:
    """The platforms change words; what else stands in a post that is out, none of them changes."""
    old = post.corrects
    if old and (post.ordered_photos, post.video) != (old.ordered_photos, old.video):
        raise MoveNotAllowed(
            _(
                "A correction changes words only. To show other photos or another video, take the"
                " post down and publish it anew."
            )
        )


def _check_files(post: Post) -> None:
    if any(
        file.is_retired for file in [*post.ordered_photos, *([post.video] if post.video else [])]
    ):
        raise MoveNotAllowed(label("media_retired"))


def _hold_places(post: Post, handles: Sequence[Handle]) -> None:
    """Refuse what the platforms would not let through at its time; called with the last word."""
    at = max(post.publish_at or timezone.now(), timezone.now())
    if post.corrects_id:
        return
    hold_places(handles)
    for room in without_room(handles, at, wanted=_wanted(post, handles)):
        raise MoveNotAllowed(
            _("%(handle)s has no place left then: %(used)s of %(amount)s. The next is at %(when)s.")
            % {
                "handle": room.handle,
                "used": room.used,
                "amount": room.limit.amount,
                "when": ist(next_room(room, at)),
            }
        )


def _wanted(post: Post, handles: Iterable[Handle]) -> dict[int, int]:
    """How many messages each handle would send: to each person where a template goes out."""
    templates = {one.platform for one in post.variants.all() if one.options.get("template")}
    writing = [handle.pk for handle in handles if handle.platform in templates]
    return {**dict.fromkeys(writing, 0), **people_of(writing)} if writing else {}


def _is_over(moment: datetime | None) -> bool:
    return moment is not None and moment <= timezone.now()


def _record(action: str, post: Post, actor: User | None, data: dict[str, Any]) -> None:
    record(action, post, actor=actor, department=post.department.slug, data=data)
