"""Linking a handle: the round trip, its attacks, what keeps the access alive, and its end."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import call_command
from django.db import close_old_connections, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments import actions
from departments.access import usable_handles
from departments.credentials import (
    CredentialMissing,
    Secrets,
    read_secrets,
    store_secrets,
    take_lease,
)
from departments.models import Credential, Handle, HandleNotice, Way
from departments.roles import Role
from departments.states import HandleState
from departments.tests import factories as make
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed
from publishing import linking
from publishing.connectors.consent import Candidate
from publishing.connectors.errors import ConnectionRefused, Unavailable
from publishing.handle_health import (
    announce_end,
    check_handle,
    check_next,
    ending_soon,
    ends_before,
    handles_to_check,
)
from publishing.links import is_on_platform
from publishing.tests.linking import (
    ACCOUNTS,
    PAGES,
    WITH_PAGE,
    agreed,
    begin,
    consent,
    desk,
    link,
    linkable,
    officer_of,
    said,
    typed,
    use,
)
from schemes.actions import submit_post
from schemes.tests.post_factories import draft, office

pytestmark = pytest.mark.django_db


@pytest.fixture
def platforms(settings, rehearsal):
    return use(settings, rehearsal)


def fresh(handle: Handle) -> Handle:
    return Handle.objects.get(pk=handle.pk)


def linked(platform: str = "x"):
    handle, client = linkable(platform)
    link(client, handle, ACCOUNTS[platform])
    return fresh(handle), client


def ending(handle: Handle, **until: float) -> Secrets:
    """Its token ends so soon that it has to be renewed."""
    Credential.objects.filter(handle=handle).update(token_until=timezone.now() + timedelta(**until))
    return read_secrets(handle)


# --- the round trip -------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", WITH_PAGE)
def test_one_account_is_linked_at_once(platforms, platform):
    name = platforms.store.account(platform, ACCOUNTS[platform]).name
    handle, client = linkable(platform, name=f"@{name.upper()}")
    answer = client.get(consent(begin(client, handle), ACCOUNTS[platform]), follow=True)
    handle = fresh(handle)
    assert (handle.state, handle.external_id) == (HandleState.CONNECTED, ACCOUNTS[platform])
    assert handle.way == Way.API
    assert handle.checked_at
    assert handle.facts["name"]
    token = read_secrets(handle).token
    assert platforms.store.account_by_token(platform, token).id == ACCOUNTS[platform]
    assert token not in answer.content.decode()
    assert list(usable_handles([handle.department_id])) == [handle]


def test_among_several_pages_the_officer_chooses(platforms):
    handle, client = linkable("facebook")
    answer = link(client, handle, *PAGES)
    assert answer.resolver_match.view_name == "desk:handle_choose"
    page = answer.content.decode()
    assert all(number in page for number in PAGES)
    assert page.count("disabled") == 1  # the one on which the person may not write
    answer = client.post(answer.request["PATH_INFO"], {"account": "1"}, follow=True)
    assert fresh(handle).external_id == PAGES[1]
    assert fresh(handle).state == HandleState.CONNECTED
    again = client.get(reverse("desk:handle_choose", args=[handle.pk]))
    assert again.status_code == 302  # the choice is made


def test_secrets_of_candidates_never_lie_open_in_the_session(platforms):
    handle, client = linkable("facebook")
    link(client, handle, *PAGES)
    kept = client.session[linking.CHOICE]
    candidates = linking.kept_choice(client.session, handle, actor=officer_of(handle))
    assert candidates == []  # another officer's
    assert "access-" not in str(kept)
    assert "person-" not in str(kept)
    assert "access-" not in repr(linking.kept_choice(client.session, handle, actor=kept_user(kept)))


def kept_user(kept):
    return type("Someone", (), {"pk": kept["user"]})()


def test_an_empty_consent_is_said(platforms):
    handle, client = linkable("youtube")
    answer = link(client, handle, "")
    assert fresh(handle).state == HandleState.REGISTERED
    assert "कोई खाता नहीं" in said(answer)


@pytest.mark.parametrize("platform", WITH_PAGE)
def test_no_is_taken_kindly(platforms, platform):
    handle, client = linkable(platform)
    answer = link(client, handle, ACCOUNTS[platform], decision="cancel")
    assert fresh(handle).state == HandleState.REGISTERED
    assert "अनुमति नहीं दी गई" in said(answer)


@pytest.mark.parametrize(
    ("platform", "scope"),
    [
        ("facebook", "pages_manage_posts"),
        ("instagram", "instagram_content_publish"),
        ("x", "media.write"),
        ("x", "offline.access"),
        ("youtube", "https://www.googleapis.com/auth/youtube.upload"),
        ("youtube", "https://www.googleapis.com/auth/youtube.force-ssl"),
    ],
)
def test_without_a_needed_permission_nothing_is_linked(platforms, platform, scope):
    handle, client = linkable(platform)
    answer = link(client, handle, ACCOUNTS[platform], without=(scope,))
    assert answer.resolver_match.view_name == "desk:handle_choose"
    assert "फिर संबद्ध करें" in answer.content.decode()
    assert client.post(answer.request["PATH_INFO"], {"account": "0"}).status_code == 422
    assert fresh(handle).state == HandleState.REGISTERED


def test_a_wished_permission_is_missed_and_said(platforms):
    handle, client = linkable("facebook")
    answer = link(client, handle, PAGES[0], without=("read_insights",))
    assert fresh(handle).facts["without"] == ["without_numbers"]
    assert "आँकड़े यहाँ नहीं" in answer.content.decode()


def test_an_account_of_another_handle_is_refused_and_names_nobody(platforms):
    first, _ = linked("facebook")
    handle, client = linkable("facebook")
    answer = link(client, handle, PAGES[0])
    page = answer.content.decode()
    assert "किसी अन्य हैंडल से पहले ही संबद्ध है" in page
    assert first.name not in page
    assert first.department.name not in page
    assert client.post(answer.request["PATH_INFO"], {"account": "0"}).status_code == 422
    assert fresh(handle).state == HandleState.REGISTERED


def test_a_closed_handle_gives_its_account_free(platforms):
    first, client = linked("x")
    client.post(reverse("desk:handle_disconnect", args=[first.pk]))
    client.post(reverse("desk:handle_close", args=[first.pk]))
    handle, client = linkable("x")
    link(client, handle, ACCOUNTS["x"])
    assert fresh(handle).external_id == ACCOUNTS["x"]


def test_another_name_on_the_platform_is_said(platforms):
    handle, client = linkable("x", name="Abhyas_Up")
    assert "AbhyasVibhag" in said(link(client, handle, ACCOUNTS["x"]))


@pytest.mark.parametrize("platform", WITH_PAGE)
def test_an_account_with_another_name_is_looked_at_first(platforms, platform):
    handle, client = linkable(platform)
    answer = client.get(consent(begin(client, handle), ACCOUNTS[platform]), follow=True)
    assert answer.resolver_match.view_name == "desk:handle_choose"
    assert fresh(handle).state == HandleState.REGISTERED
    agreed(client, answer)
    assert fresh(handle).state == HandleState.CONNECTED
    again = client.get(consent(begin(client, handle), ACCOUNTS[platform]), follow=True)
    assert again.resolver_match.view_name == "desk:handle"  # the account it had before


def test_connecting_is_audited_without_a_secret(platforms):
    handle, _ = linked("x")
    entry = AuditEntry.objects.filter(action="departments.handle.connected").last()
    assert entry.data["account"] == ACCOUNTS["x"]
    assert read_secrets(handle).token not in str(entry.data)
    assert read_secrets(handle).refresh not in str(entry.data)


def test_no_secret_is_logged(platforms, caplog):
    caplog.set_level(logging.DEBUG)
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    agreed(client, client.get(back, follow=True))
    code = parse_qs(urlsplit(back).query)["code"][0]
    told = " ".join(
        record.getMessage() for record in caplog.records if record.name.startswith("publishing.c")
    )
    secrets = read_secrets(fresh(handle))
    assert "/2/oauth2/token" in told
    assert [one for one in (code, secrets.token, secrets.refresh) if one in told] == []


# --- again, and no more ---------------------------------------------------------------------------


@pytest.mark.parametrize("platform", WITH_PAGE)
def test_connecting_again_replaces_the_token(platforms, platform):
    handle, client = linked(platform)
    before = read_secrets(handle).token
    actions.mark_handle(handle, "reconnect")
    link(client, handle, ACCOUNTS[platform])
    assert fresh(handle).state == HandleState.CONNECTED
    assert read_secrets(handle).token != before


@pytest.mark.parametrize("platform", WITH_PAGE)
def test_connecting_again_in_vain_keeps_the_working_token(platforms, platform):
    handle, client = linked(platform)
    before = read_secrets(handle)
    link(client, handle, ACCOUNTS[platform], decision="cancel")
    platforms.control.store.add_fault(
        platform, "error_before", operation="link", times=9, seconds=0, detail=""
    )
    client.get(reverse("desk:handle", args=[handle.pk]))
    address = begin(client, handle)
    state = parse_qs(urlsplit(address).query)["state"][0]
    answer = client.get(
        reverse("desk:connect_return", args=[platform]), {"code": "x", "state": state}, follow=True
    )
    assert "संबद्ध नहीं हुआ" in said(answer)
    assert fresh(handle).state == HandleState.CONNECTED
    assert read_secrets(handle) == before


def test_another_account_than_before_is_confirmed_first(platforms):
    handle, client = linked("x")
    answer = link(client, handle, "900000000312")
    assert answer.resolver_match.view_name == "desk:handle_choose"
    address = answer.request["PATH_INFO"]
    assert client.post(address, {"account": "0"}).status_code == 422
    assert fresh(handle).external_id == ACCOUNTS["x"]
    client.post(address, {"account": "0", "is_confirmed": "on"})
    assert fresh(handle).external_id == "900000000312"


@pytest.mark.parametrize("platform", ["x", "youtube", "facebook"])
def test_disconnecting_revokes_at_the_platform(platforms, platform):
    handle, client = linked(platform)
    token = read_secrets(handle).token
    answer = client.post(reverse("desk:handle_disconnect", args=[handle.pk]), follow=True)
    assert fresh(handle).state == HandleState.DISCONNECTED
    assert platforms.store.account_by_token(platform, token) is None
    assert "पुष्टि नहीं" not in said(answer)
    with pytest.raises(CredentialMissing):
        read_secrets(handle)


def test_disconnecting_one_page_leaves_the_others_of_the_same_consent(platforms):
    handle, _ = linked("facebook")
    other, client = linkable("facebook")
    link(client, other, PAGES[1])
    token = read_secrets(handle).token
    client.post(reverse("desk:handle_disconnect", args=[other.pk]))
    assert fresh(other).state == HandleState.DISCONNECTED
    assert platforms.store.account_by_token("facebook", token)


def test_a_platform_that_does_not_revoke_stops_nobody(platforms):
    handle, client = linked("x")
    platforms.store.add_fault("x", "cut_before", operation="link", times=9, seconds=0, detail="")
    answer = client.post(reverse("desk:handle_disconnect", args=[handle.pk]), follow=True)
    assert fresh(handle).state == HandleState.DISCONNECTED
    assert "पुष्टि नहीं" in said(answer)


def test_a_handle_goes_by_hand_and_back(platforms):
    handle, client = linked("x")
    client.post(reverse("desk:handle_by_hand", args=[handle.pk]))
    handle = fresh(handle)
    assert (handle.state, handle.way) == (HandleState.CONNECTED, Way.ASSISTED)
    with pytest.raises(CredentialMissing):
        read_secrets(handle)
    link(client, handle, ACCOUNTS["x"])
    assert fresh(handle).way == Way.API


def test_a_handle_posted_by_hand_is_not_called_connected(platforms):
    handle, client = linked("x")
    client.post(reverse("desk:handle_by_hand", args=[handle.pk]))
    for page in (reverse("desk:handles"), reverse("desk:handle", args=[handle.pk])):
        shown = client.get(page).content.decode()
        assert "हाथ से</span>" in shown
        assert "संबद्ध</span>" not in shown
    assert "असंबद्ध करें" not in shown
    assert "हाथ से प्रकाशन बंद करें" in shown
    answer = client.post(reverse("desk:handle_disconnect", args=[handle.pk]), follow=True)
    assert "इस हैंडल पर अब हाथ से कुछ प्रकाशित नहीं होगा।" in said(answer)


def test_linking_enters_the_address_of_the_account_where_none_is(platforms):
    handle, client = linkable("x")
    Handle.objects.filter(pk=handle.pk).update(url="")
    link(client, handle, ACCOUNTS["x"])
    assert is_on_platform("x", fresh(handle).url)
    Handle.objects.filter(pk=handle.pk).update(url="https://x.com/as_entered")
    link(client, handle, ACCOUNTS["x"])
    assert fresh(handle).url == "https://x.com/as_entered"


# --- attacks --------------------------------------------------------------------------------------


def returned(client, back: str, handle: Handle):
    answer = client.get(back, follow=True)
    assert fresh(handle).state == HandleState.REGISTERED
    assert not Credential.objects.exists()
    return answer


def test_a_state_works_once(platforms):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    agreed(client, client.get(back, follow=True))
    actions.disconnect_handle(fresh(handle), actor=officer_of(handle))
    answer = client.get(back, follow=True)
    assert "रास्ता अब खुला नहीं" in said(answer)
    assert fresh(handle).state == HandleState.DISCONNECTED


@pytest.mark.django_db(transaction=True)
def test_a_state_works_once_for_several_at_once(platforms, caplog):
    caplog.set_level(logging.INFO)
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    gate, answers = threading.Barrier(4), []

    def come_back() -> None:
        browser = Client()
        browser.cookies = client.cookies.copy()
        try:
            gate.wait()
            answers.append(browser.get(back)["Location"])
        finally:
            connection.close()

    returns = [threading.Thread(target=come_back) for _ in range(4)]
    for one in returns:
        one.start()
    for one in returns:
        one.join()
    exchanges = [one for one in caplog.messages if "/oauth2/token" in one]
    assert len(exchanges) == 1
    assert answers.count(reverse("desk:handles")) == 3
    assert client.get(reverse("desk:handle_choose", args=[handle.pk])).status_code == 200


def test_a_state_belongs_to_its_session(platforms):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    same_person = desk(type(officer_of(handle)).objects.get(pk=client.session["_auth_user_id"]))
    assert "रास्ता अब खुला नहीं" in said(returned(same_person, back, handle))


def test_a_state_belongs_to_its_person(platforms):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    session = client.session
    kept = session[linking.ATTEMPTS]
    other = desk(officer_of(handle))
    theirs = other.session
    theirs[linking.ATTEMPTS] = kept
    theirs.save()
    returned(other, back, handle)


@pytest.mark.parametrize("state", ["", "x", "अ", "\x00", "0" * 5000])
def test_a_wrong_state_opens_nothing(platforms, state):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    code = parse_qs(urlsplit(back).query)["code"][0]
    address = reverse("desk:connect_return", args=["x"])
    answer = client.get(address, {"code": code, "state": state}, follow=True)
    assert "रास्ता अब खुला नहीं" in said(answer)
    assert fresh(handle).state == HandleState.REGISTERED


def test_an_answer_for_another_platform_is_refused(platforms):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    returned(client, back.replace("/connect/x/", "/connect/youtube/"), handle)


@pytest.mark.parametrize("platform", ["orkut", "whatsapp"])
def test_an_answer_of_a_platform_without_a_page_is_refused(platforms, platform):
    _, client = linkable("x")
    answer = client.get(f"/desk/connect/{platform}/return/", {"code": "1", "state": "2"})
    assert answer.status_code == (404 if platform == "orkut" else 302)


def test_an_attempt_ends_after_ten_minutes(platforms):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    session = client.session
    session[linking.ATTEMPTS] = [
        {**one, "until": time.time() - 1} for one in session[linking.ATTEMPTS]
    ]
    session.save()
    returned(client, back, handle)


def test_a_code_stolen_for_another_session_is_of_no_use(platforms):
    """The verifier never left the session that began."""
    handle, client = linkable("x")
    code = parse_qs(urlsplit(consent(begin(client, handle), ACCOUNTS["x"])).query)["code"][0]
    victim, thief = linkable("x")
    state = parse_qs(urlsplit(begin(thief, victim)).query)["state"][0]
    address = reverse("desk:connect_return", args=["x"])
    answer = thief.get(address, {"code": code, "state": state}, follow=True)
    assert "संबद्ध नहीं हुआ" in said(answer)
    assert fresh(victim).state == HandleState.REGISTERED


def test_a_handle_of_another_department_is_not_there(platforms):
    handle, _ = linkable("x")
    stranger = desk(make.person())
    for name in ("handle_connect", "handle_choose", "handle_by_hand", "handle_disconnect"):
        assert stranger.post(reverse(f"desk:{name}", args=[handle.pk])).status_code == 404


def test_who_lost_the_charge_on_the_way_links_nothing(platforms):
    handle, client = linkable("x")
    back = consent(begin(client, handle), ACCOUNTS["x"])
    officer = type(officer_of(handle)).objects.get(pk=client.session["_auth_user_id"])
    make.charge(officer, "nodal_officer", make.department())
    officer.charges.filter(department=handle.department).delete()
    assert client.get(back).status_code == 404
    assert fresh(handle).state == HandleState.REGISTERED


@pytest.mark.parametrize("account", ["9", "-1", "", "x", "2", "0.5", "१"])
def test_only_what_was_offered_can_be_chosen(platforms, account):
    handle, client = linkable("facebook")
    link(client, handle, *PAGES)  # the third may not be written to
    address = reverse("desk:handle_choose", args=[handle.pk])
    assert client.post(address, {"account": account}).status_code == 422
    assert fresh(handle).state == HandleState.REGISTERED


def test_a_choice_for_one_handle_does_not_serve_another(platforms):
    handle, client = linkable("facebook")
    link(client, handle, *PAGES)
    other = make.registered_handle(handle.department, platform="facebook")
    answer = client.post(reverse("desk:handle_choose", args=[other.pk]), {"account": "0"})
    assert answer.status_code == 302
    assert fresh(other).state == HandleState.REGISTERED


# --- WhatsApp -------------------------------------------------------------------------------------


def test_a_number_is_linked_by_what_is_typed(platforms):
    handle, client = linkable("whatsapp")
    address = reverse("desk:handle_connect", args=[handle.pk])
    answer = client.post(address, typed(), follow=True)
    assert "system-user-" not in answer.content.decode()
    answer = agreed(client, answer)
    handle = fresh(handle)
    assert (handle.state, handle.external_id) == (HandleState.CONNECTED, ACCOUNTS["whatsapp"])
    assert handle.facts["business"] == "500000000000001"
    assert handle.facts["listens"] is True
    assert read_secrets(handle).extra == {"business": "500000000000001", "group": "demo-group"}
    assert "system-user-" not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": "system-user-made-up"}, "यह टोकन स्वीकार नहीं"),
        ({"number": "1"}, "इस आईडी का कोई नंबर नहीं"),
        ({"business": "1"}, "यह खाता नहीं मिल"),
        ({"business": "../me"}, ""),
        ({"token": ""}, ""),
        ({"token": "a\nb"}, ""),
    ],
)
def test_wrong_particulars_are_refused_and_the_token_not_shown(platforms, change, words):
    handle, client = linkable("whatsapp")
    address = reverse("desk:handle_connect", args=[handle.pk])
    answer = client.post(address, typed(**change))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "system-user-" not in page
    assert fresh(handle).state == HandleState.REGISTERED


# --- fresh secrets --------------------------------------------------------------------------------


def test_what_lasts_is_not_renewed(platforms):
    handle, _ = linked("x")
    before = read_secrets(handle)
    assert linking.fresh_secrets(handle) == before


@pytest.mark.parametrize("platform", WITH_PAGE)
def test_what_ends_soon_is_renewed(platforms, platform):
    handle, _ = linked(platform)
    before = ending(handle, minutes=1)
    renewed = linking.fresh_secrets(handle)
    assert renewed.token != before.token
    assert renewed.token_until > timezone.now() + timedelta(minutes=30)
    assert read_secrets(handle) == renewed
    assert platforms.store.account_by_token(platform, renewed.token)
    assert Credential.objects.get(handle=handle).renewing_until is None


def test_googles_refresh_token_stays(platforms):
    handle, _ = linked("youtube")
    before = ending(handle, minutes=1)
    assert linking.fresh_secrets(handle).refresh == before.refresh


def test_xs_refresh_token_is_another_each_time(platforms):
    handle, _ = linked("x")
    before = ending(handle, minutes=1)
    assert linking.fresh_secrets(handle).refresh != before.refresh


@pytest.mark.parametrize("platform", ["x", "youtube", "facebook"])
def test_a_revoked_consent_calls_for_a_person(platforms, platform):
    handle, _ = linked(platform)
    ending(handle, minutes=-1)
    requests.post(
        f"{platforms.url}/_control/grants", json={"platform": platform, "do": "revoke"}, timeout=5
    )
    with pytest.raises(ConnectionRefused):
        linking.fresh_secrets(handle)
    assert fresh(handle).state == HandleState.ATTENTION
    assert Credential.objects.get(handle=handle).renewing_until is None


def test_a_page_token_outlives_the_persons(platforms):
    handle, _ = linked("facebook")
    secrets = read_secrets(handle)
    ending(handle, minutes=-1)
    store_secrets(
        handle,
        Secrets(
            secrets.token,
            {**secrets.extra, "user_token": "gone"},
            token_until=timezone.now() - timedelta(minutes=1),
        ),
    )
    kept = linking.fresh_secrets(handle)
    assert (kept.token, kept.token_until) == (secrets.token, None)
    assert fresh(handle).state == HandleState.CONNECTED


def test_one_silent_answer_is_asked_again(platforms):
    handle, _ = linked("x")
    before = ending(handle, minutes=-1)
    platforms.store.add_fault("x", "cut_before", operation="link", times=1, seconds=0, detail="")
    assert linking.fresh_secrets(handle).token != before.token


def test_a_renewal_lost_on_the_way_calls_for_a_person(platforms):
    """X gave a new pair, but the answer was cut: the old refresh token is dead (X1.4)."""
    handle, _ = linked("x")
    ending(handle, minutes=-1)
    platforms.store.add_fault("x", "cut_after", operation="link", times=1, seconds=0, detail="")
    with pytest.raises(ConnectionRefused):
        linking.fresh_secrets(handle)
    assert fresh(handle).state == HandleState.ATTENTION


def test_a_platform_that_is_away_loses_nothing(platforms):
    handle, _ = linked("x")
    before = ending(handle, minutes=-1)
    platforms.store.add_fault("x", "error_before", operation="link", times=2, seconds=0, detail="")
    with pytest.raises(Unavailable):
        linking.fresh_secrets(handle)
    assert fresh(handle).state == HandleState.CONNECTED
    assert read_secrets(handle) == before
    ending(handle, minutes=2)
    platforms.store.add_fault("x", "error_before", operation="link", times=2, seconds=0, detail="")
    assert linking.fresh_secrets(handle).token == before.token  # it still lives


def test_while_another_renews_what_lives_is_used(platforms):
    handle, _ = linked("x")
    before = ending(handle, minutes=5)
    assert take_lease(handle, 60)
    assert linking.fresh_secrets(handle) == before


def test_a_lease_left_behind_ends_by_itself(platforms):
    handle, _ = linked("x")
    before = ending(handle, minutes=-1)
    gone = timezone.now() - timedelta(seconds=1)
    Credential.objects.filter(handle=handle).update(renewing_until=gone)
    assert linking.fresh_secrets(handle).token != before.token


def test_what_was_linked_anew_meanwhile_stays(platforms):
    handle, _ = linked("x")
    ending(handle, minutes=-1)
    newer = Secrets("newer", {"scope": "x"}, "newer-refresh", timezone.now() + timedelta(hours=2))
    lease = take_lease(handle, 60)
    store_secrets(handle, newer)
    assert linking._renewed(handle, linking.consent_for("x"), lease) == newer
    assert read_secrets(handle) == newer


@pytest.mark.django_db(transaction=True)
def test_many_workers_renew_once(platforms):
    handle, _ = linked("x")
    ending(handle, minutes=-1)
    platforms.store.add_fault("x", "slow", operation="link", times=1, seconds=0.5, detail="")
    gate, found, failed = threading.Barrier(4), [], []

    def work() -> None:
        try:
            gate.wait()
            found.append(linking.fresh_secrets(handle).token)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failed.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    close_old_connections()
    assert failed == []
    assert len(found) == 4
    assert set(found) == {read_secrets(handle).token}
    used = platforms.store._rows("SELECT * FROM grants WHERE kind = 'refresh' AND used = 1")
    assert len(used) == 1
    assert fresh(handle).state == HandleState.CONNECTED


def test_rotation_encrypts_all_anew(platforms, settings):
    handle, _ = linked("x")
    before, sealed = read_secrets(handle), bytes(Credential.objects.get().sealed)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
    call_command("rotate_credentials", verbosity=0)
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert read_secrets(handle) == before
    assert bytes(Credential.objects.get().sealed) != sealed


# --- the daily check ------------------------------------------------------------------------------


def test_each_handle_is_checked_once_a_day(platforms):
    handle, _ = linked("x")
    now = timezone.now()
    assert list(handles_to_check(now)) == []
    assert list(handles_to_check(now + timedelta(hours=25))) == [handle]
    Handle.objects.update(checked_at=None)
    check_next()  # the suite's queue works at once
    assert fresh(handle).checked_at
    assert list(handles_to_check(timezone.now())) == []


def test_by_hand_there_is_nothing_to_check(platforms):
    handle, client = linked("x")
    client.post(reverse("desk:handle_by_hand", args=[handle.pk]))
    Handle.objects.update(checked_at=None)
    assert not handles_to_check(timezone.now()).exists()


@pytest.mark.parametrize("platform", [*WITH_PAGE, "whatsapp"])
def test_a_refused_check_marks_the_handle(platforms, platform):
    handle, client = linkable(platform)
    if platform == "whatsapp":
        address = reverse("desk:handle_connect", args=[handle.pk])
        agreed(client, client.post(address, typed(), follow=True))
    else:
        link(client, handle, ACCOUNTS[platform])
    account = ACCOUNTS[platform]
    platforms.store.add_account(platform, account, "x", "another-token")
    platforms.store.revoke_grants(platform)
    check_handle(fresh(handle))
    assert fresh(handle).state == HandleState.ATTENTION


def test_a_check_that_could_not_be_made_is_made_again_soon(platforms):
    handle, _ = linked("x")
    platforms.store.add_fault("x", "error_before", operation="read", times=9, seconds=0, detail="")
    check_handle(handle)
    assert fresh(handle).state == HandleState.CONNECTED
    assert list(handles_to_check(timezone.now())) == []
    assert list(handles_to_check(timezone.now() + timedelta(minutes=61))) == [handle]


def test_the_end_of_a_grant_is_read(platforms):
    handle, _ = linked("facebook")
    days = (handle.access_until - timezone.now()).days
    assert 88 <= days <= 90


def with_end(days: float) -> Handle:
    """A linked Page whose consent ends in so many days."""
    handle, _ = linked("facebook")
    Handle.objects.filter(pk=handle.pk).update(access_until=timezone.now() + timedelta(days=days))
    return fresh(handle)


@pytest.mark.parametrize(("days", "told"), [(40, []), (29, [30]), (6, [7]), (0.5, [1]), (-1, [1])])
def test_an_end_is_announced_in_time(platforms, days, told):
    handle = with_end(days)
    head = make.person("department_head", handle.department)
    make.person("nodal_officer")  # of another department
    announce_end(handle)
    announce_end(handle)
    assert [notice.days for notice in HandleNotice.objects.all()] == told
    assert len(mail.outbox) == len(told)
    if told:
        assert head.email in mail.outbox[0].to
        assert len(mail.outbox[0].to) == 2
        assert "फिर संबद्ध करें" in mail.outbox[0].body
        assert "Connect it again" in mail.outbox[0].body
        assert f"/desk/handles/{handle.pk}/" in mail.outbox[0].body


def test_a_post_planned_for_after_the_end_is_found(platforms):
    handle = with_end(10)
    now = timezone.now()
    assert not ends_before(handle, now + timedelta(days=9))
    assert ends_before(handle, now + timedelta(days=11))
    assert list(ending_soon(Handle.objects.all())) == [handle]
    client = desk(officer_of(handle))
    assert "शीघ्र ही फिर संबद्ध किए जाने वाले" in client.get(reverse("desk:home")).content.decode()
    page = client.get(reverse("desk:handle", args=[handle.pk])).content.decode()
    assert "संबद्धता की समाप्ति" in page


def test_a_post_for_after_the_end_is_not_submitted(platforms):
    of = office()
    post = draft(of, publish_at=timezone.now() + timedelta(days=5))
    Handle.objects.filter(pk=of.handle.pk).update(access_until=timezone.now() + timedelta(days=4))
    with pytest.raises(MoveNotAllowed) as refused:
        submit_post(post, version=post.version, actor=of.nodal)
    assert of.handle.name in str(refused.value)
    Handle.objects.filter(pk=of.handle.pk).update(access_until=timezone.now() + timedelta(days=6))
    submit_post(post, version=post.version, actor=of.nodal)


@pytest.mark.parametrize("platform", ACCOUNTS)
def test_an_account_with_an_old_token_stays_healthy(platforms, platform):
    """As the demo's: known to the stand-in by a token that no consent gave."""
    handle = make.registered_handle(platform=platform)
    account, extra = ACCOUNTS[platform], {"group": "g"} if platform == "whatsapp" else {}
    platforms.store.add_account(platform, account, "पुराना", "old-token", extra)
    actions.connect_handle(
        handle, external_id=account, secrets=Secrets("old-token", extra), actor=None
    )
    check_handle(fresh(handle))
    handle = fresh(handle)
    assert (handle.state, handle.state_reason) == (HandleState.CONNECTED, "")
    assert handle.checked_at


@pytest.mark.parametrize("platform", [*WITH_PAGE, "whatsapp"])
def test_every_handle_can_be_published_to_by_hand(platforms, platform):
    handle, client = linkable(platform)
    client.post(reverse("desk:handle_by_hand", args=[handle.pk]))
    handle = fresh(handle)
    assert (handle.state, handle.way) == (HandleState.CONNECTED, Way.ASSISTED)
    assert list(usable_handles([handle.department_id])) == [handle]
    entry = AuditEntry.objects.last()
    assert entry.action == "departments.handle.by_hand"


def test_a_mail_that_could_not_be_sent_is_tried_again(platforms, settings):
    handle = with_end(6)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    announce_end(handle)
    assert not HandleNotice.objects.exists()


def test_no_way_leads_to_another_account_without_a_word(platforms):
    """Whatever form or page it came through."""
    handle = make.connected_handle(platform="x", external_id="1")
    officer = make.person(Role.NODAL_OFFICER, handle.department)
    other = Candidate("2", handle.name, Secrets("token"))
    with pytest.raises(MoveNotAllowed):
        linking.connect(handle, other, actor=officer, is_confirmed=False)
    handle.refresh_from_db()
    assert handle.external_id == "1"
