"""Posts and the people around them, named by state: `post_with_director(office)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from departments.models import Department, Handle, User
from departments.roles import Role
from departments.tests.factories import department, person
from publishing.tests.factories import connected_handle
from schemes import actions
from schemes.models import Post
from schemes.workflow import PostKind, PostState, Route


@dataclass
class Office:
    """A department that can publish, with everybody above it."""

    department: Department
    handle: Handle
    nodal: User
    head: User
    deputy: User
    joint: User
    director: User

    def reviewer(self, state: str) -> User:
        return {
            PostState.WITH_DEPARTMENT: self.head,
            PostState.WITH_DEPUTY_DIRECTOR: self.deputy,
            PostState.WITH_JOINT_DIRECTOR: self.joint,
            PostState.WITH_DIRECTOR: self.director,
        }[PostState(state)]


def office() -> Office:
    home = department()
    return Office(
        home,
        connected_handle(home),
        person(Role.NODAL_OFFICER, home),
        person(Role.DEPARTMENT_HEAD, home),
        person(Role.DEPUTY_DIRECTOR),
        person(Role.JOINT_DIRECTOR),
        person(Role.DIRECTOR),
    )


def draft(of: Office, **fields: Any) -> Post:
    """Hindi text, one X handle, the policy route."""
    given = {
        "kind": PostKind.SCHEME_INFORMATION,
        "route": Route.POLICY,
        "title_hi": "वृद्धावस्था पेंशन शिविर",
        "text_hi": "वृद्धावस्था पेंशन हेतु शिविर 25 नवम्बर को जनपद लखनऊ में।",
        **fields,
    }
    handles = given.pop("handles", [of.handle])
    return actions.write_post(of.department, actor=of.nodal, handles=handles, **given)


def submitted(of: Office, **fields: Any) -> Post:
    post = draft(of, **fields)
    return actions.submit_post(post, version=post.version, actor=of.nodal)


def post_at(state: str, of: Office, **fields: Any) -> Post:
    """Climbs until it waits at this step, or is approved."""
    post = submitted(of, **fields)
    while post.state != state:
        reviewer = of.reviewer(post.state)
        post = actions.approve_post(post, version=post.version, actor=reviewer)
    return post


def post_with_director(of: Office, **fields: Any) -> Post:
    return post_at(PostState.WITH_DIRECTOR, of, **fields)


def approved_post(of: Office, **fields: Any) -> Post:
    return post_at(PostState.APPROVED, of, **fields)
