"""Who may see and do what about what people say. The only place here that compares roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.http import Http404

from departments import access as departments_access
from departments.models import Department, Handle, Member
from departments.roles import Role

from .models import (
    Case,
    Contact,
    Conversation,
    Directive,
    DirectiveTask,
    Label,
    Remark,
    Reply,
    ReplyRule,
)
from .states import OPEN, ReplyState, TaskState

if TYPE_CHECKING:
    from departments.access import Person

DIRECTORS = (Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR)
_RELATED = (
    *("department", "handle", "contact", "scheme", "district", "assigned_to", "delivery"),
    "belongs_to",
)


# --- the inbox -----------------------------------------------------------------------------------


def visible_conversations(user: Person) -> QuerySet[Conversation]:
    """Those of the officer's departments, and those that report a case which lies with them."""
    if departments_access.sees_every_department(user):
        return Conversation.objects.all()
    own = departments_access.visible_departments(user)
    theirs = Case.objects.filter(department__in=own).values("voices__conversation")
    return Conversation.objects.filter(Q(department__in=own) | Q(pk__in=theirs))


def inbox_of(user: Person, department: Department | None = None) -> QuerySet[Conversation]:
    """What a department's officers work through, of one department or of all that they see."""
    if department is not None:
        return Conversation.objects.filter(department=department)
    if departments_access.sees_every_department(user):
        return Conversation.objects.all()
    keys = _own_keys(user)
    return Conversation.objects.filter(department__in=keys)


def get_conversation(user: Person, pk: int) -> Conversation:
    found = visible_conversations(user).filter(pk=pk).select_related(*_RELATED).first()
    if found is None:
        raise Http404
    return found


def _own_keys(user: Person) -> set[int]:
    """Of the departments in which the officer holds a charge: read already, once a request."""
    return {charge.department_id for charge in departments_access.charges_of(user)}


def is_of(user: Person, department_id: int) -> bool:
    """A nodal officer or head of that department."""
    return departments_access.holds(
        user, Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD, department_id=department_id
    )


def is_head_of(user: Person, department_id: int) -> bool:
    return departments_access.holds(user, Role.DEPARTMENT_HEAD, department_id=department_id)


def is_director(user: Person) -> bool:
    return departments_access.holds(user, *DIRECTORS)


def can_work_on(user: Person, conversation: Conversation) -> bool:
    """Sort it, label it, put it away, keep order in it: the department it was written to."""
    return is_of(user, conversation.department_id)


def can_write_reply(user: Person, conversation: Conversation) -> bool:
    """The department it was written to, and the one with which its problem lies."""
    if is_of(user, conversation.department_id):
        return True
    case = case_of(conversation)
    return case is not None and is_of(user, case.department_id)


def case_of(conversation: Conversation) -> Case | None:
    """The one that is open, or else the last one."""
    mine = Case.objects.filter(voices__conversation=conversation).select_related("department")
    found = list(mine.order_by("-pk")[:20])
    return next((one for one in found if one.state in OPEN), next(iter(found), None))


def needs_second_officer(user: Person, conversation: Conversation) -> bool:
    """The handle's own department answers for what appears there; and it may have made a rule."""
    if not is_of(user, conversation.department_id):
        return True
    if conversation.handle_id is None:
        return False
    rules = ReplyRule.objects.filter(handle=conversation.handle_id)
    return rules.filter(kind__in=("", conversation.kind or "")).exists()


def can_decide_reply(user: Person, reply: Reply) -> bool:
    """An officer of the handle's department who did not write it."""
    own = is_of(user, reply.conversation.department_id)
    return own and reply.written_by_id != user.pk


def replies_to_decide(user: Person) -> QuerySet[Reply]:
    """Written by others, for handles of the officer's own departments."""
    keys = [one.pk for one in departments_access.own_departments(user)]
    waiting = Reply.objects.filter(state=ReplyState.WRITTEN, conversation__department__in=keys)
    mine = waiting.exclude(written_by=user.pk).order_by("written_at", "pk")
    return mine.select_related("conversation", "written_by")


def get_reply(user: Person, pk: int) -> Reply:
    found = Reply.objects.filter(conversation__in=visible_conversations(user), pk=pk)
    reply = found.select_related("conversation__handle", "conversation__department").first()
    if reply is None:
        raise Http404
    return reply


def get_remark(user: Person, pk: int) -> Remark:
    found = Remark.objects.filter(conversation__in=visible_conversations(user), pk=pk)
    remark = found.select_related("conversation", "handle", "contact").first()
    if remark is None:
        raise Http404
    return remark


