"""WhatsApp by the Cloud API: templates to single people, and groups of its own (sheet, part 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from django.conf import settings

from . import whatsapp_told
from .base import (
    Answers,
    Attachment,
    Content,
    Count,
    Fit,
    Heard,
    Journal,
    Limit,
    News,
    NotPublished,
    Option,
    Problem,
    ReadTemplate,
    Receipt,
    Sent,
    Told,
)
from .checks import photo_problems, text_problems, video_problems
from .errors import ConnectionRefused, ConnectorError, RateLimited, Refused
from .graph import Table
from .graph_replies import length_problems, window_problems
from .http import Answer, identifier_at, mask, needed, rows_at, text_at
from .steps import keep_for, kept
from .whatsapp_account import WhatsAppConsent
from .whatsapp_errors import ERRORS, WAITS, pair_wait
from .whatsapp_groups import GroupConnector
from .whatsapp_templates import (
    FIELDS,
    filled,
    read_template,
    rows_and_cursor,
    template_problems,
)

TEXT_LIMIT, CAPTION_LIMIT = 4_096, 1_024
PHOTO_FIT = Fit(("image/jpeg", "image/png"), 5_000_000)
VIDEO_FIT = Fit(("video/mp4",), 16_000_000)
MEDIA_KEPT = 29 * 24 * 3600  # the platform keeps an upload for 30 days (4.2.5)
MOST_PAGES = 70  # of a hundred templates; an account has 6,000 at most (4.2.4)
TIERS = {"TIER_250": 250, "TIER_2K": 2_000, "TIER_10K": 10_000, "TIER_100K": 100_000}
REACHED = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read"}


class WhatsApp(GroupConnector):
    """There is no reading back: only a status callback that names our reference proves a post.

    A message goes to one person who agreed, by a template that Meta approved, or to the group
    stored with the connection.
    """

    platform = "whatsapp"
    marks = frozenset({"link", "bold", "italic", "strike"})
    api_url = "https://graph.facebook.com"
    consent = WhatsAppConsent
    title_line = "*{}*"
    takes_video = True
    has_recipients = True
    silence_is_proof = False
    replies_to = frozenset({"message"})
    hand_link = "link_of_channel_or_group"
    hand_edit = "corrected_by_new_message"
    options = (Option("template"),)  # of audience.approved_templates: name:language
    own_errors: ClassVar[Table] = ERRORS

    # --- before approval --------------------------------------------------------------------------

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), TEXT_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        return [*cls._text_problems(content), *_file_problems(content)]

    @classmethod
    def _text_problems(cls, content: Content) -> list[Problem]:
        if content.options.get("template") or content.template:
            return template_problems(content)
        limit = CAPTION_LIMIT if content.attachments else TEXT_LIMIT
        return text_problems(content, Count(len(content.text), limit, "characters"))

    @classmethod
    def limits(cls, facts: Mapping[str, Any]) -> tuple[Limit, ...]:
        """People written to in any 24 hours, shared by all numbers of the portfolio (4.2.6)."""
        amount = TIERS.get(text_at(facts, "messaging_limit"))
        return (Limit("whatsapp_people_day", amount, "app"),) if amount else ()

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return VIDEO_FIT if mime.startswith("video/") else PHOTO_FIT

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, content: Content, journal: Journal) -> Receipt:
        try:
            return self._send(content, journal)
        except ConnectorError as error:
            # What the platform answers may repeat the person's number.
            number = content.recipient
            error.detail = mask(error.detail, (number, number.removeprefix("+")))
            if error.code == "pair_rate":
                tries = int(journal.get("pair_tries") or 0) + 1
                journal.keep(pair_tries=str(tries))
                error.retry_after = pair_wait(tries)
            raise

    def _send(self, content: Content, journal: Journal) -> Receipt:
        message = {
            "messaging_product": "whatsapp",
            **self._addressed(content),
            **self._body(content, journal),
            **_quoted(content),
            "biz_opaque_callback_data": journal.reference,
        }
        journal.arm()
        answer = self.graph(
            "POST",
            self.account.external_id,
            "messages",
            reference=journal.reference,
            visible=True,
            json=message,
        )
        return Receipt(needed(identifier_at(answer, "messages", 0, "id"), visible=True))

    def _addressed(self, content: Content) -> dict[str, str]:
        """To a person outside of a conversation only a template may go (131047)."""
        if content.recipient:
            if content.template is None and content.answers is None:
                raise Refused("template_unusable")
            return {"recipient_type": "individual", "to": content.recipient}
        group = self.account.extra.get("group", "")
        if not group:
            raise ConnectionRefused("whatsapp_group_missing")
        return {"recipient_type": "group", "to": group}

    def _body(self, content: Content, journal: Journal) -> dict[str, Any]:
        files, template = content.attachments, content.template
        if template:
            media = self._media(files[0], journal) if template.header and files else ""
            return {"type": "template", "template": filled(template, media)}
        if not files:
            return {"type": "text", "text": {"body": content.text, "preview_url": True}}
        kind = "video" if files[0].is_video else "image"
        media = self._media(files[0], journal)
        return {"type": kind, kind: {"id": media, "caption": content.text}}

    def _media(self, attachment: Attachment, journal: Journal) -> str:
        return kept(journal, "media") or self._upload(attachment, journal)

    def _upload(self, attachment: Attachment, journal: Journal) -> str:
        with attachment.file.open("rb") as file:
            answer = self.graph(
                "POST",
                self.account.external_id,
                "media",
                reference=journal.reference,
                data={"messaging_product": "whatsapp", "type": attachment.mime},
                files={"file": ("file", file, attachment.mime)},
            )
        media = needed(identifier_at(answer, "id"))
        keep_for(journal, "media", media, MEDIA_KEPT)
        return media

    def find(self, sent: Sent) -> Receipt | NotPublished | None:
        """One participant's failure proves nothing while another one got the message."""
        statuses = [status for heard in sent.heard for status in _statuses(heard, sent.reference)]
        for status in statuses:
            wamid = identifier_at(status, "id")
            if wamid and text_at(status, "status") != "failed":
                return Receipt(wamid)
        for status in statuses:
            for error in rows_at(status, "errors"):
                return NotPublished(self.error_told(error))
        return None

    # --- answering --------------------------------------------------------------------------------

    @classmethod
    def check_reply(cls, content: Content, *, now: datetime) -> list[Problem]:
        """A day after what the person wrote only a template may go (4.2.6)."""
        if content.template:
            return []
        answers = content.answers or Answers("message", "")
        return [
            *length_problems(content.text, TEXT_LIMIT),
            *window_problems(answers, now, settings.PRIVATE_WINDOW_HOURS),
        ]

    def reply(self, content: Content, journal: Journal) -> Receipt:
        """Inside the window free words, which quote what they answer."""
        return self.publish(content, journal)

    def find_reply(self, sent: Sent) -> Receipt | NotPublished | None:
        return self.find(sent)

    @classmethod
    def heard(cls, kind: str, said: Mapping[str, Any], *, account: str) -> Heard | None:
        return whatsapp_told.heard(said) if kind == "message" else None

    # --- what went wrong --------------------------------------------------------------------------

    def fail(self, answer: Answer, error: Any) -> NoReturn:
        try:
            super().fail(answer, error)
        except RateLimited as limited:
            limited.retry_after = WAITS.get(limited.code, limited.retry_after)
            raise

    @classmethod
    def error_told(cls, error: Mapping[str, Any]) -> ConnectorError:
        told = super().error_told(error)
        told.retry_after = WAITS.get(told.code, told.retry_after)
        return told

    # --- templates --------------------------------------------------------------------------------

    def read_templates(self) -> list[ReadTemplate]:
        business = self.account.extra.get("business", "")
        found: list[ReadTemplate] = []
        after = ""
        for _page in range(MOST_PAGES):
            asked = {"fields": FIELDS, "limit": 100, **({"after": after} if after else {})}
            answer = self.graph("GET", business, "message_templates", reference="", params=asked)
            rows, after = rows_and_cursor(answer, after)
            found += [read_template(row) for row in rows if text_at(row, "name")]
            if not after:
                break
        return found

    # --- what it sends to us ----------------------------------------------------------------------

    @classmethod
    def told(cls, body: bytes) -> Iterator[Told]:
        return whatsapp_told.items(body)

    @classmethod
    def news(cls, kind: str, said: Mapping[str, Any]) -> News | None:
        if kind == "status":
            return cls._news_of_status(said)
        if kind == "message" and whatsapp_told.is_stop(whatsapp_told.words_of(said)):
            answers = text_at(said, "context", "id")
            return News(address=_address(said, "from"), answers=answers, wants=False, how="wrote")
        if kind == "preference" and text_at(said, "value") in ("stop", "resume"):
            wants = text_at(said, "value") == "resume"
            return News(address=_address(said, "wa_id"), wants=wants, how="stopped")
        state = text_at(said, "event")
        if kind == "template" and state in whatsapp_told.TEMPLATE_STATES:
            name = text_at(said, "message_template_name")
            return News(template=(name, text_at(said, "message_template_language"), state))
        return None

    @classmethod
    def _news_of_status(cls, said: Mapping[str, Any]) -> News | None:
        state = text_at(said, "status")
        if state == "failed":
            error = next(iter(rows_at(said, "errors")), {})
            return News(error=cls.error_told(error))
        return News(reached=REACHED[state]) if state in REACHED else None


def _quoted(content: Content) -> dict[str, Any]:
    quoted = content.answers.id if content.answers and not content.template else ""
    return {"context": {"message_id": quoted}} if quoted else {}


def _file_problems(content: Content) -> list[Problem]:
    """One file: the picture or video of a message, or that of a template's header."""
    found = photo_problems(content, mimes=PHOTO_FIT.mimes, limit=PHOTO_FIT.bytes, takes_video=True)
    return [*found, *video_problems(content, VIDEO_FIT)]


def _address(said: Mapping[str, Any], key: str) -> str:
    """Missing where the person hides their number (4.7)."""
    digits = text_at(said, key).removeprefix("+")
    return f"+{digits}" if digits.isdecimal() else ""


def _statuses(heard: Mapping[str, Any], reference: str) -> Iterator[Mapping[str, Any]]:
    """The status objects that name `reference`, in a whole callback or given alone (4.7)."""
    rows = [heard] if "status" in heard else []
    for entry in rows_at(heard, "entry"):
        for change in rows_at(entry, "changes"):
            rows += rows_at(change, "value", "statuses")
    return (row for row in rows if text_at(row, "biz_opaque_callback_data") == reference)
