"""What YouTube's answers mean: errors (Y4), limits (Y3), a video's processing (Y2.2)."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from .base import NotPublished
from .errors import (
    AlreadyPublished,
    AppLimited,
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
)
from .http import Answer, mask, number_at, rows_at, text_at, unclear

DAY = 86_400
HOURS = 6 * 3600  # before thumbnails are taken again; the platform says only "later"
DEFAULT_WAIT = 60
PACIFIC = "America/Los_Angeles"  # Google's day, when quotas are filled again

Meaning = tuple[type[ConnectorError], str]
# By error.errors[0].reason, or the reason in error.details.
REASONS: Mapping[str, Meaning] = {
    # --- what the officer can mend
    "invalidTitle": (ContentRefused, "title_refused"),
    "invalidDescription": (ContentRefused, "text_refused"),
    "invalidTags": (ContentRefused, "tags_refused"),
    "invalidCategoryId": (ContentRefused, "category_refused"),
    "invalidVideoMetadata": (ContentRefused, "content_refused"),
    "invalidPublishAt": (ContentRefused, "content_refused"),
    "invalidRecordingDetails": (ContentRefused, "content_refused"),
    "defaultLanguageNotSet": (ContentRefused, "content_refused"),
    "invalidFilename": (ContentRefused, "video_refused"),
    "mediaBodyRequired": (ContentRefused, "video_refused"),
    "invalidImage": (ContentRefused, "photo_refused"),
    "forbiddenPrivacySetting": (ContentRefused, "privacy_refused"),
    "forbiddenLicenseSetting": (ContentRefused, "content_refused"),
    "commentTextRequired": (ContentRefused, "text_refused"),
    "commentTextTooLong": (ContentRefused, "text_refused_length"),
    "invalidCommentMetadata": (ContentRefused, "text_refused"),
    # --- limits
    "uploadLimitExceeded": (RateLimited, "daily_limit"),
    "uploadRateLimitExceeded": (RateLimited, "rate_limited"),
    "quotaExceeded": (AppLimited, "app_limit"),
    "dailyLimitExceeded": (AppLimited, "app_limit"),
    "rateLimitExceeded": (RateLimited, "rate_limited"),
    "userRateLimitExceeded": (RateLimited, "rate_limited"),
    "RATE_LIMIT_EXCEEDED": (RateLimited, "rate_limited"),
    # --- the handle
    "authError": (ConnectionRefused, "reconnect"),
    "expired": (ConnectionRefused, "reconnect"),
    "authorizationRequired": (ConnectionRefused, "reconnect"),
    "youtubeSignupRequired": (ConnectionRefused, "account_not_found"),
    "channelNotFound": (ConnectionRefused, "account_not_found"),
    "authenticatedUserNotChannel": (ConnectionRefused, "account_not_found"),
    "channelClosed": (ConnectionRefused, "account_restricted"),
    "channelSuspended": (ConnectionRefused, "account_restricted"),
    "authenticatedUserAccountClosed": (ConnectionRefused, "account_restricted"),
    "authenticatedUserAccountSuspended": (ConnectionRefused, "account_restricted"),
    "commentsDisabled": (Refused, "refused"),
    "ineligibleAccount": (ConnectionRefused, "account_restricted"),
    "insufficientPermissions": (ConnectionRefused, "permission_missing"),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (ConnectionRefused, "permission_missing"),
    "forbidden": (ConnectionRefused, "permission_missing"),
    "accessNotConfigured": (ConnectionRefused, "app_not_ready"),
    "SERVICE_DISABLED": (ConnectionRefused, "app_not_ready"),
    # --- what is not there (any more), or there already
    "invalidPageToken": (Refused, "list_changed"),
    "videoNotFound": (Refused, "post_gone"),
    "commentNotFound": (Refused, "post_gone"),
    "commentThreadNotFound": (Refused, "post_gone"),
    "playlistNotFound": (Refused, "playlist_refused"),
    "captionExists": (AlreadyPublished, "already_published"),
    "conflict": (AlreadyPublished, "already_published"),
}
# By error.status, then by HTTP status, where the reason says nothing.
STATUSES: Mapping[str | int, Meaning] = {
    "UNAUTHENTICATED": (ConnectionRefused, "reconnect"),
    "PERMISSION_DENIED": (ConnectionRefused, "permission_missing"),
    "RESOURCE_EXHAUSTED": (RateLimited, "rate_limited"),
    "ALREADY_EXISTS": (AlreadyPublished, "already_published"),
    401: (ConnectionRefused, "reconnect"),
    403: (ConnectionRefused, "permission_missing"),
    429: (RateLimited, "rate_limited"),
}
_WAITS = {"uploadLimitExceeded": DAY, "uploadRateLimitExceeded": HOURS}

# By failureReason, rejectionReason or processingFailureReason of a video.
ENDS: Mapping[str, str] = {
    "conversion": "video_not_converted",
    "transcodeFailed": "video_not_converted",
    "streamingFailed": "video_not_converted",
    "codec": "video_not_converted",
    "invalidFile": "video_damaged",
    "emptyFile": "video_damaged",
    "tooSmall": "video_damaged",
    "copyright": "video_copyright",
    "claim": "video_copyright",
    "trademark": "video_copyright",
    "duplicate": "video_duplicate",
    "inappropriate": "video_against_rules",
    "termsOfUse": "video_against_rules",
    "legal": "video_against_rules",
    "length": "video_length_refused",
}
_ACCOUNT_ENDS = frozenset({"uploaderAccountSuspended", "uploaderAccountClosed"})
_UPLOAD_ENDS = frozenset({"uploadAborted", "uploadFailed"})


def reason_of(answer: Answer) -> str:
    error = answer.data().get("error")
    return text_at(error, "errors", 0, "reason") or next(
        filter(None, (text_at(row, "reason") for row in rows_at(error, "details"))), ""
    )


def fail(answer: Answer) -> NoReturn:
    """The error that an answer stands for."""
    reason = reason_of(answer)
    if answer.status >= 500 or (answer.status < 400 and not reason):
        detail = detail_of(answer)
        raise unclear("platform_failing", answer.visible, detail=detail, status=answer.status)
    kind, problem = meaning(reason, text_at(answer.data(), "error", "status"), answer.status)
    wait = _wait(reason, answer) if issubclass(kind, RateLimited) else None
    raise kind(problem, detail=detail_of(answer), status=answer.status, retry_after=wait)


def meaning(reason: str, status: str, code: int) -> Meaning:
    known = REASONS.get(reason) or STATUSES.get(status) or STATUSES.get(code)
    return known or (Refused, "refused")


def detail_of(answer: Answer) -> str:
    """For the engineer: the platform's words without its HTML, else the raw answer."""
    words = text_at(answer.data(), "error", "message")
    if not words:
        return answer.detail
    plain = html.unescape(re.sub(r"<[^<>]*>", "", words))
    return mask(f"{reason_of(answer)}: {plain}", answer.secrets)


