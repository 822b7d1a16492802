"""Who may see and decide what about deliveries and media."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from departments import access as departments_access
from departments.models import Handle
from departments.roles import Role

from .connectors import connector_class
from .models import (
    Captions,
    Delivery,
    Derivative,
    Exemption,
    Media,
    Message,
    PartMedia,
    Scope,
    Stop,
    StopQuerySet,
    Subscriber,
    Upload,
    Work,
)
from .states import DeliveryState

if TYPE_CHECKING:
    from departments.access import Person


def visible_deliveries(user: Person) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        message__department__in=departments_access.visible_departments(user)
    )


def get_delivery(user: Person, pk: int) -> Delivery:
    found = visible_deliveries(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def can_decide(user: Person, message: Message) -> bool:
    """Settle what no rule can, or have a refused delivery tried again after mending."""
    department_id = message.department_id
    return departments_access.holds(
        user, Role.DEPARTMENT_HEAD, department_id=department_id
    ) or departments_access.holds(user, Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR)


def can_post_by_hand(user: Person, message: Message) -> bool:
    """Whoever may use the department's handles may post there what was approved."""
    return departments_access.can_edit_handles(
        user, message.department_id
    ) or departments_access.holds(user, Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR)


def waiting_by_hand(user: Person) -> QuerySet[Delivery]:
    """What waits for this person, among others, to post it by hand."""
    waiting = visible_deliveries(user).filter(state=DeliveryState.ASSISTED)
    if departments_access.holds(user, Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR):
        return waiting
    return waiting.filter(message__department__in=departments_access.own_departments(user))


def can_take_down(user: Person, message: Message) -> bool:
    """Quickly, by one person who answers for the handle or for all of them."""
    return can_decide(user, message)


def can_watch(user: Person) -> bool:
    """How publishing stands as a whole: whoever sees every department."""
    return departments_access.sees_every_department(user)


# --- stops ---------------------------------------------------------------------------------------


def can_stop(user: Person) -> bool:
    """The officers of the Information Directorate (design.md 1)."""
    return departments_access.holds(user, Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR)


def can_pause(user: Person, message: Message, pauses: Sequence[Stop]) -> bool:
    """Once is enough; but the Directorate's stop binds the department, its own pause does not."""
    if can_stop(user):
        return not any(stop.by_directorate for stop in pauses)
    return can_decide(user, message) and not pauses


def can_release(user: Person, stop: Stop) -> bool:
    """Of a post that its own department paused, the department itself as well."""
    if can_stop(user):
        return True
    message = stop.message
    return message is not None and not stop.by_directorate and can_decide(user, message)


def visible_stops(user: Person) -> StopQuerySet:
    """Whatever may hold something of this officer's: all of them for who sees every department."""
    stops = Stop.objects.select_related(
        "department", "message__department", "pressed_by", "released_by"
    )
    if departments_access.sees_every_department(user):
        return stops
    if not departments_access.is_officer(user):
        return stops.none()
    own = departments_access.visible_departments(user)
    of_others = Q(scope=Scope.DEPARTMENT) & ~Q(department__in=own)
    of_others |= Q(scope=Scope.MESSAGE) & ~Q(message__department__in=own)
    of_topic = Message.objects.filter(department__in=own, topic=OuterRef("topic"))
    return stops.exclude(of_others | Q(scope=Scope.TOPIC) & ~Exists(of_topic))


def get_stop(user: Person, pk: int) -> Stop:
    found = visible_stops(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def visible_messages(user: Person) -> QuerySet[Message]:
    return Message.objects.filter(department__in=departments_access.visible_departments(user))


def get_message(user: Person, pk: int) -> Message:
    found = visible_messages(user).select_related("department").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_exemption(user: Person, pk: int) -> Exemption:
    found = Exemption.objects.select_related("stop", "message").filter(pk=pk).first()
    if found is None or not can_stop(user):
        raise Http404
    return found


def can_add_media(user: Person, department_id: int) -> bool:
    return departments_access.can_edit_handles(user, department_id)


def can_edit_audience(user: Person, handle: Handle) -> bool:
    """The list of people who agreed: their department's own officers only."""
    return departments_access.can_edit_handles(user, handle.department_id)


def get_audience(user: Person, pk: int) -> Handle:
    """A handle that may write to single people; state-wide roles see how many there are."""
    handle = departments_access.get_handle(user, pk)
    if not connector_class(handle.platform).has_recipients:
        raise Http404
    return handle


def get_own_audience(user: Person, pk: int) -> Handle:
    handle = get_audience(user, pk)
    if not can_edit_audience(user, handle):
        raise Http404
    return handle


def get_subscriber(user: Person, pk: int) -> Subscriber:
    found = Subscriber.objects.select_related("handle__department").filter(pk=pk).first()
    if found is None or not can_edit_audience(user, found.handle):
        raise Http404
    return found


def visible_media(user: Person) -> QuerySet[Media]:
    return Media.objects.filter(department__in=departments_access.visible_departments(user))


def public_media() -> QuerySet[Media]:
    """What has gone out: the page of its post shows it to everyone.

    Of what is no longer to be used, only what a platform itself still shows.
    """
    out = Delivery.objects.sent().filter(message=OuterRef("part__message"))
    shown = out.filter(handle__platform=OuterRef("part__platform"))
    parts = PartMedia.objects.filter(media=OuterRef("pk"))
    return Media.objects.filter(
        Exists(parts.filter(Exists(shown))) | Q(Exists(parts.filter(Exists(out))), is_retired=False)
    )


def get_media(user: Person, pk: int) -> Media:
    found = visible_media(user).filter(pk=pk).first() or public_media().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def can_change_media(user: Person, media: Media) -> bool:
    return can_add_media(user, media.department_id)


def get_own_media(user: Person, pk: int) -> Media:
    """For its page in the library."""
    found = visible_media(user).select_related("department", "added_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_media_copy(user: Person, pk: int) -> Derivative:
    ready = Derivative.objects.filter(media__in=visible_media(user), state=Work.READY)
    found = ready.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_captions(user: Person, pk: int) -> Captions:
    found = Captions.objects.filter(media__in=visible_media(user), pk=pk).first()
    if found is None:
        raise Http404
    return found


def own_uploads(user: Person) -> QuerySet[Upload]:
    """Large files that this officer is sending or has sent of late."""
    return Upload.objects.filter(added_by=user) if user.is_authenticated else Upload.objects.none()


def get_upload(user: Person, key: UUID) -> Upload:
    """An officer's own, as long as the department is."""
    found = own_uploads(user).select_related("department").filter(key=key).first()
    if found is None or not can_add_media(user, found.department_id):
        raise Http404
    return found
