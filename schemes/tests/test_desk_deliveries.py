"""On the desk: posting by hand, taking down, correcting; what the platforms still let through."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape

from departments.models import Handle, Way
from portal.audit.models import AuditEntry
from publishing import delivery_actions, sending
from publishing.actions import reclaim
from publishing.audience_actions import Agreement, subscribe, take_out
from publishing.claiming import claim
from publishing.connectors.base import Limit, Receipt
from publishing.connectors.errors import Unavailable
from publishing.models import Delivery, Operation, Subscriber
from publishing.problems import label
from publishing.states import DeliveryState
from publishing.templatetags.problems import hand_edit, hand_link
from publishing.tests.factories import connected_handle, stored_photo
from publishing.tests.scripted import Scripted
from schemes import actions
from schemes.models import Post, PostPhoto
from schemes.workflow import PostState, Route

from .post_factories import Office, approved_post, draft, office, submitted
from .test_desk_posts import queries

pytestmark = pytest.mark.django_db
LINK = "https://x.com/up/status/42"


@pytest.fixture(autouse=True)
def platform(settings):
    settings.CONNECTORS = {"x": "publishing.tests.scripted.Scripted"}
    Scripted.start(Receipt("77", LINK), Receipt("78", LINK))
    return Scripted


@pytest.fixture
def up() -> Office:
    return office()


def of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def published(up: Office, **fields) -> Post:
    """Approved on the short route and out."""
    post = approved_post(up, route=Route.ROUTINE, **fields)
    send_all(post)
    post.refresh_from_db()
    return post


def send_all(post: Post) -> None:
    for delivery in Delivery.objects.filter(message=post.message, state="queued").order_by("pk"):
        sending.send(delivery.pk)


def only_delivery(post: Post) -> Delivery:
    return Delivery.objects.get(message=post.message)


def page(client: Client, name: str, *arguments) -> str:
    answer = client.get(reverse(name, args=arguments))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, name: str, *arguments, **data) -> str:
    """The page that follows."""
    answer = client.post(reverse(name, args=arguments), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


# --- by hand -------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(up) -> Post:
    Handle.objects.filter(pk=up.handle.pk).update(way=Way.ASSISTED)
    return published(up, text_hi="शिविर <b>कल</b> है।")


def test_the_officer_gets_the_approved_words_to_copy(up, by_hand):
    shown = page(of(up.nodal), "desk:post", by_hand.pk)
    assert "शिविर &lt;b&gt;कल&lt;/b&gt; है।" in shown
    assert "data-copy" in shown


def test_the_pasted_link_publishes_the_post(up, by_hand):
    delivery = only_delivery(by_hand)
    shown = press(of(up.nodal), "desk:delivery_confirm", delivery.pk, permalink=LINK)
    assert f'href="{LINK}"' in shown
    assert up.nodal.name in shown
    delivery.refresh_from_db()
    assert (delivery.state, delivery.posted_by) == ("sent", up.nodal)
    assert by_hand in Post.objects.published()


@pytest.mark.parametrize("person", ["nodal", "head", "deputy"])
def test_the_desk_says_what_waits_to_be_posted_by_hand(up, by_hand, person):
    delivery = only_delivery(by_hand)
    shown = page(of(getattr(up, person)), "desk:home")
    address = reverse("desk:post", args=[by_hand.pk])
    assert f'href="{address}#by-hand-{delivery.pk}">{escape(by_hand.title)}</a>' in shown
    assert 'class="empty"' not in shown


def test_the_desk_of_others_says_nothing_of_hand_work(up, by_hand):
    assert "#by-hand-" not in page(of(office().nodal), "desk:home")


def test_the_desk_asks_no_more_with_hand_work_of_any_number(up, by_hand):
    client = of(up.nodal)
    few = queries(client, reverse("desk:home"))
    for _ in range(3):
        published(up)
    assert queries(client, reverse("desk:home")) == few <= 20


@pytest.mark.parametrize("link", ["", "nonsense", "https://evil.example/1", "javascript:alert(1)"])
def test_a_link_that_proves_nothing_is_refused_in_words(up, by_hand, link):
    delivery = only_delivery(by_hand)
    address = reverse("desk:delivery_confirm", args=[delivery.pk])
    answer = of(up.nodal).post(address, {"permalink": link})
    assert answer.status_code == 422
    assert f'id="by-hand-error-{delivery.pk}"' in answer.content.decode()
    delivery.refresh_from_db()
    assert delivery.state == "assisted"


def test_a_wrong_link_is_said_at_the_field_and_kept(up, by_hand):
    delivery = only_delivery(by_hand)
    wrong = "https://www.facebook.com/up/posts/1"
    address = reverse("desk:delivery_confirm", args=[delivery.pk])
    answer = of(up.nodal).post(address, {"permalink": wrong})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{wrong}" aria-invalid="true"' in shown
    assert "twitter.com, www.twitter.com, www.x.com, x.com" in shown
    assert of(up.nodal).get(address).status_code == 302  # to the post


def test_by_hand_on_whatsapp_the_link_of_the_channel_or_group_is_asked_for(settings):
    settings.CONNECTORS = {"whatsapp": "publishing.connectors.whatsapp.WhatsApp"}
    assert hand_link("whatsapp") == label("link_of_channel_or_group")
    assert hand_edit("whatsapp") == label("corrected_by_new_message")


def test_an_officer_takes_over_a_post_whose_platform_is_down(up, platform):
    platform.before_arming = [Unavailable("unreachable")]
    post = published(up)
    delivery = only_delivery(post)
    press(of(up.nodal), "desk:delivery_change", delivery.pk, "take-over")
    delivery.refresh_from_db()
    assert delivery.state == "assisted"
    press(of(up.nodal), "desk:delivery_change", delivery.pk, "give-up")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == ("failed", "not_posted_by_hand")


def test_an_unknown_change_is_not_found(up, by_hand):
    address = reverse("desk:delivery_change", args=[only_delivery(by_hand).pk, "explode"])
    assert of(up.nodal).post(address).status_code == 404


# --- taking down ---------------------------------------------------------------------------------


def test_the_head_takes_a_post_down(up, platform):
    post = published(up)
    press(of(up.head), "desk:post_take_down", post.pk, reason="आँकड़ा ग़लत है")
    send_all(post)
    assert platform.removed == ["77"]
    shown = page(of(up.head), "desk:post", post.pk)
    assert "आँकड़ा ग़लत है" in shown
    assert post not in Post.objects.published()
    assert Client().get(reverse("public:post", args=[post.pk])).status_code == 404


def test_a_nodal_officer_cannot_take_down(up):
    post = published(up)
    address = reverse("desk:post_take_down", args=[post.pk])
    assert of(up.nodal).post(address, {"reason": "भूल"}).status_code == 404
    assert "take-down" not in page(of(up.nodal), "desk:post", post.pk)


def test_without_a_reason_nothing_is_taken_down(up):
    post = published(up)
    press(of(up.head), "desk:post_take_down", post.pk, reason=" ")
    assert not Delivery.objects.filter(operation=Operation.REMOVE).exists()


def test_what_was_taken_down_is_counted_once(up):
    """A take-down is no second delivery of the post in lists."""
    post = published(up)
    press(of(up.head), "desk:post_take_down", post.pk, reason="भूल")
    counted = Post.objects.filter(pk=post.pk).with_outcome().get()
    assert (counted.delivery_count, counted.out_count) == (1, 1)


# --- correcting ----------------------------------------------------------------------------------


def corrected(up: Office, post: Post, text: str = "शिविर 26 नवम्बर को है।") -> Post:
    """Begun, written and approved by others than its writer."""
    press(of(up.nodal), "desk:post_correct", post.pk)
    correction = post.corrections.get()
    fields = {"kind": post.kind, "route": post.route, "scheme": None, "title_hi": post.title_hi,
              "title_en": "", "text_hi": text, "text_en": "", "text_ur": "", "photos": [],
              "video": None, "publish_at": None, "last_useful_at": None}  # fmt: skip
    correction = actions.change_post(
        correction, version=correction.version, actor=up.nodal, handles=[], **fields
    )
    correction = actions.submit_post(correction, version=correction.version, actor=up.nodal)
    while correction.state != PostState.APPROVED:
        reviewer = up.reviewer(correction.state)
        correction = actions.approve_post(correction, version=correction.version, actor=reviewer)
    return correction


def test_a_correction_climbs_like_a_post_and_takes_its_place(up, platform):
    post = published(up)
    correction = corrected(up, post)
    send_all(correction)
    assert platform.edited == [("77", "शिविर 26 नवम्बर को है।")]
    assert only_delivery(post).state == "edited"
    answer = Client().get(reverse("public:post", args=[post.pk]))
    assert answer["Location"] == reverse("public:post", args=[correction.pk])
    correction.refresh_from_db()
    assert correction.state == PostState.RELEASED
    assert AuditEntry.objects.filter(action="schemes.post.correction_begun").count() == 1


def test_a_correction_goes_where_the_post_is_and_nowhere_else(up):
    post = published(up)
    press(of(up.nodal), "desk:post_correct", post.pk)
    correction = post.corrections.get()
    other = connected_handle(up.department)
    fields = {"kind": post.kind, "route": post.route, "title_hi": "शीर्षक", "text_hi": "पाठ"}
    actions.change_post(
        correction, version=correction.version, actor=up.nodal, handles=[other], **fields
    )
    assert list(correction.handles.all()) == [up.handle]


def test_a_post_is_corrected_once_at_a_time(up):
    post = published(up)
    for _ in range(2):
        press(of(up.nodal), "desk:post_correct", post.pk)
    assert post.corrections.count() == 1


def test_what_is_not_out_is_not_corrected(up):
    for post in (draft(up), submitted(up)):
        press(of(up.nodal), "desk:post_correct", post.pk)
        assert not post.corrections.exists()


def test_its_writer_cannot_approve_the_correction(up):
    post = published(up)
    press(of(up.head), "desk:post_correct", post.pk)
    correction = post.corrections.get()
    assert correction.writers.get() == up.head


# --- limits and costs ----------------------------------------------------------------------------


@pytest.fixture
def one_a_day(platform, monkeypatch):
    limit = Limit("posts_a_day", 1, "handle")
    monkeypatch.setattr(Scripted, "limits", classmethod(lambda cls, facts: (limit,)))


def test_what_the_platform_would_not_let_through_is_not_submitted(up, one_a_day):
    published(up)
    post = draft(up)
    with pytest.raises(actions.MoveNotAllowed) as refusal:
        actions.submit_post(post, version=post.version, actor=up.nodal)
    assert "1" in str(refusal.value.message)


def test_a_place_taken_meanwhile_stops_the_approval(up, one_a_day):
    first = submitted(up, route=Route.ROUTINE)
    second = submitted(up, route=Route.ROUTINE)
    for post in (first, second):
        actions.approve_post(post, version=post.version, actor=up.head)
    first.refresh_from_db()
    second.refresh_from_db()
    actions.approve_post(first, version=first.version, actor=up.deputy)
    with pytest.raises(actions.MoveNotAllowed):
        actions.approve_post(second, version=second.version, actor=up.deputy)


def test_each_person_who_gets_a_template_takes_a_place(up, one_a_day):
    agreement = Agreement("camp", "फ़ाइल 12", timezone.now())
    for number in ("9000000001", "9000000002"):
        subscribe(up.handle, number, agreement, actor=up.nodal)
    post = draft(up, route=Route.ROUTINE)
    post.variants.update(options={"template": "soochna:hi"})
    with pytest.raises(actions.MoveNotAllowed):
        actions.submit_post(post, version=post.version, actor=up.nodal)
    take_out(Subscriber.objects.latest("pk"), actor=up.nodal)
    actions.submit_post(post, version=post.version, actor=up.nodal)


def test_limits_and_costs_are_seen_by_those_they_are_of(up, one_a_day):
    post = published(up)
    Delivery.objects.update(price=Decimal("0.2"))
    shown = page(of(up.nodal), "desk:limits")
    assert up.handle.name in shown
    assert "$0.20" in shown
    assert "$0.20" not in page(of(office().nodal), "desk:limits")
    assert up.department.name in page(of(up.director), "desk:limits")
    assert post.message is not None


def test_costs_as_a_file(up):
    published(up)
    Delivery.objects.update(price=Decimal("0.2"))
    answer = of(up.nodal).get(reverse("desk:limits"), {"format": "csv"})
    text = b"".join(answer).decode("utf-8-sig")
    _head, row = csv.reader(io.StringIO(text))
    assert row[0] == f"{timezone.localtime():%m-%Y}"
    assert Decimal(row[2]) == Decimal("0.2")


@pytest.mark.parametrize("month", ["", "2026-13", "x", "2026-02", "0000-01"])
def test_any_month_may_be_asked_for(up, month):
    assert of(up.nodal).get(reverse("desk:limits"), {"month": month}).status_code == 200


def test_limits_take_few_queries(up, one_a_day, django_assert_max_num_queries):
    for _ in range(30):
        connected_handle(up.department)
    client = of(up.nodal)
    client.get(reverse("desk:limits"))
    with django_assert_max_num_queries(20):
        client.get(reverse("desk:limits"))


# --- released ------------------------------------------------------------------------------------


def test_a_post_that_an_officer_took_over_is_released_all_the_same(
    up, django_capture_on_commit_callbacks
):
    post = approved_post(up, route=Route.ROUTINE)
    delivery = only_delivery(post)
    delivery_actions.take_over(delivery, actor=up.nodal)
    with django_capture_on_commit_callbacks(execute=True):
        delivery_actions.confirm_by_hand(delivery, permalink=LINK, actor=up.nodal)
    post.refresh_from_db()
    assert post.state == PostState.RELEASED


def test_a_post_whose_first_worker_was_lost_is_released_by_the_next(up):
    post = approved_post(up, route=Route.ROUTINE)
    delivery = only_delivery(post)
    assert claim(delivery.pk, worker="lost")
    reclaim(delivery.pk, at=timezone.now() + timedelta(hours=1))
    send_all(post)
    post.refresh_from_db()
    assert post.state == PostState.RELEASED


def test_what_failed_after_publishing_is_said_beside_it(up):
    post = published(up)
    Delivery.objects.filter(message=post.message).update(kept={"note": "video_too_large"})
    with translation.override("hi"):
        assert escape(label("video_too_large")) in page(of(up.nodal), "desk:post", post.pk)


# --- what people see -----------------------------------------------------------------------------


def test_a_post_that_is_corrected_in_part_stays_readable_beside_its_correction(up):
    other = connected_handle(up.department)
    post = published(up, handles=[up.handle, other])
    correction = corrected(up, post)
    first = Delivery.objects.filter(message=correction.message).order_by("pk")[0]
    sending.send(first.pk)
    old = Client().get(reverse("public:post", args=[post.pk]))
    assert old.status_code == 200
    assert reverse("public:post", args=[correction.pk]) in old.content.decode()


def test_a_post_taken_down_says_so_on_the_desk(up):
    post = published(up)
    press(of(up.head), "desk:post_take_down", post.pk, reason="भूल")
    send_all(post)
    with translation.override("hi"):
        taken_down = str(DeliveryState.REMOVED.label)
    assert page(of(up.nodal), "desk:post", post.pk).count(taken_down) >= 2
    assert taken_down in page(of(up.nodal), "desk:posts")


def test_the_public_page_names_no_single_person(up):
    post = published(up)
    delivery = only_delivery(post)
    people = [
        Subscriber.objects.create(
            handle=up.handle, address_key=str(n), sealed_address=b"", ending="0000", proof="पंजी"
        )
        for n in range(3)
    ]
    for person in people:
        Delivery.objects.create(
            message=post.message, handle=up.handle, recipient=person, state="sent",
            platform_id=f"w{person.pk}", sent_at=delivery.sent_at,
        )  # fmt: skip
    shown = Client().get(reverse("public:post", args=[post.pk])).content.decode()
    assert shown.count('class="handle-line"') == 2


def test_a_correction_changes_words_only(up):
    post = published(up)
    press(of(up.nodal), "desk:post_correct", post.pk)
    correction = post.corrections.get()
    PostPhoto.objects.replace(correction, [stored_photo(up.department)])
    with pytest.raises(actions.MoveNotAllowed):
        actions.submit_post(correction, version=correction.version, actor=up.nodal)
