"""Who may see, write and decide what about schemes and posts. The only place that compares roles.

`can_` answers for one object, `visible_` for many, `get_` fetches one or raises Http404.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.shortcuts import get_object_or_404

from departments.access import (
    departments_with_role,
    holds,
    own_departments,
    sees_every_department,
    usable_handles,
    visible_departments,
)
from departments.models import Department, Handle, Way
from departments.roles import DIRECTORATE, Role
from publishing.models import Delivery

from .models import ChangeState, Post, Progress, Scheme, SchemeChange
from .workflow import EDITABLE, STEPS, Move, PostState

if TYPE_CHECKING:
    from departments.access import Person

    from .models.post import PostQuerySet

WRITERS = (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)


# --- schemes --------------------------------------------------------------------------------------


def can_edit_scheme(user: Person, scheme: Scheme) -> bool:
    return can_add_scheme(user, scheme.department_id)


def can_show_scheme(user: Person, scheme: Scheme) -> bool:
    """Two people before the public sees it (M7): not the one who last changed it."""
    return can_edit_scheme(user, scheme) and scheme.changed_by_id != user.pk


def can_confirm_change(user: Person, change: SchemeChange) -> bool:
    """Another officer of the department than the one who wrote it (M7)."""
    return can_edit_scheme(user, change.scheme) and change.proposed_by_id != user.pk


def can_confirm_progress(user: Person, reading: Progress) -> bool:
    scheme = reading.indicator.scheme
    return can_edit_scheme(user, scheme) and reading.entered_by_id != user.pk


def changes_to_confirm(user: Person) -> QuerySet[SchemeChange]:
    """What waits for this officer: changes that another one wrote, the longest waiting first."""
    waiting = SchemeChange.objects.filter(state=ChangeState.WAITING)
    own = waiting.filter(scheme__department__in=own_departments(user))
    return own.exclude(proposed_by=user.pk).order_by("proposed_at")


def readings_to_confirm(user: Person) -> QuerySet[Progress]:
    own = Progress.objects.waiting().filter(indicator__scheme__department__in=own_departments(user))
    return own.exclude(entered_by=user.pk).order_by("entered_at")


def get_reading(user: Person, pk: int) -> Progress:
    """One that this officer may confirm or remove."""
    readings = Progress.objects.filter(
        indicator__scheme__in=visible_schemes(user).filter(department__in=own_departments(user))
    )
    found = readings.select_related("indicator__scheme").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def can_add_scheme(user: Person, department_id: int) -> bool:
    return holds(user, *WRITERS, department_id=department_id)


def visible_schemes(user: Person) -> QuerySet[Scheme]:
    """On the desk: everything of the departments one sees, shown to the public or not."""
    return Scheme.objects.filter(department__in=visible_departments(user))


def get_scheme(user: Person, slug: str) -> Scheme:
    found = visible_schemes(user).select_related("department").filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def get_own_scheme(user: Person, slug: str) -> Scheme:
    """One that this officer may write."""
    scheme = get_scheme(user, slug)
    if not can_edit_scheme(user, scheme):
        raise Http404
    return scheme


# --- posts ----------------------------------------------------------------------------------------


def visible_posts(user: Person) -> PostQuerySet:
    """Everything of one's own departments; for those who see the State, what has left the draft."""
    own = Q(department__in=own_departments(user))
    if sees_every_department(user):
        return Post.objects.filter(own | ~Q(state=PostState.DRAFT))
    return Post.objects.filter(own)


def get_post(user: Person, pk: int) -> Post:
    posts = visible_posts(user).select_related("department", "scheme", "author", "video")
    posts = posts.prefetch_related(
        "placed_photos__media__derivatives", "video__derivatives", "video__captions"
    )
    found = posts.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def writes_posts(user: Person) -> bool:
    """For any department."""
    return bool(departments_with_role(user, *WRITERS))


def can_write_posts(user: Person, department_id: int) -> bool:
    return holds(user, *WRITERS, department_id=department_id)


def speaks_for_all(department: Department) -> bool:
    """Through the handles of every department: the Information Directorate alone (design.md 1)."""
    return department.slug == DIRECTORATE


def handles_for(departments: Iterable[Department]) -> QuerySet[Handle]:
    """Where posts of these departments can go. Of other departments only what the portal publishes
    to by itself: by hand is posted by the officers who sign in there.
    """
    departments = list(departments)
    own = usable_handles([department.pk for department in departments]).select_related(None)
    if any(speaks_for_all(department) for department in departments):
        return own | Handle.objects.connected().filter(way=Way.API)
    return own


def can_edit_post(user: Person, post: Post) -> bool:
    return post.state in EDITABLE and can_write_posts(user, post.department_id)


def can_withdraw(user: Person, post: Post) -> bool:
    """The department may take its post back; once approved, so may the Directorate."""
    if can_write_posts(user, post.department_id):
        return True
    directors = (Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR)
    return post.state == PostState.APPROVED and holds(user, *directors)


def can_review(user: Person, post: Post) -> bool:
    """Holds the step's role, wrote no letter of it, and has not decided on it at another step."""
    step = STEPS.get(post.state)
    if step is None or not holds(user, step.role, department_id=post.department_id):
        return False
    if post.author_id == user.pk or post.writers.filter(pk=user.pk).exists():
        return False
    return not _has_decided(user, post)


def _has_decided(user: Person, post: Post) -> bool:
    """In this round: since the post was last submitted."""
    submitted = post.reviews.filter(move=Move.SUBMIT).order_by("-version").first()
    since = submitted.version if submitted else 0
    return post.reviews.filter(reviewer_id=user.pk, move=Move.APPROVE, version__gt=since).exists()


def steps_of(user: Person) -> list[str]:
    """The steps at which this person decides today."""
    return [
        state
        for state, step in STEPS.items()
        if holds(user, step.role) or departments_with_role(user, step.role)
    ]


def queue_of(user: Person) -> PostQuerySet:
    """What waits for this person's decision, the longest waiting first."""
    waiting = Q(pk__in=[])
    for state in steps_of(user):
        here = Q(state=state)
        if STEPS[state].role == Role.DEPARTMENT_HEAD:
            here &= Q(department__in=departments_with_role(user, Role.DEPARTMENT_HEAD))
        waiting |= here
    posts = visible_posts(user).filter(waiting)
    return posts.exclude(author_id=user.pk).exclude(writers=user.pk).order_by("state_since", "pk")


# --- what everyone may read -----------------------------------------------------------------------


def published_posts() -> PostQuerySet:
    """Those that are out, the latest first, with `out_at`: when the first platform had it."""
    first_sent = (
        Delivery.objects.sent()
        .filter(message__source="post", message__source_id=OuterRef("pk"))
        .order_by("sent_at")
        .values("sent_at")[:1]
    )
    posts = Post.objects.published().select_related("department", "scheme")
    posts = posts.prefetch_related("placed_photos")
    return posts.annotate(out_at=Subquery(first_sent)).order_by("-state_since", "-pk")


def correction_of(pk: int) -> Post | None:
    """The post that took the place of this one on the platforms."""
    return Post.objects.published().filter(corrects=pk).first()


def get_published_post(pk: int) -> Post:
    return get_object_or_404(published_posts(), pk=pk)


def get_public_scheme(slug: str) -> Scheme:
    schemes = Scheme.objects.public().select_related("department__parent")
    kept = schemes.prefetch_related("categories", "personas", "districts")
    return get_object_or_404(kept, slug=slug)


def get_public_department(slug: str) -> Department:
    return get_object_or_404(Department.objects.select_related("parent"), slug=slug)
