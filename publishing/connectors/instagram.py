"""Instagram by the Facebook login path (platform sheet, part 3)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from .base import (
    Answers,
    Attachment,
    Comment,
    Content,
    Count,
    Fit,
    Heard,
    Journal,
    Limit,
    Page,
    Problem,
    Published,
    Receipt,
    Sent,
    Told,
)
from .checks import photo_problems, text_problems, video_problems
from .errors import (
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    NeedsOfficer,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from .graph import DAILY_WAIT, Meaning, Table, moment, newer
from .graph_replies import AnsweringConnector
from .http import Answer, dig, identifier_at, needed, number_at, rows_at, text_at
from .instagram_account import InstagramConsent
from .steps import WatchedFile, keep_for, kept

CAPTION_LIMIT = 2_200
HASHTAGS, MENTIONS = 30, 20
FILES = 10  # in a carousel (3.3)
NARROWEST, WIDEST = 4 / 5, 1.91  # of a photo: width divided by height
PHOTO_FIT = Fit(
    ("image/jpeg",), 8 * 1024 * 1024, longest_side=1440, narrowest=NARROWEST, widest=WIDEST
)
VIDEO_FIT = Fit(
    ("video/mp4",), 300_000_000, longest_side=1920, narrowest=0.01, widest=10,
    seconds=15 * 60, fps=60,
)  # fmt: skip
SHORTEST_VIDEO = 3  # seconds
CHILD_SECONDS = 60  # of a video in a carousel; not in the sheet
LEAST_WIDTH = 320
CONTAINER_KEPT = 23 * 3600  # a container expires after 24 hours
DAILY_POSTS = 50  # the lowest current figure, until the platform was asked (3.2)
WAITS = (0.2, 0.5, 1, 2, 4)  # seconds between looks at a container
WAIT_LONGER = 60
CLOCK_SKEW = timedelta(seconds=60)
# What these say of a container: it will never be published, and a new one may be.
DEAD = frozenset({"media_processing_failed", "media_unreachable"})
COMMENT_FIELDS = "id,text,username,from{id,username},timestamp,hidden"

_HASHTAG = re.compile(r"[#＃][^\s#＃@.,;:!?।]+")
_MENTION = re.compile(r"(?<![\w.])@[A-Za-z0-9_.]+")
_SUBCODE = re.compile(r"\b2207\d{3}\b")


class Instagram(AnsweringConnector):
    platform = "instagram"
    consent = InstagramConsent
    marks = frozenset({"hashtag", "mention"})
    api_url = "https://graph.facebook.com"
    callback_object = "instagram"
    inbox = "instagram"
    answers_at = "replies"
    hides_by = "hide"
    needs_attachment = "any"
    photos_at_most = FILES
    takes_video = True
    can_remove = True
    upload_hosts = frozenset({"rupload.facebook.com"})
    fold = 125  # three lines, says Instagram's help, and recommends 125 characters
    narrowest_shown = NARROWEST
    widest_shown = WIDEST
    own_errors: ClassVar[Table] = {
        (-1, 0): (Unknown, "platform_failing"),
        (-2, 0): (Unavailable, "media_unreachable"),
        (9, 0): (RateLimited, "daily_limit"),
        (24, 0): (Refused, "refused"),
        (25, 0): (ConnectionRefused, "account_restricted"),
        (352, 0): (ContentRefused, "video_refused"),
        (9004, 0): (Unavailable, "media_unreachable"),
        (9007, 0): (Unavailable, "still_processing"),
        (36000, 0): (ContentRefused, "photo_refused"),
        (36001, 0): (ContentRefused, "photo_refused"),
        (36003, 0): (ContentRefused, "photo_refused"),
        (36004, 0): (ContentRefused, "text_refused_length"),
    }
    own_subcodes: ClassVar[Mapping[int, Meaning]] = {
        2207001: (Unknown, "platform_failing"),
        2207032: (Unknown, "platform_failing"),
        2207003: (Unavailable, "media_unreachable"),
        2207052: (Unavailable, "media_unreachable"),
        **dict.fromkeys(
            (2207020, 2207053, 2207077, 2207082), (Unavailable, "media_processing_failed")
        ),
        2207006: (Refused, "refused"),
        2207008: (Unavailable, "container_missing"),
        2207027: (Unavailable, "still_processing"),
        2207042: (RateLimited, "daily_limit"),
        2207050: (ConnectionRefused, "account_restricted"),
        2207051: (Unknown, "platform_failing"),  # has been seen although the post was out
        **dict.fromkeys((2207026, 2207057), (ContentRefused, "video_refused")),
        **dict.fromkeys((2207004, 2207005, 2207009), (ContentRefused, "photo_refused")),
        2207010: (ContentRefused, "text_refused_length"),
        **dict.fromkeys(
            (2207023, 2207028, 2207035, 2207036, 2207037, 2207040, 2207081),
            (ContentRefused, "content_refused"),
        ),
    }

    # --- before approval --------------------------------------------------------------------------

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), CAPTION_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        found = text_problems(content, cls.count(content.text))
        if not content.attachments:
            found.append(Problem("photo_missing"))
        found += photo_problems(
            content,
            mimes=PHOTO_FIT.mimes,
            limit=PHOTO_FIT.bytes,
            photos_at_most=FILES,
            takes_video=True,
        )
        found += video_problems(content, VIDEO_FIT, shortest=SHORTEST_VIDEO, stands_alone=False)
        found += _carousel_problems(content)
        for photo in content.attachments:
            if not photo.is_video:
                found += _shape_problems(photo)
        found += _word_problems(content.text)
        return found

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return VIDEO_FIT if mime.startswith("video/") else PHOTO_FIT

    @classmethod
    def limits(cls, facts: Mapping[str, Any]) -> tuple[Limit, ...]:
        """Instagram changes the figure often: it is read with each check of the handle (3.2)."""
        return (
            Limit("instagram_posts_day", number_at(facts, "daily_limit") or DAILY_POSTS, "handle"),
        )

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, content: Content, journal: Journal) -> Receipt:
        """A container is invisible until published, and publishing it is asked for only once."""
        if not content.attachments:
            raise ContentRefused("photo_missing")
        try:
            container = kept(journal, "container") or self._create(content, journal)
            self._await(container, journal.reference)
            self._stay_in_daily_limit(journal.reference)
            journal.arm()
            answer = self.graph(
                "POST",
                self.account.external_id,
                "media_publish",
                reference=journal.reference,
                visible=True,
                data={"creation_id": container},
            )
        except (ContentRefused, Unavailable) as error:
            if _is_dead(error, journal):
                _forget(content, journal)
            raise
        media = needed(identifier_at(answer, "id"), visible=True)
        return Receipt(media, self._permalink(media, journal.reference))

    def _create(self, content: Content, journal: Journal) -> str:
        """The container that is published; a carousel's children are made and ready before it."""
        files = content.attachments
        if len(files) == 1:
            return self._contain(files[0], journal, "container", {"caption": content.text})
        children = [
            kept(journal, f"child_{number}")
            or self._contain(file, journal, f"child_{number}", {"is_carousel_item": "true"})
            for number, file in enumerate(files)
        ]
        for child in children:
            self._await(child, journal.reference)
        form = {"media_type": "CAROUSEL", "children": ",".join(children), "caption": content.text}
        container = needed(identifier_at(self._new_container(form, journal), "id"))
        keep_for(journal, "container", container, CONTAINER_KEPT)
        return container

    def _contain(
        self, file: Attachment, journal: Journal, key: str, form: Mapping[str, str]
    ) -> str:
        """A container with one file; it is kept when nothing more has to be sent to it."""
        if file.is_video:
            return self._contain_video(file, journal, key, form)
        if not file.url:
            raise ContentRefused("photo_missing")
        asked = {**form, "image_url": file.url, "alt_text": file.alt}
        container = needed(identifier_at(self._new_container(asked, journal), "id"))
        keep_for(journal, key, container, CONTAINER_KEPT)
        return container

    def _contain_video(
        self, video: Attachment, journal: Journal, key: str, form: Mapping[str, str]
    ) -> str:
        """The bytes are sent, so that the file need not be public (3.2)."""
        is_child = "is_carousel_item" in form
        kind = {"media_type": "VIDEO"} if is_child else {
            "media_type": "REELS", "share_to_feed": "true"
        }  # fmt: skip
        made = self._new_container({**form, **kind, "upload_type": "resumable"}, journal)
        container = needed(identifier_at(made, "id"))
        with video.file.open("rb") as file:
            answer = self.http.call(
                "POST",
                needed(text_at(made, "uri")),
                token=self.account.token,
                reference=journal.reference,
                data=WatchedFile(file, video.size, journal),
                headers={
                    "Authorization": f"OAuth {self.account.token}",
                    "Content-Type": "application/octet-stream",
                    "offset": "0",
                    "file_size": str(video.size),
                },
            )
        self._check_upload(answer)
        keep_for(journal, key, container, CONTAINER_KEPT)
        return container

    def _check_upload(self, answer: Answer) -> None:
        """An upload has a form of error of its own, `debug_info` (3.2)."""
        data = answer.data()
        info = data.get("debug_info")
        if isinstance(info, dict):
            lasting = info.get("retriable") is False
            kind = ContentRefused if lasting else Unavailable
            code = "video_refused" if lasting else "media_processing_failed"
            raise kind(code, detail=answer.detail, status=answer.status)
        if self.understood(answer).get("success") is not True:
            raise answer.unclear("unreadable_answer")

    def _new_container(self, form: Mapping[str, str], journal: Journal) -> dict[str, Any]:
        return self.graph(
            "POST", self.account.external_id, "media", reference=journal.reference, data=form
        )

    def _state(self, container: str, reference: str) -> tuple[str, str]:
        """The container's status_code, and what the platform says about it."""
        answer = self.graph(
            "GET", container, reference=reference, params={"fields": "status_code,status"}
        )
        return text_at(answer, "status_code"), text_at(answer, "status")

    def _await(self, container: str, reference: str) -> None:
        """Returns when the container may be published; raises when it may not (yet)."""
        for wait in (*WAITS, None):
            state, status = self._state(container, reference)
            if state == "FINISHED":
                return
            if state == "PUBLISHED":  # by an attempt whose answer was lost
                raise Unknown(detail="The container is published already.")
            if state in ("ERROR", "EXPIRED"):
                raise self._container_error(state, status)
            if wait:
                time.sleep(wait)
        raise Unavailable("still_processing", detail=status[:200], retry_after=WAIT_LONGER)

    def _container_error(self, state: str, status: str) -> ConnectorError:
        """`status` is prose with a subcode in it (3.2, 3.4)."""
        detail = f"{state} {status}"[:500]
        subcode = _SUBCODE.search(status)
        found = self.own_subcodes.get(int(subcode.group())) if subcode else None
        if found and issubclass(found[0], ContentRefused):
            return ContentRefused(found[1], detail=detail)
        return Unavailable("media_processing_failed", detail=detail)

    def _stay_in_daily_limit(self, reference: str) -> None:
        """Instagram checks it when publishing, and changes it often: so it is asked (3.2)."""
        answer = self.graph(
            "GET",
            self.account.external_id,
            "content_publishing_limit",
            reference=reference,
            params={"fields": "quota_usage,config"},
        )
        row = dig(answer, "data", 0)
        total, used = number_at(row, "config", "quota_total"), number_at(row, "quota_usage")
        if 0 < total <= used:
            raise RateLimited("daily_limit", detail=f"{used} of {total}", retry_after=DAILY_WAIT)

    def _permalink(self, media: str, reference: str) -> str:
        """Reading it may fail: the post is out nevertheless (3.2)."""
        try:
            answer = self.graph("GET", media, reference=reference, params={"fields": "permalink"})
        except ConnectorError:
            return ""
        return self._own_address(text_at(answer, "permalink"))

    def _own_address(self, address: str) -> str:
        known = address.startswith("https://www.instagram.com/") and len(address) <= 400
        return self.http.address_of(address) if known else ""

    # --- finding what was published ---------------------------------------------------------------

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
            and (moment(text_at(row, "timestamp")) or datetime.min.replace(tzinfo=UTC)) >= earliest
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(text_at(row, "id") for row in found))
        if not found:
            return None
        media = needed(identifier_at(found[0], "id"))
        return Receipt(media, self._own_address(text_at(found[0], "permalink")))

    # --- afterwards -------------------------------------------------------------------------------

    def remove(self, post: Published, journal: Journal) -> None:
        """Which kinds may be deleted is not documented: what is refused, a person removes (3.2)."""
        try:
            self.delete(post.platform_id, journal.reference)
        except ConnectionRefused as error:
            if error.code != "permission_missing":
                raise
            raise NeedsOfficer(detail=error.detail, status=error.status) from None
        except Refused as error:
            raise NeedsOfficer(detail=error.detail, status=error.status) from None

    # --- reading back -----------------------------------------------------------------------------

    def read_comments(
        self, post: Published, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        """Newest first, each with its replies; there is no way to ask for recent ones alone."""
        fields = f"{COMMENT_FIELDS},replies{{{COMMENT_FIELDS}}}"
        rows, following = self.listed(
            post.platform_id, "comments", after=after, limit=50, params={"fields": fields}
        )
        found = [comment for row in rows for comment in self._thread(row, post.platform_id)]
        fresh = newer(found, since)
        return Page(fresh, following if fresh or not found else "")

    def _thread(self, row: Mapping[str, Any], post_id: str) -> Iterator[Comment]:
        yield self._comment(row, post_id, "")
        for reply in rows_at(row, "replies", "data"):
            if identifier_at(reply, "id"):
                yield self._comment(reply, post_id, identifier_at(row, "id"))

    def _comment(self, row: Mapping[str, Any], post_id: str, parent_id: str) -> Comment:
        author = identifier_at(row, "from", "id")
        return Comment(
            identifier_at(row, "id"),
            text_at(row, "text"),
            moment(text_at(row, "timestamp")),
            author_id=author,
            author_name=text_at(row, "username") or text_at(row, "from", "username"),
            post_id=post_id,
            parent_id=parent_id,
            is_own=author == self.account.external_id,
            is_hidden=row.get("hidden") is True,
        )

    def read_mentions(self, *, since: datetime | None = None, after: str = "") -> Page[Comment]:
        """Media that tag the account; a mention in words comes by callback alone (3.6)."""
        rows, following = self.listed(
            self.account.external_id,
            "tags",
            after=after,
            limit=50,
            params={"fields": "id,caption,username,timestamp,permalink"},
        )
        found = [
            Comment(
                identifier_at(row, "id"),
                text_at(row, "caption"),
                moment(text_at(row, "timestamp")),
                author_name=text_at(row, "username"),
                post_id=identifier_at(row, "id"),
                permalink=self._own_address(text_at(row, "permalink")),
            )
            for row in rows
        ]
        fresh = newer(found, since)
        return Page(fresh, following if fresh or not found else "")

    def _answers_to(self, head: str, edge: str, post_id: str) -> list[Comment]:
        rows, _after = self.listed(head, edge, limit=50, params={"fields": COMMENT_FIELDS})
        return [self._comment(row, post_id, head) for row in rows]

    def _comment_on(self, answers: Answers, text: str, journal: Journal) -> Mapping[str, Any]:
        """A mention is answered by an edge of the account's own (3.6)."""
        if answers.kind != "mention":
            return super()._comment_on(answers, text, journal)
        named = {"comment_id": answers.id} if answers.id != answers.post_id else {}
        return self.about(
            "POST",
            self.account.external_id,
            "mentions",
            reference=journal.reference,
            visible=True,
            data={"media_id": answers.post_id, "message": text, **named},
        )

    @classmethod
    def heard_change(cls, kind: str, said: Mapping[str, Any], account: str) -> Heard | None:
        """A mention comes without its words (3.7)."""
        media = identifier_at(said, "media", "id") or identifier_at(said, "media_id")
        comment_id = identifier_at(said, "id") or identifier_at(said, "comment_id") or media
        author = identifier_at(said, "from", "id")
        comment = Comment(
            comment_id,
            text_at(said, "text"),
            None,
            author_id=author,
            author_name=text_at(said, "from", "username"),
            post_id=media,
            parent_id=identifier_at(said, "parent_id"),
            is_own=bool(author) and author == account,
        )
        return Heard(kind, "said", comment, is_whole=kind == "comment")

    def read_comment(self, answers: Answers) -> Comment | None:
        """The words of a mention: in a comment, or in what the post itself says (3.6)."""
        in_comment = answers.id != answers.post_id
        what, key = ("comment", "comment_id") if in_comment else ("media", "media_id")
        fields = (
            "text,timestamp,media{id,permalink}" if in_comment else "caption,permalink,username"
        )
        name = f"mentioned_{what}"
        asked = {"fields": f"{name}.{key}({answers.id}){{{fields}}}"}
        row = self.about("GET", self.account.external_id, params=asked).get(name)
        if not isinstance(row, dict):
            return None
        return Comment(
            answers.id,
            text_at(row, "text") or text_at(row, "caption"),
            moment(text_at(row, "timestamp")),
            author_name=text_at(row, "username"),
            post_id=answers.post_id,
        )

    @classmethod
    def told_change(
        cls, field: str, value: Mapping[str, Any], account: str, at: datetime | None
    ) -> Told | None:
        comment = identifier_at(value, "id")
        if field in ("comments", "live_comments") and comment:
            return Told(f"{field}:{comment}", "comment", value, account=account, at=at)
        named = identifier_at(value, "comment_id") or identifier_at(value, "media_id")
        if field == "mentions" and named:
            return Told(f"mention:{account}:{named}", "mention", value, account=account, at=at)
        return None


def _carousel_problems(content: Content) -> list[Problem]:
    files = content.attachments
    found = []
    if len(files) > FILES >= sum(not file.is_video for file in files):
        values = {"count": len(files), "limit": FILES}
        found.append(Problem("too_many_attachments", values=values))
    if len(files) > 1 and any((file.duration or 0) > CHILD_SECONDS for file in files):
        found.append(Problem("video_too_long", values={"limit": CHILD_SECONDS}))
    return found


def _shape_problems(photo: Attachment) -> list[Problem]:
    found = []
    shape = photo.width / photo.height if photo.height else 0
    if not NARROWEST - 0.005 <= shape <= WIDEST + 0.005:
        found.append(Problem("photo_shape"))
    if photo.width < LEAST_WIDTH:
        values = {"width": photo.width, "limit": LEAST_WIDTH}
        found.append(Problem("photo_too_narrow", values=values))
    return found


def _word_problems(text: str) -> list[Problem]:
    found = []
    for code, pattern, limit in (
        ("too_many_hashtags", _HASHTAG, HASHTAGS),
        ("too_many_mentions", _MENTION, MENTIONS),
    ):
        count = len(pattern.findall(text))
        if count > limit:
            found.append(Problem(code, values={"count": count, "limit": limit}))
    if "://" in text:
        found.append(Problem("links_not_clickable", level="warning"))
    return found


def _is_dead(error: ConnectorError, journal: Journal) -> bool:
    """A container that is missing may only be new: it is asked for twice more (3.4)."""
    if error.code == "container_missing":
        missed = number_at({"missed": journal.get("missed")}, "missed") + 1
        journal.keep(missed=str(missed % 3))
        return missed == 3
    return error.code in DEAD or isinstance(error, ContentRefused)


def _forget(content: Content, journal: Journal) -> None:
    keys = ["container", *(f"child_{number}" for number in range(len(content.attachments)))]
    journal.keep(**{key: "" for key in keys if journal.get(key)})
