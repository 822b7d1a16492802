"""Instagram by the Facebook login path (platform sheet, part 3)."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from .base import Content, Count, Journal, Problem, Receipt, Sent
from .checks import photo_problems, text_problems
from .errors import (
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Unavailable,
    Unknown,
)
from .graph import GraphConnector, Table
from .http import identifier_at, needed, rows_at, text_at
from .steps import keep_for, kept

CAPTION_LIMIT = 2_200
HASHTAGS, MENTIONS = 30, 20
PHOTO_LIMIT = 8 * 1024 * 1024
NARROWEST, WIDEST = 4 / 5, 1.91  # width divided by height
LEAST_WIDTH = 320
CONTAINER_KEPT = 23 * 3600  # a container expires after 24 hours
WAITS = (0.2, 0.5, 1, 2, 4, 8)  # seconds between looks at a container
WAIT_LONGER = 60
CLOCK_SKEW = timedelta(seconds=60)

_HASHTAG = re.compile(r"[#＃][^\s#＃@.,;:!?।]+")
_MENTION = re.compile(r"(?<![\w.])@[A-Za-z0-9_.]+")
_SUBCODE = re.compile(r"\b2207\d{3}\b")


class Instagram(GraphConnector):
    platform = "instagram"
    api_url = "https://graph.facebook.com"
    needs_attachment = "any"
    own_errors: ClassVar[Table] = {
        (-1, 0): (Unknown, "platform_failing"),
        (-2, 0): (Unavailable, "media_unreachable"),
        (4, 2207051): (Unknown, "platform_failing"),
        (9, 0): (RateLimited, "daily_limit"),
        (24, 0): (Unavailable, "still_processing"),
        (25, 0): (ConnectionRefused, "account_restricted"),
        (352, 0): (ContentRefused, "photo_refused"),
        (9004, 0): (Unavailable, "media_unreachable"),
        (9007, 0): (Unavailable, "still_processing"),
        (36000, 0): (ContentRefused, "photo_refused"),
        (36001, 0): (ContentRefused, "photo_refused"),
        (36003, 0): (ContentRefused, "photo_refused"),
        (36004, 0): (ContentRefused, "text_refused_length"),
    }

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), CAPTION_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        found = text_problems(content, cls.count(content.text))
        found += photo_problems(content, mimes=("image/jpeg",), limit=PHOTO_LIMIT)
        if not content.attachments:
            found.append(Problem("photo_missing"))
        for code, pattern, limit in (
            ("too_many_hashtags", _HASHTAG, HASHTAGS),
            ("too_many_mentions", _MENTION, MENTIONS),
        ):
            count = len(pattern.findall(content.text))
            if count > limit:
                found.append(Problem(code, values={"count": count, "limit": limit}))
        for photo in content.attachments:
            if not photo.is_video and not _shape_fits(photo.width, photo.height):
                found.append(Problem("photo_shape"))
            if not photo.is_video and photo.width < LEAST_WIDTH:
                values = {"width": photo.width, "limit": LEAST_WIDTH}
                found.append(Problem("photo_too_narrow", values=values))
        if "://" in content.text:
            found.append(Problem("links_not_clickable", level="warning"))
        return found

    def publish(self, content: Content, journal: Journal) -> Receipt:
        """A container is invisible until published, and publishing it is asked for only once."""
        container = kept(journal, "container") or self._create(content, journal)
        self._await(container, journal)
        journal.arm()
        answer = self.graph(
            "POST",
            self.account.external_id,
            "media_publish",
            reference=journal.reference,
            visible=True,
            data={"creation_id": container},
        )
        media = needed(identifier_at(answer, "id"), visible=True)
        return Receipt(media, self._permalink(media, journal.reference))

    def find(self, sent: Sent) -> Receipt | None:
        """A container does not tell its media id: caption and time do (3.5)."""
        container = sent.kept.get("container", "")
        if container and self._state(container, sent.reference)[0] in ("FINISHED", "IN_PROGRESS"):
            return None
        listed = self.graph(
            "GET",
            self.account.external_id,
            "media",
            reference=sent.reference,
            params={"fields": "id,caption,timestamp,permalink,media_product_type", "limit": 10},
        )
        earliest = sent.armed_at - CLOCK_SKEW
        found = [
            row
            for row in rows_at(listed, "data")
            if text_at(row, "id") not in sent.taken
            and text_at(row, "caption").split() == sent.content.text.split()
            and _moment(text_at(row, "timestamp")) >= earliest
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(text_at(row, "id") for row in found))
        if not found:
            return None
        media = needed(identifier_at(found[0], "id"))
        return Receipt(media, self._own_address(text_at(found[0], "permalink")))

    def _create(self, content: Content, journal: Journal) -> str:
        photo = content.attachments[0] if content.attachments else None
        if photo is None or not photo.url:
            raise ContentRefused("photo_missing")
        answer = self.graph(
            "POST",
            self.account.external_id,
            "media",
            reference=journal.reference,
            data={"image_url": photo.url, "caption": content.text, "alt_text": photo.alt},
        )
        container = needed(identifier_at(answer, "id"))
        keep_for(journal, "container", container, CONTAINER_KEPT)
        return container

    def _state(self, container: str, reference: str) -> tuple[str, str]:
        """The container's status_code, and what the platform says about it."""
        answer = self.graph(
            "GET", container, reference=reference, params={"fields": "status_code,status"}
        )
        return text_at(answer, "status_code"), text_at(answer, "status")

    def _await(self, container: str, journal: Journal) -> None:
        """Returns when the container may be published; raises when it may not (yet)."""
        for wait in (*WAITS, 0):
            state, status = self._state(container, journal.reference)
            if state == "FINISHED":
                return
            if state == "PUBLISHED":  # by an attempt whose answer was lost
                raise Unknown(detail="The container is published already.")
            if state in ("ERROR", "EXPIRED"):
                journal.keep(container="")
                raise _container_error(state, status)
            time.sleep(wait)
        raise Unavailable("still_processing", detail=status[:200], retry_after=WAIT_LONGER)

    def _permalink(self, media: str, reference: str) -> str:
        """Reading it may fail: the post is out nevertheless (3.2)."""
        try:
            answer = self.graph("GET", media, reference=reference, params={"fields": "permalink"})
        except ConnectorError:
            return ""
        return self._own_address(text_at(answer, "permalink"))

    def _own_address(self, address: str) -> str:
        known = address.startswith("https://www.instagram.com/") and len(address) <= 400
        return self.http.permalink(address) if known else ""


def _shape_fits(width: int, height: int) -> bool:
    return height > 0 and NARROWEST - 0.005 <= width / height <= WIDEST + 0.005


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _container_error(state: str, status: str) -> ConnectorError:
    """`status` is prose with a subcode in it (3.2, 3.4)."""
    subcode = _SUBCODE.search(status)
    lasting = {"2207004", "2207005", "2207009", "2207026", "2207010"}
    if subcode and subcode.group() in lasting:
        return ContentRefused("photo_refused", detail=status[:500])
    return Unavailable("media_processing_failed", detail=f"{state} {status}"[:500])
