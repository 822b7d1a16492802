"""One post to many handles: chosen in groups, approved as a list, followed, and tried again."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from departments.models import Department, District, Division, Handle, Way
from departments.roles import Role
from departments.tests.factories import charge, department, directorate, person
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed
from portal.web import key_runs
from publishing.models import Delivery, Operation, Scope, Stop
from publishing.problems import label
from publishing.states import Rank
from publishing.tests.factories import connected_handle
from schemes import actions
from schemes.models import Post
from schemes.workflow import PostState, Route

from .post_factories import Office, approved_post, draft, office
from .test_desk_posts import client_of, queries, typed

pytestmark = pytest.mark.django_db
NEW, PICK = "/desk/posts/new/", "/desk/posts/handles/"


@pytest.fixture(autouse=True)
def platform(settings):
    settings.CONNECTORS = {
        **settings.CONNECTORS,
        "facebook": "publishing.tests.scripted.Scripted",
        "x": "publishing.tests.scripted.Scripted",
    }


@pytest.fixture
def up() -> Office:
    """The Directorate, as the department that writes."""
    home = directorate()
    return Office(
        home,
        connected_handle(home),
        person(Role.NODAL_OFFICER, home),
        person(Role.DEPARTMENT_HEAD, home),
        person(Role.DEPUTY_DIRECTOR),
        person(Role.JOINT_DIRECTOR),
        person(Role.DIRECTOR),
    )


def handles_of(where: Department, number: int, **fields) -> list[Handle]:
    values = {"platform": "facebook", "state": "connected", **fields}
    start = Handle.objects.count()
    return Handle.objects.bulk_create(
        Handle(department=where, name=f"Name{n}", external_id=f"id-{n}", **values)
        for n in range(start, start + number)
    )


def chosen_on(page: str) -> str:
    (found,) = re.findall(r'name="chosen" value="([^"]*)"', page)
    return found


def keys_of(page: str) -> set[int]:
    every = list(Handle.objects.order_by("pk").values_list("pk", flat=True))
    return set(key_runs.those_in(chosen_on(page), every))


def pick(client: Client, what: str, **data) -> str:
    answer = client.post(PICK, {"pick": what, **data})
    assert answer.status_code == 200
    return answer.content.decode()


# --- keys as a short text -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([3, 1, 2, 3], "1+2"),
        ([5, 6, 9], "5+1,3"),
        (range(1, 10_001), "1+9999"),
    ],
)
def test_keys_are_written_as_runs_and_read_again(keys, text):
    assert key_runs.written(keys) == text
    assert key_runs.those_in(text, list(range(20_000))) == sorted(set(keys))


@pytest.mark.parametrize("text", ["1+999999999999999999", "0+9"])
def test_a_run_names_no_more_keys_than_there_are(text):
    assert key_runs.those_in(text, [2, 3, 40]) in ([2, 3, 40], [2, 3])


@pytest.mark.parametrize("text", ["x", "1,,2", "-5", "१", "1+", "9" * 19, "\x00"])
def test_what_are_no_runs_names_nothing(text):
    assert key_runs.those_in(text, [1, 2, 3, 5]) == []


# --- choosing -------------------------------------------------------------------------------------


def test_a_group_of_any_department_is_chosen_and_stored_as_a_list(up):
    police, agra = department(kind="police"), department(kind="district-administration")
    mine, others = handles_of(police, 3), handles_of(agra, 2)
    by_hand = handles_of(police, 1, way=Way.ASSISTED)
    client = client_of(up.nodal)
    page = pick(client, "add", handle_kind="police")
    assert keys_of(page) == {one.pk for one in mine}
    page = pick(client, "add", chosen=chosen_on(page), handle_department=agra.slug)
    assert keys_of(page) == {one.pk for one in (*mine, *others)}
    page = pick(client, "drop", chosen=chosen_on(page), handle_q=mine[0].name)
    saved = typed(up, handles=[], chosen=chosen_on(page), route="policy", kind="advisory")
    client.post(NEW, saved)
    assert set(Post.objects.get().handles.all()) == {*mine[1:], *others}
    handles_of(police, 1)  # what matches later is not in it
    assert Post.objects.get().handles.count() == 4
    assert not Post.objects.get().handles.filter(pk=by_hand[0].pk).exists()


def test_single_ones_are_ticked_and_unticked(up):
    first, second, third = handles_of(department(), 3)
    client = client_of(up.nodal)
    shown = key_runs.written([first.pk, second.pk])
    chosen = key_runs.written([first.pk, third.pk])
    page = pick(client, "show", chosen=chosen, shown=shown, handles=[second.pk])
    assert keys_of(page) == {second.pk, third.pk}
    assert keys_of(pick(client, "none", chosen=chosen)) == set()


def test_handles_are_found_by_the_district_for_which_they_speak(up):
    division = Division.objects.create(slug="d", name_hi="मण्डल", name_en="Division")
    agra = District.objects.create(
        slug="agra", name_hi="आगरा", name_en="Agra", division=division, lgd_code=118
    )
    handles_of(department(), 2)
    (there,) = handles_of(department(), 1, district=agra)
    assert keys_of(pick(client_of(up.nodal), "add", handle_district="agra")) == {there.pk}


def test_choosing_without_script_saves_nothing_and_keeps_the_page(up):
    handles_of(department(), 2)
    page = typed(up, text_hi="रखा जाए", title_hi="", handles=[], pick="add")
    answer = client_of(up.nodal).post(NEW, page)
    assert answer.status_code == 200
    assert "रखा जाए</textarea>" in answer.content.decode()
    assert len(keys_of(answer.content.decode())) == 3
    assert not Post.objects.exists()


def test_a_kept_page_comes_back_with_what_was_chosen(up):
    handles = handles_of(department(), 2)
    client = client_of(up.nodal)
    page = client.get(NEW).content.decode()
    (key,) = re.findall(r'name="form_key" value="([^"]+)"', page)
    chosen = key_runs.written(one.pk for one in handles)
    client.post("/desk/posts/autosave/", typed(up, handles=[], chosen=chosen, form_key=key))
    assert keys_of(client.get(f"{NEW}?draft={key}").content.decode()) == {one.pk for one in handles}


def test_a_department_s_officer_stays_within_the_department(up):
    own = office()
    (foreign,) = handles_of(department(), 1)
    client = client_of(own.nodal)
    assert 'name="chosen"' not in client.get(NEW).content.decode()
    answer = client.post(NEW, typed(own, handles=[foreign.pk]))
    assert answer.status_code == 422
    with pytest.raises(MoveNotAllowed):
        draft(own, handles=[foreign])
    charge(own.nodal, Role.NODAL_OFFICER, directorate())  # who has both chooses, but not for both
    page = typed(own, handles=[], chosen=key_runs.written([foreign.pk]), route="policy")
    assert client.post(NEW, page).status_code == 422
    assert not Post.objects.exists()


def test_a_post_for_other_departments_takes_the_longer_route(up):
    handles = handles_of(department(), 1)
    with pytest.raises(MoveNotAllowed, match=str(Route.POLICY.label)):
        draft(up, handles=handles, route=Route.ROUTINE)
    assert draft(up, handles=handles).handles.count() == 1


def test_pages_of_a_campaign_stay_small_and_ask_no_more(up):
    for _ in range(20):
        handles_of(department(), 60)
    everywhere = Handle.objects.filter(platform="facebook")
    post, out = draft(up, handles=everywhere), approved_post(up, handles=everywhere)
    client = client_of(up.nodal)
    pages = (f"{post.pk}/edit/", f"{post.pk}/", f"{out.pk}/", f"{out.pk}/handles/")
    for address in (NEW, *(f"/desk/posts/{page}" for page in pages)):
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(address)
        assert len(asked) <= 20, address
        assert len(page.content) <= 100_000, address
        assert page.content.decode().count('name="handles"') <= 30


def test_the_approver_sees_where_it_goes_and_reaches_the_list(up):
    handles = handles_of(department(name_hi="कृषि विभाग"), 150)
    post = draft(up, handles=handles)
    post = actions.submit_post(post, version=post.version, actor=up.nodal)
    client = client_of(up.head)
    shown = client.get(f"/desk/posts/{post.pk}/").content.decode()
    assert f'href="/desk/posts/{post.pk}/handles/"' in shown
    assert handles[-1].name not in shown
    listed = client.get(f"/desk/posts/{post.pk}/handles/?q={handles[-1].name}")
    assert list(listed.context["page"]) == [handles[-1]]
    rows = client.get(f"/desk/posts/{post.pk}/handles/?format=csv").getvalue().decode()
    assert len(rows.strip().splitlines()) == 151


# --- how far it is --------------------------------------------------------------------------------


@pytest.fixture
def campaign(up) -> Post:
    return approved_post(up, handles=handles_of(department(), 6), kind="advisory")


def set_out(post: Post, *states: tuple[str, str]) -> list[Delivery]:
    """The deliveries of a post in these states, with these problems."""
    found = list(post.message.deliveries.order_by("pk"))
    for delivery, (state, problem) in zip(found, states, strict=False):
        extra = {"sent_at": timezone.now(), "platform_id": "1"} if state == "sent" else {}
        Delivery.objects.filter(pk=delivery.pk).update(
            state=state, problem=problem, next_try_at=None, **extra
        )
    return found


def numbers(post: Post, client: Client) -> dict[str, int]:
    progress = client.get(f"/desk/posts/{post.pk}/progress/?part=numbers").context["progress"]
    return {name: count for name, _group, count in progress.groups}


def test_the_numbers_say_where_everything_is(up, campaign):
    set_out(campaign, ("sent", ""), ("failed", "reconnect"), ("failed", "reconnect"),
            ("unknown", "needs_decision"), ("expired", "too_late"))  # fmt: skip
    client = client_of(up.nodal)
    assert numbers(campaign, client) == {
        "sent": 1, "waiting": 1, "unclear": 1, "refused": 2, "late": 1,
    }  # fmt: skip
    page = client.get(f"/desk/posts/{campaign.pk}/progress/").content.decode()
    assert label("reconnect") in page
    assert "data-moving" in page
    Stop.objects.create(
        scope=Scope.PLATFORM, platform="facebook", reason="शोक", pressed_by=up.joint
    )
    assert numbers(campaign, client)["held"] == 1
    assert "waiting" not in numbers(campaign, client)


def test_the_directorate_stops_what_its_department_had_paused(up, campaign):
    address, pause = f"/desk/posts/{campaign.pk}/progress/", f"/desk/posts/{campaign.pk}/pause/"
    head, joint = client_of(up.head), client_of(up.joint)
    assert pause in head.get(address).content.decode()
    head.post(pause, {"reason": "जाँच"})
    assert pause not in head.get(address).content.decode()
    assert pause in joint.get(address).content.decode()
    joint.post(pause, {"reason": "शोक"})
    assert pause not in joint.get(address).content.decode()
    assert set(Stop.objects.values_list("by_directorate", flat=True)) == {True, False}


@pytest.mark.parametrize(
    ("asked", "found"),
    [("state=refused", 2), ("state=waiting", 3), ("problem=reconnect", 2), ("platform=x", 0),
     ("platform=facebook&state=sent", 1), ("department=nowhere", 0), ("state=nonsense", 6)],
)  # fmt: skip
def test_receipts_are_found_by_what_the_address_asks(up, campaign, asked, found):
    set_out(campaign, ("sent", ""), ("failed", "reconnect"), ("failed", "reconnect"))
    client = client_of(up.nodal)
    page = client.get(f"/desk/posts/{campaign.pk}/progress/?{asked}")
    assert page.context["page"].paginator.count == found
    file = client.get(f"/desk/posts/{campaign.pk}/progress/?{asked}&format=csv")
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert len(rows) == found + 1


def test_the_receipts_are_exported_as_a_spreadsheet(up, campaign):
    set_out(campaign, ("failed", "reconnect"))
    file = client_of(up.head).get(f"/desk/posts/{campaign.pk}/progress/?format=xlsx")
    rows = list(load_workbook(io.BytesIO(file.getvalue())).active.values)
    assert len(rows) == 7
    assert rows[1][-1] == label("reconnect")


def test_the_page_asks_the_same_at_any_size(up):
    client = client_of(up.nodal)
    small, large = (
        approved_post(up, handles=handles_of(department(), number), kind="advisory")
        for number in (3, 300)
    )
    asked = [queries(client, f"/desk/posts/{post.pk}/progress/") for post in (small, large)]
    assert asked[0] == asked[1] <= 20


# --- trying again ---------------------------------------------------------------------------------


def press(client: Client, post: Post, **data) -> str:
    answer = client.post(f"/desk/posts/{post.pk}/requeue/", data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def states(post: Post) -> list[str]:
    return list(post.message.deliveries.order_by("pk").values_list("state", flat=True))


def test_what_one_problem_stopped_is_tried_again_in_one_press(up, campaign):
    found = set_out(campaign, ("failed", "reconnect"), ("failed", "reconnect"),
                    ("failed", "media_retired"), ("expired", "stale"), ("sent", ""))  # fmt: skip
    Handle.objects.filter(pk=found[1].handle_id).update(state="attention")
    press(client_of(up.head), campaign, problem="reconnect")
    assert states(campaign) == ["queued", "failed", "failed", "expired", "sent", "queued"]
    entry = AuditEntry.objects.get(action="publishing.message.requeued")
    assert entry.data == {"problems": {"reconnect": 1}, "deliveries": 1}
    press(client_of(up.head), campaign)
    assert states(campaign) == ["queued", "failed", "queued", "queued", "sent", "queued"]
    again = Delivery.objects.get(pk=found[0].pk)
    assert (again.problem, again.attempts_made, again.next_try_at is None) == ("", 0, False)


def test_the_second_of_two_tabs_is_told_that_nothing_is_left(up, campaign):
    set_out(campaign, ("failed", "reconnect"))
    client = client_of(up.head)
    press(client, campaign, problem="reconnect")
    said = press(client, campaign, problem="reconnect")
    assert 'class="message is-error' in said or "tone-bad" in said or "error" in said
    assert AuditEntry.objects.filter(action="publishing.message.requeued").count() == 1


def taken_down(post: Post) -> None:
    first = post.message.deliveries.order_by("pk")[1]
    Delivery.objects.create(
        message=post.message,
        handle=first.handle,
        platform=first.platform,
        operation=Operation.REMOVE,
        target=first,
    )


def past_its_time(post: Post) -> None:
    late = timezone.now() - timedelta(minutes=1)
    type(post.message).objects.filter(pk=post.message.pk).update(not_after=late)


@pytest.mark.parametrize("happened", [taken_down, past_its_time])
def test_what_may_not_go_out_any_more_is_not_tried_again(up, campaign, happened):
    set_out(campaign, ("failed", "reconnect"), ("sent", ""))
    happened(campaign)
    press(client_of(up.head), campaign)
    assert states(campaign)[0] == "failed"


def test_a_nodal_officer_reads_but_does_not_try_again(up, campaign):
    set_out(campaign, ("failed", "reconnect"))
    client = client_of(up.nodal)
    page = client.get(f"/desk/posts/{campaign.pk}/progress/").content.decode()
    assert "/requeue/" not in page
    assert client.post(f"/desk/posts/{campaign.pk}/requeue/").status_code == 404
    assert states(campaign)[0] == "failed"


def test_a_draft_has_no_progress_page(up):
    post = draft(up)
    assert post.state == PostState.DRAFT
    assert client_of(up.nodal).get(f"/desk/posts/{post.pk}/progress/").status_code == 404


# --- back again -----------------------------------------------------------------------------------


def entries(action: str) -> list[dict]:
    return [entry.data for entry in AuditEntry.objects.filter(action=action).order_by("number")]


def test_a_campaign_is_withdrawn_with_one_entry_for_all(up):
    post = approved_post(up, handles=handles_of(department(), 120))
    actions.withdraw_post(post, version=post.version, actor=up.director, comment="भूल")
    gone = Delivery.objects.filter(message__source_id=post.pk)
    assert set(gone.values_list("state", "problem", "next_try_at")) == {
        ("cancelled", "withdrawn", None)
    }
    assert entries("publishing.message.cancelled") == [{"reason": "भूल", "deliveries": 120}]
    assert not entries("publishing.delivery.cancelled")


def test_a_campaign_is_taken_down_where_it_is_out_and_where_it_is_leaving(up):
    post = approved_post(up, handles=handles_of(department(), 120))
    out = post.message.deliveries.order_by("pk")
    ids = list(out.values_list("pk", flat=True))
    sent = {"state": "sent", "sent_at": timezone.now(), "platform_id": "1", "next_try_at": None}
    Delivery.objects.filter(pk__in=ids[:110]).update(**sent)
    Delivery.objects.filter(pk=ids[110]).update(state="unknown", problem="needs_decision")
    address = f"/desk/posts/{post.pk}/take-down/"
    for _press in range(2):
        client_of(up.director).post(address, {"reason": "आँकड़ा ग़लत है"})
    removals = Delivery.objects.filter(operation=Operation.REMOVE)
    assert set(removals.values_list("target", flat=True)) == set(ids[:111])
    assert removals.get(target=ids[110]).next_try_at is None
    assert set(removals.values_list("asked_by", "rank", "platform")) == {
        (up.director.pk, Rank.TAKE_DOWN, "facebook")
    }
    assert out.filter(state="cancelled").count() == 9
    assert entries("publishing.message.removal_asked") == [
        {"reason": "आँकड़ा ग़लत है", "deliveries": 120}
    ]


def test_the_public_page_of_a_campaign_names_the_first_handles_and_counts_the_others(up):
    post = approved_post(up, handles=handles_of(department(), 60))
    sent = {"state": "sent", "sent_at": timezone.now(), "platform_id": "1", "next_try_at": None}
    post.message.deliveries.update(**sent)
    shown = Client().get(f"/posts/{post.pk}/").content.decode()
    assert shown.count('class="handle-name"') == 50
    assert "और 10 अन्य हैंडलों पर" in shown
