"""YouTube by the Data API v3 (platform sheet, part Y)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, BinaryIO, NoReturn
from zoneinfo import ZoneInfo

from .base import Attachment, Connector, Content, Count, Journal, Problem, Receipt, Sent
from .errors import (
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
    Unknown,
)
from .http import Answer, dig, identifier_at, number_at, rows_at, text_at
from .steps import keep_for, kept

TITLE_LIMIT = 100  # UTF-16 units
DESCRIPTION_LIMIT = 5_000  # bytes
TAGS_LIMIT = 500
VIDEO_LIMIT = 256 * 10**9
CATEGORY = "25"  # news and politics
SESSION_KEPT = 24 * 3600
PIECE = 32 * 256 * 1024  # a multiple of 256 KiB, as the protocol demands
DEFAULT_WAIT = 60
EARLIER = timedelta(minutes=5)

Meaning = tuple[type[ConnectorError], str]
# By error.errors[0].reason (Y4).
REASONS: Mapping[str, Meaning] = {
    "invalidTitle": (ContentRefused, "title_refused"),
    "invalidDescription": (ContentRefused, "text_refused"),
    "invalidTags": (ContentRefused, "tags_refused"),
    "invalidVideoMetadata": (ContentRefused, "content_refused"),
    "mediaBodyRequired": (ContentRefused, "video_refused"),
    "uploadLimitExceeded": (RateLimited, "daily_limit"),
    "quotaExceeded": (RateLimited, "daily_limit"),
    "dailyLimitExceeded": (RateLimited, "daily_limit"),
    "rateLimitExceeded": (RateLimited, "rate_limited"),
    "userRateLimitExceeded": (RateLimited, "rate_limited"),
    "authError": (ConnectionRefused, "reconnect"),
    "expired": (ConnectionRefused, "reconnect"),
    "authorizationRequired": (ConnectionRefused, "reconnect"),
    "youtubeSignupRequired": (ConnectionRefused, "account_not_found"),
    "channelClosed": (ConnectionRefused, "account_restricted"),
    "channelSuspended": (ConnectionRefused, "account_restricted"),
    "authenticatedUserAccountClosed": (ConnectionRefused, "account_restricted"),
    "authenticatedUserAccountSuspended": (ConnectionRefused, "account_restricted"),
    "channelNotFound": (ConnectionRefused, "account_not_found"),
    "playlistNotFound": (ConnectionRefused, "account_not_found"),
}
STATUSES: Mapping[int, Meaning] = {
    401: (ConnectionRefused, "reconnect"),
    403: (ConnectionRefused, "permission_missing"),
    429: (RateLimited, "rate_limited"),
}
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")


class YouTube(Connector):
    platform = "youtube"
    api_url = "https://www.googleapis.com"
    needs_attachment = "video"
    has_title = True
    joins_languages = True
    upload_hosts = frozenset({"www.googleapis.com", "youtube.googleapis.com"})

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text.encode()), DESCRIPTION_LIMIT, "bytes")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        found = []
        count = cls.count(content.text)
        if count.over:
            values = {"length": count.length, "limit": count.limit, "over": count.over}
            found.append(Problem("text_too_long_bytes", values=values))
        title = len(content.title.encode("utf-16-le")) // 2
        if not content.title.strip():
            found.append(Problem("title_missing"))
        if title > TITLE_LIMIT:
            values = {"length": title, "limit": TITLE_LIMIT, "over": title - TITLE_LIMIT}
            found.append(Problem("title_too_long", values=values))
        if any(sign in content.title + content.text for sign in "<>"):
            found.append(Problem("angle_brackets"))
        tags = _tags_length((*content.tags, _marker("0" * 32)))
        if tags > TAGS_LIMIT:
            found.append(Problem("tags_too_long", values={"length": tags, "limit": TAGS_LIMIT}))
        return found + _video_problems(content)

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
        journal.arm()
        with video.file.open("rb") as file:
            return self._send(session, file, offset, video, journal)

    def find(self, sent: Sent) -> Receipt | None:
        """The session knows; if it is gone, the channel's uploads do, by our tag (Y5)."""
        session = sent.kept.get("session", "")
        if session and sent.content.attachments:
            state = self._query(session, sent.content.attachments[0].size, sent.reference)
            if isinstance(state, Receipt):
                return state
            if state >= 0:
                return None
        videos = self._recent_uploads(sent)
        if not videos:
            return None
        listed = self._call(
            "GET",
            "youtube/v3/videos",
            reference=sent.reference,
            params={"part": "snippet,status", "id": ",".join(videos)},
        )
        marker = _marker(sent.reference)
        found = [
            row
            for row in rows_at(listed, "items")
            if marker in (dig(row, "snippet", "tags") or ()) and identifier_at(row, "id")
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(text_at(row, "id") for row in found))
        return self._receipt(identifier_at(found[0], "id")) if found else None

    def _start(self, content: Content, video: Attachment, journal: Journal) -> str:
        resource = {
            "snippet": {
                "title": content.title,
                "description": content.text,
                "tags": [*content.tags, _marker(journal.reference)],
                "categoryId": self.account.extra.get("category", CATEGORY),
                "defaultLanguage": content.language,
            },
            "status": {
                "privacyStatus": "public",
                "selfDeclaredMadeForKids": False,
                "containsSyntheticMedia": False,
            },
        }
        answer = self.http.call(
            "POST",
            "upload/youtube/v3/videos",
            token=self.account.token,
            reference=journal.reference,
            params={"uploadType": "resumable", "part": "snippet,status"},
            headers={
                "X-Upload-Content-Length": str(video.size),
                "X-Upload-Content-Type": video.mime,
            },
            json=resource,
        )
        session = answer.headers.get("Location", "")
        if answer.status != 200:
            _fail(answer)
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
            offset = state
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
            return self._receipt(video_id)
        if answer.status == 308:
            received = re.fullmatch(r"bytes=0-([0-9]{1,15})", answer.headers.get("Range", ""))
            return int(received.group(1)) + 1 if received else 0
        if answer.status in (404, 410):
            return -1
        return _fail(answer)

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
            and _moment(text_at(row, "snippet", "publishedAt")) >= sent.armed_at - EARLIER
        ]

    def _receipt(self, video_id: str) -> Receipt:
        return Receipt(video_id, self.http.permalink(f"https://www.youtube.com/watch?v={video_id}"))

    def _call(self, method: str, address: str, *, reference: str, **request: Any) -> dict[str, Any]:
        answer = self.http.call(
            method, address, token=self.account.token, reference=reference, **request
        )
        data = answer.data()
        if answer.status >= 300:
            _fail(answer)
        if not data:
            raise answer.unclear("unreadable_answer")
        return data


