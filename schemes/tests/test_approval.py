"""How a post is written, climbs, is returned, withdrawn, approved and sealed (M7, K1)."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from departments.actions import mark_handle
from departments.models import Member
from departments.roles import Role
from departments.tests.factories import directorate, person
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed, NotPermitted
from publishing.media import add_captions, retire_media
from publishing.models import Delivery, Media
from publishing.tests.factories import connected_handle, stored_photo
from publishing.tests.scripted import Scripted
from schemes import access, actions
from schemes.models import Post, PostPhoto, Review, Variant
from schemes.seal import current_seal, seal_of_post
from schemes.workflow import STEPS, PostState

from .post_factories import (
    Office,
    approved_post,
    draft,
    office,
    post_at,
    post_with_director,
    submitted,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def platform(settings):
    settings.CONNECTORS = dict.fromkeys(settings.CONNECTORS, "publishing.tests.scripted.Scripted")
    Scripted.start()


@pytest.fixture
def up() -> Office:
    return office()


def test_a_draft_belongs_to_its_department(up):
    post = draft(up)
    assert (post.state, post.author, post.department) == ("draft", up.nodal, up.department)
    assert [variant.platform for variant in post.variants.all()] == ["x"]


def test_another_department_may_not_write_here(up):
    with pytest.raises(NotPermitted):
        actions.write_post(up.department, actor=office().nodal, **_fields())


def test_a_charge_that_ended_yesterday_gives_no_right(up):
    yesterday = timezone.localdate() - timedelta(days=1)
    Member.objects.filter(user=up.nodal).update(from_date=yesterday, to_date=yesterday)
    with pytest.raises(NotPermitted):
        actions.write_post(up.department, actor=up.nodal, **_fields())


def _fields() -> dict:
    return {
        "kind": "event",
        "route": "routine",
        "title_hi": "शिविर",
        "text_hi": "शिविर कल।",
    }


# --- the climb ------------------------------------------------------------------------------------


def test_a_policy_post_climbs_four_steps_to_approval(up):
    post = approved_post(up)
    assert post.state == PostState.APPROVED
    assert [(review.step, review.move) for review in post.reviews.all()] == [
        ("draft", "submit"),
        ("with_department", "approve"),
        ("with_deputy_director", "approve"),
        ("with_joint_director", "approve"),
        ("with_director", "approve"),
    ]


def test_a_routine_post_needs_two(up):
    post = approved_post(up, route="routine")
    assert post.reviews.filter(move="approve").count() == 2


def test_an_advisory_cannot_take_the_short_route(up):
    with pytest.raises(MoveNotAllowed):
        draft(up, kind="advisory", route="routine")


@pytest.mark.parametrize("state", list(STEPS))
def test_only_the_holder_of_the_step_decides(up, state):
    post = post_at(state, up)
    for somebody in (up.nodal, up.head, up.deputy, up.joint, up.director):
        allowed = somebody == up.reviewer(state)
        assert access.can_review(somebody, post) == allowed
        if not allowed:
            with pytest.raises(NotPermitted):
                actions.approve_post(post, version=post.version, actor=somebody)


def test_the_head_of_another_department_does_not_decide(up):
    post = submitted(up)
    assert not access.can_review(office().head, post)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.SECRETARY])
def test_who_has_no_say_in_content_decides_nowhere(up, role):
    post = submitted(up)
    assert not access.can_review(person(role), post)


# --- four eyes -----------------------------------------------------------------------------------


def test_author_cannot_approve_own_post(up):
    Member.objects.create(user=up.nodal, department=up.department, role=Role.DEPARTMENT_HEAD)
    post = submitted(up)
    with pytest.raises(NotPermitted):
        actions.approve_post(post, version=post.version, actor=up.nodal)


def test_who_edited_it_cannot_approve_it(up):
    post = draft(up)
    post = change(post, up.head, title_hi="दूसरा शीर्षक")
    post = actions.submit_post(post, version=post.version, actor=up.nodal)
    assert not access.can_review(up.head, post)
    assert post not in access.queue_of(up.head)


def test_nobody_approves_at_two_steps(up):
    Member.objects.create(user=up.head, department=directorate(), role="deputy_director")
    post = post_at(PostState.WITH_DEPUTY_DIRECTOR, up)
    assert not access.can_review(up.head, post)


def change(post: Post, actor, **fields) -> Post:
    current = {
        name: getattr(post, name)
        for name in ("kind", "route", "title_hi", "title_en", "text_hi", "text_en", "text_ur")
    }
    return actions.change_post(
        post,
        version=post.version,
        actor=actor,
        handles=list(post.handles.all()),
        **{**current, **fields},
    )


# --- returned, withdrawn --------------------------------------------------------------------------


def test_a_returned_post_comes_back_with_its_reason(up):
    post = post_with_director(up)
    post = actions.return_post(post, version=post.version, actor=up.director, comment="तिथि जाँचें।")
    assert (post.state, post.reviews.last().comment) == ("returned", "तिथि जाँचें।")
    post = actions.reopen_post(post, version=post.version, actor=up.nodal)
    post = actions.submit_post(post, version=post.version, actor=up.nodal)
    assert post.state == PostState.WITH_DEPARTMENT  # it climbs anew, from the first step


def test_a_return_without_reason_is_refused(up):
    post = submitted(up)
    with pytest.raises(MoveNotAllowed):
        actions.return_post(post, version=post.version, actor=up.head, comment=" \u200b\u2060")


def test_an_approved_post_can_be_withdrawn_until_it_leaves(up):
    post = approved_post(up)
    post = actions.withdraw_post(post, version=post.version, actor=up.nodal, comment="भूल")
    assert (post.state, post.seal) == ("withdrawn", "")
    assert {d.state for d in Delivery.objects.all()} == {"cancelled"}


def test_a_withdrawal_without_reason_is_refused(up):
    """It is for good, and a double click on the wrong button gives no reason."""
    post = submitted(up)
    with pytest.raises(MoveNotAllowed):
        actions.withdraw_post(post, version=post.version, actor=up.nodal, comment="\xad\u200b")


def test_what_is_leaving_cannot_be_withdrawn(up):
    post = approved_post(up)
    Delivery.objects.update(state="sending", lease_until=timezone.now())
    with pytest.raises(MoveNotAllowed):
        actions.withdraw_post(post, version=post.version, actor=up.nodal, comment="भूल")
    post.refresh_from_db()
    assert post.state == "approved"


# --- what is changed between the decisions --------------------------------------------------------


def captioned_video(up: Office) -> Media:
    video = stored_photo(up.department, b"film")
    Media.objects.filter(pk=video.pk).update(kind="video", mime="video/mp4", duration=20)
    video.refresh_from_db()
    caption(video, up.nodal, "नमस्ते")
    return video


def caption(video: Media, actor, words: str) -> None:
    cues = f"1\n00:00:01,000 --> 00:00:02,000\n{words}\n"
    add_captions(video, "hi", SimpleUploadedFile("a.srt", cues.encode()), actor)


@pytest.mark.parametrize(
    "change",
    [
        lambda post: Variant.objects.update(text="बदला हुआ"),
        lambda post: PostPhoto.objects.replace(post, [stored_photo(post.department, b"other")]),
        lambda post: Media.objects.update(alt_hi="बदला हुआ"),
        lambda post: Media.objects.get().file.storage.delete(Media.objects.get().file.name),
        lambda post: Post.objects.update(last_useful_at=timezone.now() + timedelta(days=9)),
    ],
)
@pytest.mark.parametrize("state", ["with_department", "with_director"])
def test_nobody_approves_what_was_not_submitted(up, change, state):
    post = post_at(state, up, photos=[stored_photo(up.department)])
    change(post)
    with pytest.raises(MoveNotAllowed):
        actions.approve_post(post, version=post.version, actor=up.reviewer(state))
    post.refresh_from_db()
    assert (post.state, post.seal) == (state, "")


@pytest.mark.parametrize("state", ["with_department", "with_director"])
def test_captions_are_approved_as_they_were_submitted(up, state, monkeypatch):
    monkeypatch.setattr(Scripted, "takes_video", True)
    video = captioned_video(up)
    post = post_at(state, up, video=video)
    caption(video, up.nodal, "कुछ और")
    with pytest.raises(MoveNotAllowed):
        actions.approve_post(post, version=post.version, actor=up.reviewer(state))
    caption(video, up.nodal, "नमस्ते")
    actions.approve_post(post, version=post.version, actor=up.reviewer(state))


@pytest.mark.parametrize("state", ["draft", "with_department", "with_director"])
def test_a_retired_file_goes_no_further(up, state):
    photo = stored_photo(up.department)
    post = draft(up, photos=[photo]) if state == "draft" else post_at(state, up, photos=[photo])
    retire_media(photo, is_retired=True, actor=up.nodal)
    move = actions.submit_post if state == "draft" else actions.approve_post
    who = up.nodal if state == "draft" else up.reviewer(state)
    with pytest.raises(MoveNotAllowed):
        move(post, version=post.version, actor=who)
    retire_media(photo, is_retired=False, actor=up.nodal)
    move(post, version=post.version, actor=who)


def test_every_approver_reads_the_captions(up, monkeypatch):
    monkeypatch.setattr(Scripted, "takes_video", True)
    video = captioned_video(up)
    caption(video, up.nodal, "<b>नमस्ते</b> & R&amp;D")
    client = Client()
    client.force_login(up.head)
    post = submitted(up, video=video)
    page = client.get(f"/desk/posts/{post.pk}/").content.decode()
    assert "00:00:01" in page
    assert "नमस्ते &amp; R&amp;amp;D" in page


def test_what_is_submitted_anew_is_approved_anew(up):
    post = submitted(up)
    post = actions.return_post(post, version=post.version, actor=up.head, comment="फिर भेजें।")
    post = actions.reopen_post(post, version=post.version, actor=up.nodal)
    post = change(post, up.nodal, title_hi="नया शीर्षक", text_hi="नया पाठ")
    post = actions.submit_post(post, version=post.version, actor=up.nodal)
    post = actions.approve_post(post, version=post.version, actor=up.head)
    assert post.state == PostState.WITH_DEPUTY_DIRECTOR


# --- two tabs, double clicks ------------------------------------------------------------------


def test_the_second_click_finds_the_post_moved_on(up):
    post = submitted(up)
    seen = post.version
    actions.approve_post(post, version=seen, actor=up.head)
    with pytest.raises(MoveNotAllowed):
        actions.approve_post(post, version=seen, actor=up.head)
    assert Review.objects.filter(move="approve").count() == 1


def test_a_page_sent_twice_makes_one_post(up):
    key = uuid.uuid4()
    first, second = draft(up, form_key=key), draft(up, form_key=key)
    assert (first.pk, Post.objects.count()) == (second.pk, 1)


def test_the_key_of_somebody_else_s_page_gives_nothing_away(up):
    key = uuid.uuid4()
    first, second = draft(up, form_key=key), draft(office(), form_key=key)
    assert first.pk != second.pk


def test_a_late_tab_cannot_overwrite(up):
    post = draft(up)
    stale = Post.objects.get(pk=post.pk)
    change(post, up.nodal, title_hi="नया")
    with pytest.raises(MoveNotAllowed):
        change(stale, up.nodal, title_hi="पुराना")
    assert Post.objects.get().title_hi == "नया"


def test_a_submitted_post_cannot_be_changed(up):
    with pytest.raises(NotPermitted):
        change(submitted(up), up.nodal, title_hi="चुपके से")


# --- the seal ------------------------------------------------------------------------------------


def test_the_last_approval_seals_and_queues_in_one_step(up):
    post = approved_post(up)
    message = post.message
    assert post.seal == message.seal == seal_of_post(post) == current_seal(post.pk)
    assert [d.state for d in message.deliveries.all()] == ["queued"]
    assert message.approved_by == up.director


@pytest.mark.parametrize(
    "change",
    [
        lambda post: Variant.objects.update(text="बदला हुआ"),
        lambda post: Variant.objects.update(title="बदला हुआ"),
        lambda post: Variant.objects.update(tags=["बदला"]),
        lambda post: Variant.objects.all().delete(),
        lambda post: post.handles.add(connected_handle(post.department)),
        lambda post: Post.objects.update(publish_at=timezone.now()),
        lambda post: Post.objects.update(last_useful_at=timezone.now()),
        lambda post: PostPhoto.objects.all().delete(),
        lambda post: PostPhoto.objects.replace(post, [stored_photo(post.department, b"other")]),
        lambda post: Variant.objects.update(options={"playlist": "PL1"}),
        lambda post: Media.objects.update(alt_hi="बदला हुआ"),
        lambda post: Media.objects.get().file.storage.delete(Media.objects.get().file.name),
    ],
)
def test_whatever_changes_afterwards_breaks_the_seal(up, change):
    post = approved_post(up, photos=[stored_photo(up.department)])
    assert current_seal(post.pk) == post.seal
    change(post)
    assert current_seal(post.pk) != post.seal


def test_a_post_that_is_not_approved_has_no_seal(up):
    assert current_seal(post_with_director(up).pk) == ""


def test_the_database_refuses_approved_without_seal(up):
    post = draft(up)
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(pk=post.pk).update(state="approved")


def test_nothing_is_sealed_while_a_handle_is_broken(up):
    post = post_with_director(up)
    mark_handle(up.handle, "token_expired")
    with pytest.raises(MoveNotAllowed):
        actions.approve_post(post, version=post.version, actor=up.director)
    assert not Delivery.objects.exists()


# --- what the office sees -----------------------------------------------------------------------


def test_the_queue_is_oldest_first_and_mine_only(up):
    first, second = submitted(up), submitted(up)
    other = submitted(office())
    assert list(access.queue_of(up.head)) == [first, second]
    assert other not in access.queue_of(up.head)
    assert not access.queue_of(up.director).exists()


def test_the_directorate_sees_no_drafts(up):
    post = draft(up)
    assert post not in access.visible_posts(up.director)
    assert submitted(up) in access.visible_posts(up.director)


def test_another_department_sees_nothing(up):
    submitted(up)
    assert not access.visible_posts(office().nodal).exists()


def test_every_move_is_audited(up):
    approved_post(up)
    actions_taken = AuditEntry.objects.order_by("number").values_list("action", flat=True)
    assert [name for name in actions_taken if name.startswith("schemes.post")] == [
        "schemes.post.created",
        "schemes.post.submitted",
        "schemes.post.recommended",
        "schemes.post.recommended",
        "schemes.post.recommended",
        "schemes.post.approved",
    ]


def test_text_is_stored_normalised(up):
    """H1: NFC, no control characters, no direction overrides; joiners stay."""
    post = draft(up, text_hi="\ufeffक्\u200dष\r\nदो\u202e\x00 ", title_hi="  एक \n दो ")
    assert (post.text_hi, post.title_hi) == ("क्\u200dष\nदो", "एक दो")
