import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from publishing.connectors.base import Content, NotPublished
from publishing.connectors.errors import ConnectionRefused, ContentRefused
from publishing.connectors.whatsapp import WhatsApp

from .contract import ConnectorContract

TEXT = "नमस्ते। कल सुबह 10 बजे *शिविर* है।"
GROUP = "Y2FwaV9ncm91cDoxOTUwNTU1MDA3OToxMjAzNjM="
SECRET = "0123456789abcdef0123456789abcdef"


class TestWhatsApp(ConnectorContract):
    kind = WhatsApp
    extra = {"group": GROUP}

    @pytest.fixture
    def content(self, photo):
        return Content(TEXT, attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(media="555", media_until="99999999999")

    @pytest.fixture(autouse=True)
    def portal(self, rehearsal, teller):
        """The portal's end of the callbacks: what came, with its signature checked."""
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

    def sent_hearing(self, content, journal, *statuses):
        named = tuple({"biz_opaque_callback_data": journal.reference, **s} for s in statuses)
        return replace(self.sent(content, journal, accepted=False), heard=named)

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