def _fail(answer: Answer) -> NoReturn:
    data = answer.data()
    reason = text_at(data, "error", "errors", 0, "reason")
    if answer.status >= 500 or (answer.status < 400 and not reason):
        raise answer.unclear("platform_failing")
    fallback = STATUSES.get(answer.status, (Refused, "refused"))
    kind, problem = REASONS.get(reason, fallback)
    wait = _wait(reason, answer) if kind is RateLimited else None
    raise kind(problem, detail=answer.detail, status=answer.status, retry_after=wait)


def _wait(reason: str, answer: Answer) -> int:
    if reason == "uploadLimitExceeded":  # a channel's own, rolling
        return 86_400
    if reason in ("quotaExceeded", "dailyLimitExceeded"):
        return _until_pacific_midnight(datetime.now(UTC))
    announced = number_at(dict(answer.headers), "Retry-After")
    return min(announced, 86_400) if announced > 0 else DEFAULT_WAIT


def _until_pacific_midnight(now: datetime) -> int:
    """Seconds until Google's day begins, when quotas are filled again (Y3)."""
    here = now.astimezone(ZoneInfo("America/Los_Angeles"))
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
    return int((midnight.astimezone(UTC) - now).total_seconds()) + 1


def _marker(reference: str) -> str:
    """Our own tag: it finds the video again if the session is lost (Y5)."""
    return f"ref-{reference.replace('-', '')[:16]}"


def _tags_length(tags: tuple[str, ...]) -> int:
    """Commas count, and quotes around a tag that has a space (Y2.2)."""
    return sum(len(tag) + (2 if " " in tag else 0) for tag in tags) + max(0, len(tags) - 1)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _video_problems(content: Content) -> list[Problem]:
    videos = [attachment for attachment in content.attachments if attachment.is_video]
    if not videos:
        return [Problem("video_missing")]
    if len(content.attachments) > 1:
        values = {"count": len(content.attachments), "limit": 1}
        return [Problem("too_many_attachments", values=values)]
    if videos[0].mime != "video/mp4":
        return [Problem("video_format", values={"format": videos[0].mime})]
    return [Problem("video_too_large")] if videos[0].size > VIDEO_LIMIT else []
