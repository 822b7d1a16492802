"""Facebook Pages (platform sheet, part 2)."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from .base import Attachment, Content, Count, Journal, Problem, Receipt, Sent
from .checks import photo_problems, text_problems
from .errors import AlreadyPublished, ConnectionRefused, ContentRefused, RateLimited, Unknown
from .graph import GraphConnector, Table
from .http import identifier_at, needed, rows_at, text_at
from .steps import keep_for, kept

TEXT_LIMIT = 63_206
PHOTO_LIMIT = 4_000_000  # the smaller of two documented figures (2.3)
PHOTO_KEPT = 20 * 3600  # an unpublished photo lives about 24 hours (2.2)
EARLIER = 300  # seconds before the attempt from which published posts are read (2.5)


class Facebook(GraphConnector):
    platform = "facebook"
    api_url = "https://graph.facebook.com"
    joins_languages = True
    own_errors: ClassVar[Table] = {
        (1, 2853006): (ConnectionRefused, "permission_missing"),
        (100, 1366046): (ContentRefused, "photo_refused"),
        (100, 1366051): (AlreadyPublished, "already_published"),
        (100, 1349125): (ContentRefused, "content_refused"),
        (100, 1404006): (ConnectionRefused, "account_restricted"),
        (100, 1404078): (ConnectionRefused, "account_restricted"),
        (100, 1404102): (ContentRefused, "content_refused"),
        (100, 1404112): (RateLimited, "rate_limited"),
        (100, 1363047): (Unknown, "platform_failing"),
        (100, 1609010): (Unknown, "platform_failing"),
        (100, 2061006): (ContentRefused, "link_refused"),
        (100, 2069019): (ContentRefused, "photo_refused"),
        (100, 4854002): (ConnectionRefused, "account_restricted"),
        (197, 0): (ContentRefused, "text_missing"),
        (200, 1609008): (ContentRefused, "link_refused"),
        (1500, 0): (ContentRefused, "link_refused"),
        (1609005, 0): (ContentRefused, "link_refused"),
        (1705, 0): (Unknown, "platform_failing"),
        (5101, 0): (ContentRefused, "photo_refused"),
    }

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), TEXT_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        return [
            *text_problems(content, cls.count(content.text)),
            *photo_problems(content, mimes=("image/jpeg", "image/png"), limit=PHOTO_LIMIT),
        ]

    def publish(self, content: Content, journal: Journal) -> Receipt:
        """The photo goes up unpublished first, so that its id can prove the post later."""
        form = {"message": content.text, "fields": "id"}
        if content.attachments:
            photo = kept(journal, "photo") or self._upload(content.attachments[0], journal)
            form["attached_media"] = json.dumps([{"media_fbid": photo}])
        journal.arm()
        post = self.graph(
            "POST",
            self.account.external_id,
            "feed",
            reference=journal.reference,
            visible=True,
            data=form,
        )
        return self._receipt(needed(identifier_at(post, "id"), visible=True))

    def find(self, sent: Sent) -> Receipt | None:
        listed = self.graph(
            "GET",
            self.account.external_id,
            "published_posts",
            reference=sent.reference,
            params={
                "fields": "id,message,created_time,permalink_url,attachments{target}",
                "since": int(sent.armed_at.timestamp()) - EARLIER,
                "limit": 50,
            },
        )
        posts = [row for row in rows_at(listed, "data") if text_at(row, "id") not in sent.taken]
        photo = sent.kept.get("photo", "") if sent.content.attachments else ""
        with_photo = [post for post in posts if photo and photo in _targets(post)]
        same_text = [post for post in posts if _words(post) == sent.content.text.split()]
        found = with_photo or same_text
        if len(found) > 1:
            raise Unknown(
                "several_matches", detail=", ".join(text_at(post, "id") for post in found)
            )
        return self._receipt(needed(identifier_at(found[0], "id"))) if found else None

    def _upload(self, attachment: Attachment, journal: Journal) -> str:
        with attachment.file.open("rb") as file:
            answer = self.graph(
                "POST",
                self.account.external_id,
                "photos",
                reference=journal.reference,
                data={"published": "false", "alt_text_custom": attachment.alt},
                files={"source": ("photo", file, attachment.mime)},
            )
        photo = needed(identifier_at(answer, "id"))
        keep_for(journal, "photo", photo, PHOTO_KEPT)
        return photo

    def _receipt(self, post_id: str) -> Receipt:
        return Receipt(post_id, self.http.permalink(f"https://www.facebook.com/{post_id}"))


def _words(post: dict[str, Any]) -> list[str]:
    return text_at(post, "message").split()


def _targets(post: dict[str, Any]) -> list[str]:
    rows = rows_at(post, "attachments", "data")
    return [identifier_at(row, "target", "id") for row in rows]
