"""YouTube by the Data API v3 (platform sheet, part Y)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from django.conf import settings

from . import youtube_reading as reading
from . import youtube_text as words
from .base import (
    Answers,
    Attachment,
    CaptionFile,
    Comment,
    Connector,
    Content,
    Count,
    Fit,
    Journal,
    Limit,
    NotPublished,
    Page,
    Problem,
    Published,
    Receipt,
    Sent,
    Told,
)
from .checks import text_problems
from .errors import (
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    NotSent,
    Refused,
    Unknown,
)
from .http import Answer, dig, identifier_at, needed, rows_at, text_at
from .steps import keep_for, kept
from .youtube_account import YouTubeConsent
from .youtube_answers import PACIFIC, bad_end, fail, moment, reason_of

SESSION_KEPT = 24 * 3600
PIECE = 32 * 256 * 1024  # a multiple of 256 KiB, as the protocol demands
EARLIER = timedelta(minutes=5)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
UNITS_EACH = 500  # of a video with thumbnail, captions, playlist and its polls (Y3)
TRIES = 3  # of a step after the video, before it is left out
REPLY_LIMIT = 10_000  # characters (Y6, unsure)
REPLY_PAGES = 20  # of a thread: 2000 replies
ANALYTICS = "https://youtubeanalytics.googleapis.com/v2/reports"
CAPTION_NAMES = {"hi": "हिन्दी", "en": "English", "ur": "اردو"}
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")


class YouTube(Connector):
    replies_to = frozenset({"comment"})
    moderates = frozenset({"hide", "show", "remove", "block"})
    platform = "youtube"
    consent = YouTubeConsent
    api_url = "https://www.googleapis.com"
    needs_attachment = "video"
    takes_video = True
    takes_thumbnail = True
    has_title = True
    joins_languages = True
    can_edit = True
    can_remove = True
    options = words.OPTIONS
    fold = 100  # characters of a description before "more"
    marks = frozenset({"link", "hashtag"})
    upload_hosts = frozenset(
        {"www.googleapis.com", "youtube.googleapis.com", "youtubeanalytics.googleapis.com"}
    )

    # --- before approval --------------------------------------------------------------------------

    @classmethod
    def count(cls, text: str) -> Count:
        return words.count(text)

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        return words.check(content)

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return next((fit for fit in (words.VIDEO, words.THUMBNAIL) if mime in fit.mimes), None)

    @classmethod
    def limits(cls, facts: Mapping[str, Any]) -> tuple[Limit, ...]:
        """Two buckets that all channels share (Y3); the second is counted in whole videos."""
        units = settings.YOUTUBE_DAILY_UNITS // UNITS_EACH
        return (
            Limit("youtube_uploads", settings.YOUTUBE_DAILY_UPLOADS, "app", zone=PACIFIC),
            Limit("youtube_units", units, "app", zone=PACIFIC),
        )

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, content: Content, journal: Journal) -> Receipt:
        """One upload session makes at most one video: it is kept before the first byte leaves."""
        if not content.attachments:
            raise ContentRefused("video_missing")
        video = content.attachments[0]
        session, offset = kept(journal, "session"), 0
        if session:
            state = self._query(session, video.size, journal.reference)
            if isinstance(state, Receipt):
                return state
            session, offset = (session, state) if state >= 0 else ("", 0)
        if not session:
            session = self._start(content, video, journal)
        try:
            with video.file.open("rb") as file:
                return self._send(session, file, offset, video, journal)
        except ConnectionRefused:
            raise  # with a fresh token the same session goes on
        except Refused:
            journal.keep(session_until="0")  # for good: another try needs another session
            raise

    def find(self, sent: Sent) -> Receipt | None:
        """The session knows; if it is gone, the channel's uploads do, by our tag (Y5)."""
        session = sent.kept.get("session", "")
        if session and sent.content.attachments:
            state = self._query(session, sent.content.attachments[0].size, sent.reference)
            if isinstance(state, Receipt):  # said once and for all, even if removed since
                return state if self._videos(state.platform_id, "id", sent.reference) else None
            if state >= 0:
                return None
        videos = [video for video in self._recent_uploads(sent) if video not in sent.taken]
        if not videos:
            return None
        rows = self._videos(",".join(videos), "snippet,status", sent.reference)
        wanted = words.marker(sent.reference)
        found = [
            identifier_at(row, "id")
            for row in rows
            if wanted in (dig(row, "snippet", "tags") or ()) and identifier_at(row, "id")
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(found))
        return self._receipt(found[0], is_live=False) if found else None

    def follow(
        self, receipt: Receipt, content: Content, journal: Journal
    ) -> Receipt | NotPublished | None:
        rows = self._videos(receipt.platform_id, "status,processingDetails", journal.reference)
        if not rows:  # lists lag behind
            return None
        if ended := bad_end(rows[0]):
            return ended
        if text_at(rows[0], "status", "uploadStatus") != "processed":
            return None
        for name, step in self._steps_after(receipt.platform_id, content, journal):
            _carry_out(name, step, journal)
        return self._receipt(receipt.platform_id)

    def edit(self, post: Published, content: Content, journal: Journal) -> Receipt:
        """Reads first: what is not sent again would be erased (Y2.2)."""
        rows = self._videos(post.platform_id, "snippet,status", journal.reference)
        if not rows:
            raise Refused("post_gone")
        self._call(
            "PUT",
            "youtube/v3/videos",
            reference=journal.reference,
            visible=True,
            params={"part": "snippet,status"},
            json={"id": post.platform_id, **words.corrected(rows[0], content)},
        )
        if content.thumbnail:
            step = partial(self._set_thumbnail, post.platform_id, content.thumbnail, journal)
            _carry_out("thumbnail", step, journal)
        return self._receipt(post.platform_id)

    def remove(self, post: Published, journal: Journal) -> None:
        answer = self.http.call(
            "DELETE",
            "youtube/v3/videos",
            token=self.account.token,
            visible=True,
            reference=journal.reference,
            params={"id": post.platform_id},
        )
        if answer.status != 204 and reason_of(answer) != "videoNotFound":
            fail(answer)

    # --- the upload session (Y2.1) ----------------------------------------------------------------

    def _start(self, content: Content, video: Attachment, journal: Journal) -> str:
        answer = self.http.call(
            "POST",
            "upload/youtube/v3/videos",
            token=self.account.token,
            reference=journal.reference,
            params={
                "uploadType": "resumable",
                "part": "snippet,status",
                "notifySubscribers": str(words.chosen(content, "notify") == words.YES).lower(),
            },
            headers={
                "X-Upload-Content-Length": str(video.size),
                "X-Upload-Content-Type": video.mime,
            },
            json=words.resource(content, journal.reference),
        )
        session = answer.headers.get("Location", "")
        if answer.status != 200:
            fail(answer)
        if "://" not in session:
            raise answer.unclear("unreadable_answer")
        keep_for(journal, "session", session, SESSION_KEPT)
        return session

    def _send(
        self, session: str, file: BinaryIO, offset: int, video: Attachment, journal: Journal
    ) -> Receipt:
        while offset < video.size:
            file.seek(offset)
            piece = file.read(PIECE)
            last = offset + len(piece) - 1
            journal.arm()  # any piece may be the last one, and reading it takes time
            answer = self.http.call(
                "PUT",
                session,
                token=self.account.token,
                visible=True,
                reference=journal.reference,
                expect_redirect=True,
                data=piece,
                headers={
                    "Content-Type": video.mime,
                    "Content-Range": f"bytes {offset}-{last}/{video.size}",
                },
            )
            state = self._session_state(answer)
            if isinstance(state, Receipt):
                return state
            if state < 0:
                journal.keep(session="")
                raise Unknown(detail=answer.detail, status=answer.status)
            if state <= offset:
                raise Unknown(detail=f"No progress beyond {offset} of {video.size}.")
            offset, session = state, _moved(session, answer, journal)
            journal.keep(bytes_sent=str(offset))  # a sign of life as well
        raise Unknown(detail="Everything was received, and no video was named.")

    def _query(self, session: str, size: int, reference: str) -> Receipt | int:
        """The video if the session has finished, else how many bytes it has; -1: it is gone."""
        answer = self.http.call(
            "PUT",
            session,
            token=self.account.token,
            reference=reference,
            expect_redirect=True,
            headers={"Content-Range": f"bytes */{size}", "Content-Length": "0"},
        )
        return self._session_state(answer)

    def _session_state(self, answer: Answer) -> Receipt | int:
        if answer.status in (200, 201):
            video_id = identifier_at(answer.data(), "id")
            if not _VIDEO_ID.fullmatch(video_id):
                raise answer.unclear("unreadable_answer")
            return self._receipt(video_id, is_live=False)
        if answer.status == 308:
            received = re.fullmatch(r"bytes=0-([0-9]{1,15})", answer.headers.get("Range", ""))
            return int(received.group(1)) + 1 if received else 0
        if answer.status in (404, 410):
            return -1
        return fail(answer)

    # --- after the video (Y2.3) -------------------------------------------------------------------

    def _steps_after(
        self, video_id: str, content: Content, journal: Journal
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        if content.thumbnail:
            yield "thumbnail", partial(self._set_thumbnail, video_id, content.thumbnail, journal)
        for captions in content.attachments[0].captions if content.attachments else ():
            name = f"captions_{captions.language}"
            yield name, partial(self._add_captions, video_id, captions, journal)
        if playlist := words.chosen(content, "playlist"):
            yield "playlist", partial(self._add_to_playlist, video_id, playlist, journal)

    def _set_thumbnail(self, video_id: str, photo: Attachment, journal: Journal) -> None:
        with photo.file.open("rb") as file:
            body = file.read()
        self._call(
            "POST",
            "upload/youtube/v3/thumbnails/set",
            reference=journal.reference,
            visible=True,
            params={"uploadType": "media", "videoId": video_id},
            headers={"Content-Type": photo.mime},
            data=body,
        )

    def _add_captions(self, video_id: str, captions: CaptionFile, journal: Journal) -> None:
        name = CAPTION_NAMES.get(captions.language, captions.language)
        snippet = {"videoId": video_id, "language": captions.language, "name": name}
        with captions.file.open("rb") as file:
            kind, body = _related({"snippet": {**snippet, "isDraft": False}}, file.read())
        self._call(
            "POST",
            "upload/youtube/v3/captions",
            reference=journal.reference,
            visible=True,
            fine="captionExists",
            params={"uploadType": "multipart", "part": "snippet"},
            headers={"Content-Type": kind},
            data=body,
        )

    def _add_to_playlist(self, video_id: str, playlist: str, journal: Journal) -> None:
        """Looks first: an earlier call may have done it without our hearing of it (Y5)."""
        listed = self._call(
            "GET",
            "youtube/v3/playlistItems",
            reference=journal.reference,
            params={"part": "id", "playlistId": playlist, "videoId": video_id},
        )
        if rows_at(listed, "items"):
            return
        video = {"kind": "youtube#video", "videoId": video_id}
        self._call(
            "POST",
            "youtube/v3/playlistItems",
            reference=journal.reference,
            visible=True,
            fine="conflict",
            params={"part": "snippet"},
            json={"snippet": {"playlistId": playlist, "resourceId": video}},
        )

    # --- answering, and keeping order -------------------------------------------------------------

    @classmethod
    def check_reply(cls, content: Content, *, now: datetime) -> list[Problem]:
        return text_problems(
            Content(content.text or "-"), Count(len(content.text), REPLY_LIMIT, "characters")
        )

    def reply(self, content: Content, journal: Journal) -> Receipt:
        """Threads have one level: an answer to an answer stands under the same comment (Y6)."""
        body = {"snippet": {"parentId": self._head(content), "textOriginal": content.text}}
        journal.arm()
        try:
            answer = self._call(
                "POST",
                "youtube/v3/comments",
                reference=journal.reference,
                visible=True,
                params={"part": "snippet"},
                json=body,
            )
        except Refused as refusal:
            if refusal.code == "post_gone":
                refusal.code = "comment_gone"
            raise
        found = needed(identifier_at(answer, "id"), visible=True)
        return Receipt(found, self._shown(content, found))

    def _head(self, content: Content) -> str:
        assert content.answers is not None
        return content.answers.conversation_id or content.answers.id

    def _shown(self, content: Content, comment_id: str) -> str:
        video = content.answers.post_id if content.answers else ""
        address = f"https://www.youtube.com/watch?v={video}&lc={comment_id}"
        return self.http.permalink(address)

    def find_reply(self, sent: Sent) -> Receipt | None:
        assert sent.content.answers is not None
        own, video = self.account.external_id, sent.content.answers.post_id
        since = sent.armed_at - timedelta(minutes=5)
        rows = [
            reading.comment(row, own, video, self.http.permalink)
            for row in self._replies(self._head(sent.content))
        ]
        found = [
            one
            for one in rows
            if one.is_own
            and one.id not in sent.taken
            and one.text.split() == sent.content.text.split()
            and (one.at is None or one.at >= since)
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(one.id for one in found))
        return Receipt(found[0].id, self._shown(sent.content, found[0].id)) if found else None

    def moderate(self, act: str, answers: Answers, *, person: str = "") -> None:
        """Whoever is blocked here has this comment rejected, and all their later ones (Y6)."""
        status = {"hide": "heldForReview", "show": "published"}.get(act, "rejected")
        params = {"id": answers.id, "moderationStatus": status}
        if act == "block":
            params["banAuthor"] = "true"
        self._call("POST", "youtube/v3/comments/setModerationStatus", params=params)

    # --- reading back -----------------------------------------------------------------------------

    def read_comments(
        self, post: Published, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        """With `since` it stops at the first page of older threads only; a new reply to an old
        thread is seen by a reading without it (Y6)."""
        try:
            listed = self._threads(post.platform_id, after)
        except Refused as error:
            if not after or error.code != "list_changed":
                raise
            listed = self._threads(post.platform_id, "")
        threads = rows_at(listed, "items")
        rows = [row for thread in threads for row in self._of_thread(thread)]
        fresh = [row for row in rows if _is_fresh(row, since)]
        own, video = self.account.external_id, post.platform_id
        items = [reading.comment(row, own, video, self.http.permalink) for row in fresh]
        more = text_at(listed, "nextPageToken") if fresh else ""
        return Page(tuple(item for item in items if item.id), more)

    def read_metrics(self, post: Published) -> dict[str, int]:
        names = settings.METRICS[self.platform]
        rows = self._videos(post.platform_id, "snippet,statistics", "")
        if not rows:
            raise Refused("post_gone")
        counted = {ours: name for ours, name in names.items() if name in reading.STATISTICS}
        studied = {ours: name for ours, name in names.items() if ours not in counted}
        found = reading.statistics(rows[0], counted)
        since = moment(text_at(rows[0], "snippet", "publishedAt"))
        return {**found, **(self._report(post.platform_id, studied, since) if studied else {})}

    def _threads(self, video_id: str, after: str) -> dict[str, Any]:
        params = {
            "part": "snippet,replies",
            "videoId": video_id,
            "order": "time",
            "maxResults": 100,
            "textFormat": "plainText",
        }
        if after:
            params["pageToken"] = after
        return self._call(
            "GET", "youtube/v3/commentThreads", fine="commentsDisabled", params=params
        )

    def _of_thread(self, thread: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Its first comment and every reply; only a few replies come with it."""
        top = dig(thread, "snippet", "topLevelComment")
        replies = reading.replies_embedded(thread)
        if replies is None:
            replies = self._replies(identifier_at(thread, "id"))
        return [*([top] if isinstance(top, dict) else []), *replies]

    def _replies(self, thread_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        params = {"part": "snippet", "parentId": thread_id, "textFormat": "plainText"}
        params["maxResults"] = "100"
        for _page in range(REPLY_PAGES):
            listed = self._call("GET", "youtube/v3/comments", params=params)
            found += rows_at(listed, "items")
            if not (token := text_at(listed, "nextPageToken")):
                break
            params["pageToken"] = token
        return found

    def _report(
        self, video_id: str, names: Mapping[str, str], since: datetime | None
    ) -> dict[str, int]:
        """What only Analytics tells; a connection without that permission goes without."""
        start = since or datetime.now(UTC) - timedelta(days=28)
        params = {
            "ids": "channel==MINE",
            "startDate": (start - timedelta(days=1)).date().isoformat(),  # days are Pacific
            "endDate": datetime.now(UTC).date().isoformat(),
            "metrics": ",".join(sorted(set(names.values()))),
            "filters": f"video=={video_id}",
        }
        try:
            return reading.report(
                self._call("GET", self.http.address_of(ANALYTICS), params=params), names
            )
        except Refused:
            return {}

    # --- what it sends to us ----------------------------------------------------------------------

    @classmethod
    def handshake(cls, query: Mapping[str, str], *, secret: str, verify: str) -> str | None:
        return reading.handshake(query, verify)

    @classmethod
    def unsubscribed(cls, query: Mapping[str, str]) -> str:
        return reading.unsubscribed(query)

    @classmethod
    def is_genuine(cls, body: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
        return reading.is_genuine(body, headers, secret)

    @classmethod
    def told(cls, body: bytes) -> Iterator[Told]:
        return reading.told(body)

    # --- calls ------------------------------------------------------------------------------------

    def _videos(self, ids: str, part: str, reference: str) -> list[dict[str, Any]]:
        params = {"part": part, "id": ids}
        listed = self._call("GET", "youtube/v3/videos", reference=reference, params=params)
        return rows_at(listed, "items")

    def _recent_uploads(self, sent: Sent) -> list[str]:
        uploads = self.account.extra.get("uploads") or f"UU{self.account.external_id[2:]}"
        listed = self._call(
            "GET",
            "youtube/v3/playlistItems",
            reference=sent.reference,
            params={
                "part": "snippet,contentDetails,status",
                "playlistId": uploads,
                "maxResults": 50,
            },
        )
        return [
            identifier_at(row, "contentDetails", "videoId")
            for row in rows_at(listed, "items")
            if identifier_at(row, "contentDetails", "videoId")
            and (moment(text_at(row, "snippet", "publishedAt")) or LONG_AGO)
            >= sent.armed_at - EARLIER
        ]

    def _receipt(self, video_id: str, *, is_live: bool = True) -> Receipt:
        address = self.http.permalink(f"https://www.youtube.com/watch?v={video_id}")
        return Receipt(video_id, address, is_live)

    def _call(
        self, method: str, address: str, *, reference: str = "", fine: str = "", **request: Any
    ) -> dict[str, Any]:
        """The answer; {} where the platform refuses for the `fine` reason."""
        answer = self.http.call(
            method, address, token=self.account.token, reference=reference, **request
        )
        if answer.status == 204:  # nothing to say
            return {}
        data = answer.data()
        if answer.status >= 300 or "error" in data:
            if fine and reason_of(answer) == fine:
                return {}
            fail(answer)
        if not data:
            raise answer.unclear("unreadable_answer")
        return data


def _carry_out(name: str, step: Callable[[], None], journal: Journal) -> None:
    """A step after the video, once. What fails for good is noted: the video itself is out."""
    if journal.get(name):
        return
    tries = int(journal.get(f"{name}_tries") or 0) + 1
    try:
        step()
    except ConnectorError as error:
        later = isinstance(error, NotSent | Unknown) or error.code == "reconnect"
        if later and tries < TRIES:
            journal.keep(**{f"{name}_tries": str(tries)})
            raise
        journal.keep(**{name: "left out", "note": _note(name, journal)})
    else:
        journal.keep(**{name: "done"})


def _note(name: str, journal: Journal) -> str:
    code = f"{name.partition('_')[0]}_left_out"
    return code if journal.get("note") in ("", code) else "steps_left_out"


def _moved(session: str, answer: Answer, journal: Journal) -> str:
    """The session's address from now on: a new one on the same host replaces it (Y2.1)."""
    address = answer.headers.get("Location", "")
    if not address or urlsplit(address)[:2] != urlsplit(session)[:2]:
        return session
    journal.keep(session=address)
    return address


def _related(resource: Mapping[str, Any], file: bytes) -> tuple[str, bytes]:
    """Content type and body of multipart/related: the resource, then the file."""
    line = secrets.token_hex(16)
    head = f"--{line}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
    between = f"\r\n--{line}\r\nContent-Type: text/vtt\r\n\r\n"
    body = [head, json.dumps(resource), between]
    return (
        f"multipart/related; boundary={line}",
        "".join(body).encode() + file + f"\r\n--{line}--\r\n".encode(),
    )


def _is_fresh(row: Mapping[str, Any], since: datetime | None) -> bool:
    return since is None or (reading.changed_at(row) or since) >= since
