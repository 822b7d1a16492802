"""How YouTube says no, its quotas and the rules for a video's words (Y2.2, Y3, Y4)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .stage import Request, Response, as_json
from .store import File, Store

DESCRIPTION_BYTES, TITLE_LIMIT, TAGS_LIMIT = 5_000, 100, 500
ISO = "%Y-%m-%dT%H:%M:%SZ"
PRIVACY = ("public", "unlisted", "private")
QUOTA_MESSAGE = (
    "The request cannot be completed because you have exceeded your"
    ' <a href="/youtube/v3/getting-started#quota">quota</a>.'
)
# What a call costs in units (Y3); what is not named costs one.
COSTS: Mapping[tuple[str, str], int] = {
    ("GET", "captions"): 50,
    ("POST", "captions"): 400,
    ("PUT", "videos"): 50,
    ("DELETE", "videos"): 50,
    ("POST", "thumbnails/set"): 50,
    ("POST", "playlists"): 50,
    ("POST", "playlistItems"): 50,
    ("POST", "commentThreads"): 50,
    ("POST", "comments"): 50,
    ("POST", "comments/setModerationStatus"): 50,
}
SIZES = {"uploads": 100, "units": 10_000, "stats": 10_000}


def error(status: int, reason: str, message: str, domain: str = "youtube") -> Response:
    item = {"message": message, "domain": domain, "reason": reason}
    return as_json({"error": {"code": status, "message": message, "errors": [item]}}, status)


def error_for(detail: str) -> Response | None:
    """`detail` is status:reason (Y4), or status:STATUS for an error of Google's newer shape."""
    match = re.fullmatch(r"([45]\d\d):(\w{1,60})", detail)
    if not match:
        return None
    code, reason = int(match.group(1)), match.group(2)
    message = f"<b>Provoked</b>: <code>{reason}</code>."
    if reason.isupper():
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": f"PROVOKED_{reason}"}
        body = {"code": code, "message": message, "status": reason, "details": [info]}
        return as_json({"error": body}, code)
    return error(code, reason, message)


class Switches:
    """What a test may set: quota sizes, how long processing takes and how it ends."""

    DEFAULTS: Mapping[str, Any] = {
        **SIZES,
        "processing_seconds": 0,
        "end": "",  # of processing: "failed:codec", "rejected:duplicate", "terminated:other"
        "session_seconds": 24 * 3600,
        "verified": True,  # the channels, by telephone: only they may set a thumbnail
        "long_uploads": "allowed",
    }

    def __init__(self, store: Store) -> None:
        self.store = store

    def __getitem__(self, name: str) -> Any:
        kept = self.store.file("youtube", "switches")
        return (kept.extra if kept else {}).get(name, self.DEFAULTS[name])

    def set(self, request: Request) -> Response:
        given = request.fields
        if unknown := set(given) - set(self.DEFAULTS):
            return as_json({"error": f"unknown: {sorted(unknown)}"}, 400)
        kept = self.store.file("youtube", "switches")
        values = {**(kept.extra if kept else {}), **given}
        self.store.put_file(File("youtube", "switches", "", "", time.time(), values))
        return as_json({"ok": True})


def over_quota(store: Store, switches: Switches, request: Request) -> bool:
    """Counts the call in its bucket of this Pacific day, for the project as a whole."""
    bucket, cost = _bucket(request)
    day = datetime.now(UTC).astimezone(ZoneInfo("America/Los_Angeles")).date().isoformat()
    with store.exclusive():
        kept = store.file("youtube", f"quota-{day}")
        used = dict(kept.extra) if kept else {}
        if used.get(bucket, 0) + cost > switches[bucket]:
            return True
        used[bucket] = used.get(bucket, 0) + cost
        store.put_file(File("youtube", f"quota-{day}", "", "", time.time(), used))
    return False


def _bucket(request: Request) -> tuple[str, int]:
    name = request.path.rpartition("/v3/")[2]
    if "upload_id" in request.query or request.path.startswith("/v2/"):
        return "units", 0
    if (request.method, name) == ("POST", "videos"):
        return "uploads", 1
    if name == "videos:batchGetStats":
        return "stats", 1
    return "units", COSTS.get((request.method, name), 1)


def metadata_refusal(body: Mapping[str, Any]) -> str:
    """The reason why a video's words are refused; "" if they are not."""
    snippet, status = body.get("snippet", {}), body.get("status", {})
    if not isinstance(snippet, dict) or not isinstance(status, dict):
        return "invalidVideoMetadata"
    title, text = snippet.get("title", ""), snippet.get("description", "")
    if not title or not _is_clean(title) or len(title.encode("utf-16-le")) // 2 > TITLE_LIMIT:
        return "invalidTitle"
    if not _is_clean(text) or len(text.encode()) > DESCRIPTION_BYTES:
        return "invalidDescription"
    if not _are_tags(snippet.get("tags", [])):
        return "invalidTags"
    if not re.fullmatch(r"\d{1,3}", str(snippet.get("categoryId", "22"))):
        return "invalidCategoryId"
    return "" if status.get("privacyStatus", "public") in PRIVACY else "invalidVideoMetadata"


def _is_clean(text: Any) -> bool:
    return isinstance(text, str) and "<" not in text and ">" not in text


def _are_tags(tags: Any) -> bool:
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return False
    quotes = sum(2 for tag in tags if " " in tag)
    return sum(map(len, tags)) + quotes + max(0, len(tags) - 1) <= TAGS_LIMIT


def paged(rows: list[Any], request: Request, most: int) -> tuple[list[Any], dict[str, Any]] | None:
    """One page and what is said about paging; None for a token that is none."""
    token, wanted = request.query.get("pageToken", "p0"), request.query.get("maxResults", "")
    match = re.fullmatch(r"p(\d{1,9})", token)
    if not match:
        return None
    size = min(max(int(wanted), 1), most) if wanted.isdecimal() else min(20, most)
    start = int(match.group(1))
    page = rows[start : start + size]
    about: dict[str, Any] = {"pageInfo": {"totalResults": len(rows), "resultsPerPage": size}}
    if start + size < len(rows):
        about["nextPageToken"] = f"p{start + size}"
    return page, about


def bad_page() -> Response:
    return error(400, "invalidPageToken", "The page token is <b>not valid</b>.")


def wrong_part() -> Response:
    return error(400, "missingRequiredParameter", "No filter selected or <b>part</b> missing.")
