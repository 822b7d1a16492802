"""Uploads at X: pieces, processing, what may be attached (X2.2, X3.1)."""

from __future__ import annotations

import time
from typing import Any

from .graph import image_kind
from .stage import Request, Response, as_json
from .store import Account, File, Store
from .x_answers import invalid, problem

DAY = 24 * 3600
CATEGORIES = {
    "tweet_image": ("image/jpeg", "image/png", "image/webp"),
    "tweet_gif": ("image/gif",),
    "tweet_video": ("video/mp4", "video/quicktime", "video/webm", "video/mp2t"),
    "subtitles": ("text/srt", "text/vtt"),
}
LARGEST = {
    "tweet_image": 5_000_000,
    "tweet_gif": 15_000_000,
    "tweet_video": 512_000_000,
    "subtitles": 1_000_000,
}


class XMedia:
    def __init__(self, store: Store, looks: int) -> None:
        """A video is ready after so many looks."""
        self.store = store
        self.looks = looks

    def are_attachable(self, account: Account, ids: Any) -> bool:
        """One to four photos, or one animation or video; own, processed, not expired."""
        if not isinstance(ids, list) or not 1 <= len(ids) <= 4:
            return False
        files = [self.store.file("x", one) if isinstance(one, str) else None for one in ids]
        usable = [
            file
            for file in files
            if file
            and file.account == account.id
            and self._state(file) == "succeeded"
            and time.time() - file.at < DAY
        ]
        alone = len(ids) == 1 or all(f.extra["category"] == "tweet_image" for f in usable)
        return len(usable) == len(ids) and alone

    def initialize(self, request: Request) -> Response:
        body = request.json()
        category, size = str(body.get("media_category")), body.get("total_bytes")
        fits = body.get("media_type") in CATEGORIES.get(category, ())
        if not fits or not isinstance(size, int) or not 0 < size <= LARGEST[category]:
            return invalid("media_type: is not one of the accepted types")
        media = self._new(request, str(body["media_type"]), category, size)
        return as_json(
            {"data": {"id": media, "media_key": f"3_{media}", "expires_after_secs": DAY}}
        )

    def append(self, request: Request, media: str) -> Response:
        file, piece = self._own(request, media), request.files.get("media", b"")
        index = str(request.fields.get("segment_index", ""))
        if file is None or not piece or not index.isdecimal() or int(index) > 999:
            return invalid("Your media IDs are invalid.")
        self.store.put_piece("x", media, int(index), piece)
        return as_json({"data": {"expires_at": int(time.time()) + DAY}})

    def finalize(self, request: Request, media: str) -> Response:
        file = self._own(request, media)
        if file is None or self.store.length("x", media) != file.extra["total"]:
            return invalid("Segments do not add up to provided total file size.")
        self._put(file, looks=0, sound=self._is_sound(file))
        return as_json({"data": self._described(media)})

    def one_shot(self, request: Request) -> Response:
        """Photos and subtitles in one call."""
        category, piece = str(request.fields.get("media_category")), request.files.get("media", b"")
        if category not in ("tweet_image", "subtitles") or not piece:
            return invalid("media_category: is not one of the accepted categories")
        kind = image_kind(piece)
        mime = kind[0] if kind else str(request.fields.get("media_type", "text/srt"))
        media = self._new(request, mime, category, len(piece))
        self.store.put_piece("x", media, 0, piece)
        return self.finalize(request, media)

    def status(self, request: Request) -> Response:
        """Every look brings a file on its way one step further."""
        media = request.query.get("media_id", "")
        file = self._own(request, media)
        if file is None or "looks" not in file.extra:
            return problem(
                404, "Not Found Error", "Could not find the media.", "resource-not-found"
            )
        self._put(file, looks=file.extra["looks"] + 1)
        return as_json({"data": self._described(media)})

    def metadata(self, request: Request) -> Response:
        body = request.json()
        file = self._own(request, str(body.get("id", "")))
        metadata = body.get("metadata")
        alt = metadata.get("alt_text") if isinstance(metadata, dict) else None
        text = alt.get("text") if isinstance(alt, dict) else None
        if file is None or not isinstance(text, str) or len(text) > 1000:
            return invalid("alt_text: is not valid")
        self._put(file, alt=text)
        return as_json({"data": {"id": file.id, "associated_metadata": metadata}})

    def subtitles(self, request: Request) -> Response:
        body = request.json()
        video, told = self._own(request, str(body.get("id", ""))), body.get("subtitles")
        told = told if isinstance(told, dict) else {}
        words = self._own(request, str(told.get("id", "")))
        language = str(told.get("language_code", ""))
        fits = video and words and words.extra["category"] == "subtitles"
        if not fits or video is None or not (len(language) == 2 and language.isupper()):
            return invalid("subtitles: is not valid")
        self._put(video, subtitles=[*video.extra.get("subtitles", []), language])
        kept = {"associated_subtitles": [told], "media_category": "TweetVideo", "id": video.id}
        return as_json({"data": kept})

    def _new(self, request: Request, mime: str, category: str, size: int) -> str:
        media = str(self.store.new_id())
        owner = request.account.id if request.account else ""
        extra = {"total": size, "category": category}
        self.store.put_file(File("x", media, owner, mime, time.time(), extra))
        return media

    def _put(self, file: File, **more: Any) -> None:
        extra = {**file.extra, **more}
        self.store.put_file(File("x", file.id, file.account, file.mime, file.at, extra))

    def _own(self, request: Request, media: str) -> File | None:
        file = self.store.file("x", media)
        return file if file and request.account and file.account == request.account.id else None

    def _is_sound(self, file: File) -> bool:
        content = self.store.content("x", file.id)
        category = file.extra["category"]
        if category == "tweet_video":
            return content[4:8] == b"ftyp"
        if category == "tweet_gif":
            return content.startswith(b"GIF8")
        if category == "subtitles":
            return b"-->" in content
        kind = image_kind(content)
        return kind is not None and kind[0] == file.mime and len(content) <= LARGEST[category]

    def _state(self, file: File) -> str:
        """Photos are ready at once."""
        if "looks" not in file.extra:
            return ""
        if file.extra["category"] == "tweet_video" and file.extra["looks"] < self.looks:
            return "in_progress" if file.extra["looks"] else "pending"
        return "succeeded" if file.extra["sound"] else "failed"

    def _described(self, media: str) -> dict[str, Any]:
        file = self.store.file("x", media)
        described: dict[str, Any] = {
            "id": media,
            "media_key": f"3_{media}",
            "size": self.store.length("x", media),
            "expires_after_secs": DAY,
        }
        state = self._state(file) if file else "failed"
        quick = file and file.extra["category"] in ("tweet_image", "subtitles")
        if quick and state == "succeeded":
            return described
        processing: dict[str, Any] = {"state": state}
        if state in ("pending", "in_progress"):
            processing["check_after_secs"] = 0
        if state == "failed":
            processing["error"] = {"code": 1, "name": "InvalidMedia", "message": "InvalidMedia"}
        return {**described, "processing_info": processing}
