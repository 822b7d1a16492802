import hashlib
import hmac
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publishing.connectors.base import Content, News, NotPublished, TemplateText
from publishing.connectors.errors import (
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from publishing.connectors.whatsapp import WhatsApp
from publishing.connectors.whatsapp_errors import ERRORS, pair_wait
from publishing.connectors.whatsapp_told import is_stop
from publishing.problems import PROBLEMS
from publishing.rehearsal.store import Post, Remark
from publishing.rehearsal.whatsapp_people import business_of

from .contract import ANYTHING, ConnectorContract

TEXT = "नमस्ते। कल सुबह 10 बजे *शिविर* है।"
GROUP = "Y2FwaV9ncm91cDoxOTUwNTU1MDA3OToxMjAzNjM="
SECRET = "0123456789abcdef0123456789abcdef"
BUSINESS = "5001"
PERSON = "+919000000001"
# As whatsapp_templates.FIRST of the rehearsal has it.
BODY = "नमस्ते, {{1}}। {{2}} धन्यवाद।"
FILLED = TemplateText(
    "yojana_photo",
    "hi",
    BODY,
    (("1", "पौधरोपण"), ("2", "कल सुबह 10 बजे शिविर है।")),
    header="image",
    is_named=False,
    category="MARKETING",
)
PLAIN = TemplateText(
    "soochna_sandesh",
    "hi",
    "नमस्ते, सूचना: {{title}}। {{text}} अधिक जानकारी: {{link}} सूचना विभाग, उत्तर प्रदेश।",
    (("title", "शिविर"), ("text", "कल सुबह 10 बजे।"), ("link", "https://up.gov.in/a")),
    category="UTILITY",
)


class Heard:
    """The portal's end of the callbacks, for the tests of both ways."""

    @pytest.fixture(autouse=True)
    def portal(self, rehearsal, teller):
        """What came, with its signature checked."""
        self.events = []

        def receive(method, path, headers, body):
            signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            if headers["X-Hub-Signature-256"] == f"sha256={signature}":
                self.events.append((path, json.loads(body)))
            return (200, {}, b"")

        teller.reply = receive
        callbacks = rehearsal.callbacks
        callbacks.address, callbacks.secrets = teller.url, {"whatsapp": SECRET}
        yield
        callbacks.clear()
        callbacks.address = ""

    def heard(self, journal):
        def look():
            return tuple(event for _, event in self.events if journal.reference in str(event))

        return self.eventually(look)

    def told(self):
        """Every item that came so far."""
        return [
            one for _, event in self.events for one in WhatsApp.told(json.dumps(event).encode())
        ]

    def sent_hearing(self, content, journal, *statuses):
        named = tuple({"biz_opaque_callback_data": journal.reference, **s} for s in statuses)
        return replace(self.sent(content, journal, accepted=False), heard=named)


class TestGroup(Heard, ConnectorContract):
    kind = WhatsApp
    extra = {"group": GROUP}

    @pytest.fixture
    def content(self, photo):
        return Content(TEXT, attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(media="555", media_until="99999999999")

    def test_statuses_come_signed_and_in_order(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        self.eventually(lambda: len(self.events) == 3)
        assert {path for path, _ in self.events} == {"/callbacks/whatsapp/"}
        found = [
            event["entry"][0]["changes"][0]["value"]["statuses"][0] for _, event in self.events
        ]
        assert [status["status"] for status in found] == ["sent", "delivered", "read"]
        assert {status["id"] for status in found} == {receipt.platform_id}
        assert {status["biz_opaque_callback_data"] for status in found} == {journal.reference}

    def test_unheard_callback_is_sent_again(self, connector, content, journal, teller):
        accept, refused = teller.reply, []

        def refuse_first(*request):
            if not refused:
                refused.append(request)
                return (503, {}, b"")
            return accept(*request)

        teller.reply = refuse_first
        connector.publish(content, journal)
        self.eventually(lambda: len(self.events) == 3)
        assert len(refused) == 1

    def test_publishes_text_alone(self, connector, journal, posts):
        connector.publish(Content(TEXT), journal)
        assert (posts()[0].text, posts()[0].file) == (TEXT, "")

    def test_another_delivery_status_proves_nothing(self, connector, content, journal):
        status = {"id": "wamid.1", "status": "sent", "biz_opaque_callback_data": "other"}
        assert connector.find(self.sent_hearing(content, journal, status)) is None

    def test_status_given_alone_is_understood(self, connector, content, journal):
        status = {"id": "wamid.1", "status": "delivered"}
        found = connector.find(self.sent_hearing(content, journal, status))
        assert found.platform_id == "wamid.1"

    def test_failed_status_says_why(self, connector, content, journal):
        status = {"id": "wamid.1", "status": "failed", "errors": [{"code": 131053}]}
        found = connector.find(self.sent_hearing(content, journal, status))
        assert isinstance(found, NotPublished)
        assert isinstance(found.error, ContentRefused)

    def test_one_participant_failing_does_not_undo_the_post(self, connector, content, journal):
        failed = {"id": "wamid.1", "status": "failed", "errors": [{"code": 131026}]}
        sent = {"id": "wamid.1", "status": "sent"}
        found = connector.find(self.sent_hearing(content, journal, failed, sent))
        assert found.platform_id == "wamid.1"

    def test_silence_proves_nothing(self):
        assert WhatsApp.silence_is_proof is False

    def test_group_is_needed(self, content, journal):
        self.extra = {}
        with pytest.raises(ConnectionRefused) as caught:
            self.at("http://127.0.0.1:9").publish(content, journal)
        assert caught.value.code == "whatsapp_group_missing"

    def test_unknown_group_is_refused(self, connector, content, journal, rehearsal):
        rehearsal.store.add_account("whatsapp", "1001", "विभाग", connector.account.token, {})
        with pytest.raises(ConnectionRefused) as caught:
            connector.publish(content, journal)
        assert caught.value.code == "whatsapp_group_missing"

    def test_check(self, photo):
        assert WhatsApp.check(Content("क" * 4096)) == []
        assert [p.code for p in WhatsApp.check(Content("क" * 4097))] == ["text_too_long_characters"]
        caption = Content("क" * 1024, attachments=(photo,))
        assert WhatsApp.check(caption) == []
        (problem,) = WhatsApp.check(Content("क" * 1025, attachments=(photo,)))
        assert problem.values == {"length": 1025, "limit": 1024, "over": 1}

    def test_a_template_goes_to_a_group_too(self, connector, journal, posts, rehearsal):
        receipt = connector.publish(Content("", template=PLAIN), journal)
        assert (posts()[0].id, posts()[0].text) == (receipt.platform_id, PLAIN.text)

    def test_video_of_a_group(self, connector, journal, video, posts):
        connector.publish(Content(TEXT, attachments=(video,)), journal)
        assert posts()[0].file

    # --- groups ---------------------------------------------------------------------------------

    def test_group_is_made_and_told_later(self, connector, rehearsal, journal):
        request = connector.create_group("जनपद अधिकारी", "सूचनाएँ")
        (told,) = self.eventually(lambda: [one for one in self.told() if one.kind == "group"])
        assert (told.said["request_id"], told.said["type"]) == (request, "group_create")
        (group,) = connector.groups().items
        assert (group.id, group.subject) == (told.said["group_id"], "जनपद अधिकारी")
        assert connector.invite_link(group.id) == told.said["invite_link"]

    def test_nobody_in_a_group_nothing_posted(self, connector, rehearsal, journal):
        connector.create_group("खाली समूह")
        (group,) = connector.groups().items
        self.extra = {"group": group.id}
        own = self.at(connector.http.base_url)
        with pytest.raises(ConnectionRefused) as caught:
            own.publish(Content(TEXT), journal)
        assert caught.value.code == "whatsapp_group_empty"
        assert connector.people_in(group.id) == 0
        for number in range(9):
            joined = rehearsal.stages["whatsapp"].groups.join(group.id, f"91900000000{number}")
            assert joined is (number < 8)
        own.publish(Content(TEXT), journal)
        assert connector.people_in(group.id) == 8

    def test_groups_come_page_by_page(self, connector):
        for number in range(101):
            connector.create_group(f"समूह {number}")
        first = connector.groups()
        assert (len(first.items), bool(first.after)) == (100, True)
        second = connector.groups(after=first.after)
        assert (len(second.items), second.after) == (1, "")

    def test_a_number_that_may_have_no_groups(self, connector, rehearsal):
        extra = {"groups": "no"}
        rehearsal.store.add_account("whatsapp", "1001", "विभाग", connector.account.token, extra)
        with pytest.raises(ConnectionRefused) as caught:
            connector.create_group("समूह")
        assert caught.value.code == "permission_missing"


class TestPerson(Heard, ConnectorContract):
    """One message to one person who agreed, by a template with a picture."""

    kind = WhatsApp
    extra = {"business": BUSINESS}

    @pytest.fixture
    def content(self, photo):
        return Content(
            FILLED.text,
            attachments=(photo,),
            options={"template": "yojana_photo:hi"},
            template=FILLED,
            recipient=PERSON,
        )

    def prepare(self, journal, base_url):
        journal.keep(media="555", media_until="99999999999")

    # --- what the platform says -----------------------------------------------------------------

    @pytest.mark.parametrize("code", sorted(code for code, _subcode in ERRORS))
    def test_error_at_once(self, connector, content, journal, fault, posts, code):
        kind, problem = ERRORS[code, 0]
        fault("code", detail=str(code))
        with pytest.raises(ConnectorError) as caught:
            connector.publish(content, journal)
        assert type(caught.value) is kind
        assert problem in PROBLEMS
        assert caught.value.code == ("unknown_outcome" if kind is Unknown else problem)
        assert posts() == []

    @pytest.mark.parametrize("code", sorted(code for code, _subcode in ERRORS))
    def test_error_in_a_status(self, connector, content, journal, code):
        kind, problem = ERRORS[code, 0]
        status = {"id": "wamid.1", "status": "failed", "errors": [{"code": code}]}
        found = connector.find(self.sent_hearing(content, journal, status))
        assert isinstance(found, NotPublished)
        assert type(found.error) is (Unavailable if kind is Unknown else kind)
        assert found.error.code == problem
        assert WhatsApp.news("status", status).error.code == problem

    @pytest.mark.parametrize("code", [131026, 131050, 132015, 131056])
    def test_numbers_that_provoke_an_error(self, connector, content, journal, code):
        with pytest.raises(ConnectorError) as caught:
            connector.publish(replace(content, recipient=f"+919998{code}"), journal)
        assert caught.value.code == ERRORS[code, 0][1]
        late = replace(content, recipient=f"+919999{code}")
        connector.publish(late, journal)
        (event,) = self.heard(journal)
        (told,) = WhatsApp.told(json.dumps(event).encode())
        assert told.said["status"] == "failed"
        assert WhatsApp.news(told.kind, told.said).error.code == ERRORS[code, 0][1]

    def test_capped_person_waits_a_day(self, connector, content, journal, fault):
        fault("code", detail="131049")
        with pytest.raises(RateLimited) as caught:
            connector.publish(content, journal)
        assert caught.value.retry_after == 24 * 3600
        status = {"id": "wamid.1", "status": "failed", "errors": [{"code": 131049}]}
        found = connector.find(self.sent_hearing(content, journal, status))
        assert found.error.retry_after == 24 * 3600

    def test_pair_rate_waits_four_times_as_long_each_time(self, connector, content, journal, fault):
        fault("code", detail="131056", times=3)
        waits = []
        for _try in range(3):
            with pytest.raises(RateLimited) as caught:
                connector.publish(content, journal)
            waits.append(caught.value.retry_after)
        assert waits == [4, 16, 64]
        assert pair_wait(99) == 6 * 3600

    def test_nothing_shows_the_number(self, connector, content, journal, teller, caplog):
        caplog.set_level("DEBUG")
        digits = PERSON[1:]
        answer = json.dumps({"error": {"code": 131026, "message": f"to {PERSON} or {digits}"}})
        teller.reply = lambda method, path, headers, body: (
            (400, {}, answer.encode()) if "/messages" in path else (200, {}, b'{"id": "5"}')
        )
        with pytest.raises(Refused) as caught:
            self.at(teller.url).publish(content, journal)
        shown = f"{caught.value!r} {caught.value.detail} {content!r} {caplog.text}"
        assert digits not in shown
        assert "•••" in caught.value.detail

    # --- what the rehearsal keeps watch over -----------------------------------------------------

    def test_pair_rate_lends_a_burst(self, connector, content, journal, rehearsal):
        for number in range(45):
            extra = {"to": PERSON[1:], "category": ""}
            post = Post("whatsapp", f"w{number}", "1001", "", "", "", time.time(), 0, extra)
            rehearsal.store.add_post(post)
        with pytest.raises(RateLimited) as caught:
            connector.publish(content, journal)
        assert caught.value.code == "pair_rate"

    def test_tier_counts_people_not_messages(self, connector, content, journal, rehearsal):
        extra = {"business": BUSINESS, "tier": "1"}
        rehearsal.store.add_account("whatsapp", "1001", "विभाग", connector.account.token, extra)
        connector.publish(content, journal)
        connector.publish(content, journal)
        with pytest.raises(RateLimited):
            connector.publish(replace(content, recipient="+919000000002"), journal)

    def test_throughput(self, connector, content, journal, rehearsal):
        extra = {"business": BUSINESS, "throughput": "0"}
        rehearsal.store.add_account("whatsapp", "1001", "विभाग", connector.account.token, extra)
        with pytest.raises(RateLimited):
            connector.publish(content, journal)

    def test_who_stopped_gets_no_marketing(self, connector, content, journal, rehearsal):
        said = Remark("whatsapp", "1", "1001", "preference", "", "", PERSON[1:], "", "stop",
                      time.time())  # fmt: skip
        rehearsal.store.add_remark(said)
        assert self.failure_of(connector, content, journal) == "opted_out"

    def test_marketing_is_capped(self, connector, content, journal, rehearsal):
        extra = {"business": BUSINESS, "marketing_cap": "0"}
        rehearsal.store.add_account("whatsapp", "1001", "विभाग", connector.account.token, extra)
        assert self.failure_of(connector, content, journal) == "marketing_cap"

    def failure_of(self, connector, content, journal):
        connector.publish(content, journal)
        (event,) = self.heard(journal)
        (told,) = WhatsApp.told(json.dumps(event).encode())
        return WhatsApp.news(told.kind, told.said).error.code

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"values": FILLED.values[:1]}, "template_values"),
            ({"values": (("1", "दो\nपंक्ति"), ("2", "पाठ"))}, "template_values"),
            ({"name": "no_such_template"}, "template_unusable"),
            ({"language": "en"}, "template_unusable"),
        ],
    )
    def test_template_that_does_not_fit(self, connector, content, journal, changed, problem):
        wrong = replace(content, template=replace(FILLED, **changed))
        with pytest.raises(Refused) as caught:
            connector.publish(wrong, journal)
        assert caught.value.code == problem

    @pytest.mark.parametrize(
        ("status", "problem"),
        [
            ("PAUSED", "template_paused"),
            ("DISABLED", "template_paused"),
            ("PENDING", "template_unusable"),
            ("REJECTED", "template_unusable"),
        ],
    )
    def test_template_in_another_state(
        self, connector, content, journal, rehearsal, status, problem
    ):
        stage = rehearsal.stages["whatsapp"]
        stage.templates.change(BUSINESS, "yojana_photo", status)
        if status == "PENDING":  # its review is not over yet
            for file in rehearsal.store.files("whatsapp", BUSINESS, "template"):
                rehearsal.store.put_file(replace(file, at=time.time() + 60))
        with pytest.raises(Refused) as caught:
            connector.publish(content, journal)
        assert caught.value.code == problem

    # --- filling --------------------------------------------------------------------------------

    def test_named_values_go_by_name(self, connector, journal, posts):
        connector.publish(Content("", template=PLAIN, recipient=PERSON), journal)
        assert posts()[0].text == PLAIN.text

    def test_nothing_without_a_template(self, connector, content, journal):
        with pytest.raises(Refused) as caught:
            connector.publish(replace(content, template=None), journal)
        assert caught.value.code == "template_unusable"
        assert "arm" not in journal.events

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"values": (("1", ""), ("2", "पाठ"))}, "template_value_missing"),
            ({"values": (("1", "दो\nपंक्ति"), ("2", "पाठ"))}, "template_values"),
            ({"values": (("1", "क"), ("2", "क" * 1025))}, "text_too_long_characters"),
            ({"status": "PAUSED"}, "template_unusable"),
            ({"header": "video"}, "video_missing"),
        ],
    )
    def test_check_of_a_template(self, content, changed, problem):
        wrong = replace(content, template=replace(FILLED, **changed))
        assert [found.code for found in WhatsApp.check(wrong)] == [problem]

    def test_check_wants_the_picture(self, content):
        (problem,) = WhatsApp.check(replace(content, attachments=()))
        assert problem.code == "photo_missing"
        (problem,) = WhatsApp.check(replace(content, template=None))
        assert problem.code == "template_unusable"

    # --- reading templates ----------------------------------------------------------------------

    def test_reads_templates(self, connector):
        found = {template.name: template for template in connector.read_templates()}
        assert set(found) == {
            "soochna_sandesh", "yojana_photo", "ruka_sandesh", "asvikrit_sandesh"
        }  # fmt: skip
        photo, plain = found["yojana_photo"], found["soochna_sandesh"]
        assert (photo.body, photo.names, photo.header) == (BODY, ("1", "2"), "image")
        assert (photo.is_named, plain.is_named) == (False, True)
        assert (plain.names, plain.status) == (("title", "text", "link"), "APPROVED")
        assert found["ruka_sandesh"].status == "PAUSED"

    def test_reads_templates_page_after_page(self, connector, rehearsal):
        stage = rehearsal.stages["whatsapp"]
        for number in range(250):
            body = [{"type": "BODY", "text": "सूचना।"}]
            stage.templates.add(BUSINESS, f"t_{number}", "hi", "UTILITY", body)
        assert len(connector.read_templates()) == 250

    @pytest.mark.parametrize(
        "part",
        [
            {"type": "HEADER", "format": "TEXT", "text": "नमस्ते {{1}}"},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://up.gov.in/{{1}}"}]},
            {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE"}]},
        ],
    )
    def test_template_that_asks_for_more_is_known_as_such(self, connector, rehearsal, part):
        body = {"type": "BODY", "text": "सूचना {{1}} यहाँ।"}
        add = rehearsal.stages["whatsapp"].templates.add
        add(BUSINESS, "more", "hi", "UTILITY", [part, body])
        (found,) = connector.read_templates()
        assert found.header == "other"

    def test_hostile_templates_are_no_templates(self, teller):
        rows = [None, 7, {"name": {}}, {"name": "ठीक", "components": [3, {"type": "BODY"}]}]
        teller.reply = lambda *request: (200, {}, json.dumps({"data": rows}).encode())
        (found,) = self.at(teller.url).read_templates()
        assert (found.name, found.body, found.names) == ("ठीक", "", ())

    def test_a_new_template_is_reviewed_and_told(self, connector, rehearsal):
        made = connector.graph(
            "POST",
            BUSINESS,
            "message_templates",
            reference="",
            json={
                "name": "naya",
                "language": "hi",
                "category": "UTILITY",
                "components": [{"type": "BODY", "text": "नमस्ते जी, कल की सूचना {{1}} आप के लिए।"}],
            },
        )
        assert made["status"] == "PENDING"
        (told,) = self.eventually(lambda: [one for one in self.told() if one.kind == "template"])
        assert told.account == business_of(connector.account)
        assert WhatsApp.news(told.kind, told.said) == News(template=("naya", "hi", "APPROVED"))

    # --- what people say ------------------------------------------------------------------------

    @pytest.mark.parametrize("hidden", [False, True])
    def test_a_word_to_stop(self, connector, content, journal, rehearsal, hidden):
        extra = {"business": BUSINESS, **({"hide_numbers": "yes"} if hidden else {})}
        rehearsal.store.add_account("whatsapp", "1001", "विभाग", connector.account.token, extra)
        receipt = connector.publish(content, journal)
        stage = rehearsal.stages["whatsapp"]
        said = Remark("whatsapp", "77", "1001", "message", receipt.platform_id, "", PERSON[1:],
                      "नागरिक", "बंद करें", time.time())  # fmt: skip
        rehearsal.callbacks.send("whatsapp", stage.event_about(said))
        (told,) = self.eventually(lambda: [one for one in self.told() if one.kind == "message"])
        assert told.account == "1001"
        news = WhatsApp.news(told.kind, told.said)
        address = "" if hidden else PERSON
        assert (news.wants, news.address, news.answers) == (False, address, receipt.platform_id)
        assert PERSON not in repr(news)

    @pytest.mark.parametrize(
        ("text", "stops"),
        [
            ("STOP", True),
            (" stop. ", True),
            ("बंद", True),
            ("रोकें।", True),
            ("*Stop*", True),
            ("कृपया शिविर बंद न करें", False),
            ("non-stop बस कब है", False),
            ("", False),
        ],
    )
    def test_words_that_stop(self, text, stops):
        assert is_stop(text) is stops

    def test_limits_are_what_the_platform_said(self):
        (limit,) = WhatsApp.limits({"messaging_limit": "TIER_2K"})
        assert (limit.amount, limit.per, limit.seconds) == (2000, "app", 86_400)
        assert WhatsApp.limits({"messaging_limit": "TIER_UNLIMITED"}) == ()
        assert WhatsApp.limits({}) == ()

    # --- media ----------------------------------------------------------------------------------

    def test_media_is_there_for_five_minutes_and_who_has_the_token(
        self, connector, content, journal, rehearsal
    ):
        connector.publish(content, journal)
        media = journal.values["media"]
        told = connector.graph("GET", media, reference="")
        http, token = connector.http, connector.account.token
        assert http.call("GET", told["url"], token=token).status == 200
        assert http.call("GET", told["url"], token="another").status == 400
        stale = told["url"].partition("?")[0] + f"?until={int(time.time()) - 1}"
        assert http.call("GET", stale, token=token).status == 404
        assert connector.graph("DELETE", media, reference="") == {"success": True}
        with pytest.raises(ConnectionRefused):
            connector.graph("GET", media, reference="")


class TestTold:
    """Callbacks that were written down: every kind of 4.7, in payloads/whatsapp."""

    PAYLOADS = json.loads((Path(__file__).parent / "payloads/whatsapp/callbacks.json").read_text())

    @pytest.mark.parametrize(
        ("name", "keys"),
        [
            ("message", ["message:wamid.IN1"]),
            ("message_of_a_hidden_number", ["message:wamid.IN2"]),
            ("button", ["message:wamid.IN3"]),
            ("choice", ["message:wamid.IN4"]),
            ("number_changed", ["message:wamid.IN5", "message:wamid.IN6"]),
            (
                "statuses",
                [
                    "status:wamid.OUT1:delivered:919000000001",
                    "status:wamid.OUT2:read:919000000002",
                    "status:wamid.OUT2:read:919000000003",
                    "status:wamid.OUT3:failed:IN.13f0a7",
                ],
            ),
            (
                "preferences",
                ["preference:919000000001:marketing_messages:stop:1795420805"],
            ),
            ("template_status", ["template:594425479261596:PAUSED:1795420800"]),
            (
                "template_quality",
                ["template:594425479261596:message_template_status_update:1795420800"],
            ),
            (
                "template_category",
                ["template:594425479261596:template_category_update:1795420801"],
            ),
            ("group_made", ["group:R1:group_create:1795420800"]),
            ("group_joined", ["group:G1:group_participants_add:1795420801"]),
            (
                "group_settings",
                [
                    "group:G1:group_settings_update:1795420802",
                    "group:G1:group_suspend:1795420803",
                ],
            ),
        ],
    )
    def test_every_item_has_the_platform_own_key(self, name, keys):
        told = self.told(name)
        assert [one.key for one in told] == keys
        assert all(one.at for one in told)
        assert {one.account for one in told} <= {"PN1", "WABA1"}

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ("trouble_of_the_account", ["account"]),
            ("number_quality", ["account"]),
            ("account", ["account", "account"]),
            ("unknown", ["other", "other"]),
        ],
    )
    def test_what_has_no_id_is_known_by_what_it_says(self, name, kinds):
        told = self.told(name)
        assert [one.kind for one in told] == kinds
        assert len({one.key for one in told}) == len(told)
        assert [one.key for one in told] == [one.key for one in self.told(name)]

    @pytest.mark.parametrize(
        ("name", "news"),
        [
            ("message", News(address=PERSON, answers="wamid.OUT1", wants=False, how="wrote")),
            ("message_of_a_hidden_number", None),
            ("button", News(address=PERSON, answers="wamid.OUT1", wants=False, how="wrote")),
            ("choice", News(address=PERSON, wants=False, how="wrote")),
            ("number_changed", None),
            ("statuses", News(reached="delivered")),
            ("preferences", News(address=PERSON, wants=False, how="stopped")),
            ("template_status", News(template=("soochna", "hi", "PAUSED"))),
            ("template_quality", None),
            ("template_category", None),
            ("account", None),
            ("group_made", None),
        ],
    )
    def test_what_it_means(self, name, news):
        told = self.told(name)[0]
        assert WhatsApp.news(told.kind, told.said) == news

    def test_the_person_is_told_with_the_message(self):
        assert self.told("message")[0].said["contact"]["profile"]["name"] == "Asha"
        hidden = self.told("message_of_a_hidden_number")[0].said["contact"]
        assert hidden["user_id"] == "IN.13f0a7"

    @pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"entry": 7}', b"[" * 10_000])
    def test_nonsense_tells_nothing(self, body):
        assert list(WhatsApp.told(body)) == []

    @settings(max_examples=200, deadline=None, database=None)
    @given(change=ANYTHING, name=st.sampled_from(sorted(PAYLOADS)))
    def test_no_callback_breaks_it(self, change, name):
        event = json.loads(json.dumps(self.PAYLOADS[name]))
        value = event["entry"][0]["changes"][0].get("value")
        for part in value if isinstance(value, dict) else ():
            value[part] = [change] if isinstance(value[part], list) else change
        for told in WhatsApp.told(json.dumps(event).encode()):
            WhatsApp.news(told.kind, told.said)

    def told(self, name):
        return list(WhatsApp.told(json.dumps(self.PAYLOADS[name]).encode()))