def labels_of(user: Person, department_id: int) -> QuerySet[Label]:
    return Label.objects.filter(department=department_id)


def can_see_address(user: Person, contact: Contact) -> bool:
    """The department's own officers, who say why (P11)."""
    return is_of(user, contact.department_id)


def get_contact(user: Person, pk: int) -> Contact:
    found = Contact.objects.filter(pk=pk).select_related("department", "handle").first()
    if found is None or not can_see_address(user, found):
        raise Http404
    return found


def own_handles(user: Person) -> QuerySet[Handle]:
    return Handle.objects.filter(department__in=departments_access.own_departments(user))


# --- cases ---------------------------------------------------------------------------------------


def visible_cases(user: Person) -> QuerySet[Case]:
    """With the officer's departments now, or opened there; state-wide roles see all."""
    if departments_access.sees_every_department(user):
        return Case.objects.all()
    keys = _own_keys(user)
    return Case.objects.filter(Q(department__in=keys) | Q(opened_in__in=keys))


def get_case(user: Person, number: str) -> Case:
    related = ("department", "opened_in", "district", "scheme", "owner", "end_by", "joined_to")
    found = visible_cases(user).filter(number=number).select_related(*related).first()
    if found is None:
        raise Http404
    return found


def can_work_on_case(user: Person, case: Case) -> bool:
    return is_of(user, case.department_id)


def can_confirm_end(user: Person, case: Case) -> bool:
    """Never who proposed it; a head of department, or a second nodal officer."""
    return is_of(user, case.department_id) and case.end_by_id != user.pk


def can_decide_appeal(user: Person, case: Case) -> bool:
    """The head of department or the Directorate, and nobody who had a hand in the end."""
    if user.pk in (case.end_by_id, case.ended_by_id, case.owner_id):
        return False
    return is_head_of(user, case.department_id) or is_director(user)


def officers_of(department_id: int) -> QuerySet[Member]:
    roles = (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)
    charges = Member.objects.current().filter(department=department_id, role__in=roles)
    return charges.select_related("user").order_by("role", "user__name")


def late_for_directorate(user: Person) -> QuerySet[Case]:
    """Seven days over and more: the Directorate's list."""
    return visible_cases(user).filter(level__gte=4)


# --- directives ----------------------------------------------------------------------------------


def can_issue(user: Person) -> bool:
    """The Directorate's officers and the Additional Chief Secretary (design.md 1)."""
    return departments_access.holds(user, *DIRECTORS, Role.SECRETARY)


def visible_directives(user: Person) -> QuerySet[Directive]:
    if departments_access.sees_every_department(user):
        return Directive.objects.all()
    keys = _own_keys(user)
    return Directive.objects.filter(tasks__department__in=keys).distinct()


def get_directive(user: Person, number: str) -> Directive:
    found = visible_directives(user).filter(number=number).select_related("issued_by").first()
    if found is None:
        raise Http404
    return found


def can_do_task(user: Person, task: DirectiveTask) -> bool:
    return is_of(user, task.department_id)


def tasks_of(user: Person, directive: Directive) -> QuerySet[DirectiveTask]:
    """Those of the officer's own departments; all for who sees every department."""
    mine = directive.tasks.select_related("department", "by", "post")
    if departments_access.sees_every_department(user):
        return mine
    keys = _own_keys(user)
    return mine.filter(department__in=keys)


def get_task(user: Person, pk: int) -> DirectiveTask:
    related = ("directive", "department", "post")
    found = DirectiveTask.objects.filter(pk=pk).select_related(*related).first()
    if found is None or not tasks_of(user, found.directive).filter(pk=pk).exists():
        raise Http404
    return found


def open_tasks(user: Person) -> QuerySet[DirectiveTask]:
    """What waits for the officer's departments: for the count in the menu."""
    keys = [one.pk for one in departments_access.departments_of(user)]
    waiting = DirectiveTask.objects.filter(department__in=keys, directive__withdrawn_at=None)
    return waiting.exclude(state__in=(TaskState.DONE, TaskState.DECLINED))


# --- the coverage map ----------------------------------------------------------------------------


def visible_coverage(user: Person) -> QuerySet[Department]:
    """The officer's own departments; all for who sees every department."""
    return departments_access.visible_departments(user)


def can_set_norms(user: Person) -> bool:
    return is_director(user)


def can_read_report(user: Person) -> bool:
    return departments_access.sees_every_department(user)