def _wait(reason: str, answer: Answer) -> int:
    """Seconds until calls are taken again."""
    if reason in _WAITS:
        return _WAITS[reason]
    if reason in ("quotaExceeded", "dailyLimitExceeded"):
        return until_pacific_midnight(datetime.now(UTC))
    announced = number_at(dict(answer.headers), "Retry-After")
    # Channels that were held up together do not come back together.
    return min(announced, DAY) if announced > 0 else DEFAULT_WAIT + secrets.randbelow(DEFAULT_WAIT)


def until_pacific_midnight(now: datetime) -> int:
    """Seconds until Google's day begins (Y3)."""
    here = now.astimezone(ZoneInfo(PACIFIC))
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
    return int((midnight.astimezone(UTC) - now).total_seconds()) + 1


def bad_end(video: Mapping[str, Any]) -> NotPublished | None:
    """Why nobody will ever see a video that was taken, if so (Y2.2)."""
    status, processing = video.get("status"), video.get("processingDetails")
    state = text_at(status, "uploadStatus")
    ended = text_at(processing, "processingStatus") in ("failed", "terminated")
    if state not in ("failed", "rejected", "deleted") and not (ended and state != "processed"):
        return None
    reason = (
        text_at(status, "failureReason")
        or text_at(status, "rejectionReason")
        or text_at(processing, "processingFailureReason")
    )
    return NotPublished(_end(state, reason))


def _end(state: str, reason: str) -> ConnectorError:
    detail = f"{state} {reason}"
    if state == "deleted":
        return Refused("post_gone", detail=detail)
    if reason in _ACCOUNT_ENDS:
        return ConnectionRefused("account_restricted", detail=detail)
    if reason in _UPLOAD_ENDS:
        return Unavailable("media_processing_failed", detail=detail)
    return ContentRefused(ENDS.get(reason, "video_refused"), detail=detail)


def moment(text: str) -> datetime | None:
    """RFC 3339 as the platform writes it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
