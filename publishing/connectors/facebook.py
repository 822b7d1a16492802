"""Facebook Pages (platform sheet, part 2)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings

from .base import (
    Attachment,
    Comment,
    Content,
    Count,
    Fit,
    Heard,
    Journal,
    NotPublished,
    Page,
    Problem,
    Published,
    Receipt,
    Sent,
    Told,
)
from .checks import photo_problems, text_problems, video_problems
from .errors import (
    AlreadyPublished,
    ConnectionRefused,
    ContentRefused,
    NeedsOfficer,
    RateLimited,
    Unavailable,
    Unknown,
)
from .facebook_account import FacebookConsent
from .graph import Meaning, Table, clock, moment, newer
from .graph_replies import AnsweringConnector
from .http import dig, identifier_at, needed, number_at, rows_at, text_at
from .steps import keep_for, kept

TEXT_LIMIT = 63_206
PHOTOS = 10  # no figure is documented (2.3)
PHOTO_FIT = Fit(("image/jpeg", "image/png"), 4_000_000, longest_side=2048)  # smaller of two (2.3)
VIDEO_FIT = Fit(("video/mp4",), 2_000_000_000, seconds=40 * 60)  # smaller of two (2.3)
PHOTO_KEPT = 20 * 3600  # an unpublished photo lives about 24 hours (2.2)
VIDEO_KEPT = 20 * 3600  # no figure is documented; a session that ended sooner says so
# Of a video, at most, whatever the platform asks for: each has to arrive within a worker's lease.
PIECE = 8 * 1024 * 1024
CORRECTIONS = 5  # how often one attempt follows a corrected offset
EARLIER = 300  # seconds before the attempt from which published posts are read (2.5)
POST_FIELDS = (
    "id,message,created_time,application,attachments{target,unshimmed_url,subattachments{target}}"
)
VERBS = {
    "add": "said",
    "edit": "edited",
    "edited": "edited",
    "remove": "removed",
    "hide": "hidden",
    "unhide": "shown",
}
COMMENT_FIELDS = "id,message,from,created_time,parent,is_hidden,permalink_url"
POSTED = frozenset({"post", "status", "photo", "video", "album", "share", "link", "note"})

_LINK = re.compile(r"https://[^\s<>\"'“”]+")


class Facebook(AnsweringConnector):
    platform = "facebook"
    consent = FacebookConsent
    api_url = "https://graph.facebook.com"
    callback_object = "page"
    inbox = "messenger"
    answers_at = "comments"
    hides_by = "is_hidden"
    joins_languages = True
    photos_at_most = PHOTOS
    takes_video = True
    can_edit = True
    can_remove = True
    shows_link_card = True
    # As phones show a Page's post; Meta publishes neither figure, and the first depends on lines.
    fold = 125
    narrowest_shown = 4 / 5
    own_errors: ClassVar[Table] = {
        (1, 2853006): (ConnectionRefused, "permission_missing"),
        (197, 0): (ContentRefused, "text_missing"),
        (200, 1609008): (ContentRefused, "link_refused"),
        (1500, 0): (ContentRefused, "link_refused"),
        (1609005, 0): (ContentRefused, "link_unreadable"),
        (1705, 0): (Unknown, "platform_failing"),
        (5101, 0): (ContentRefused, "photo_refused"),
        (6000, 0): (ContentRefused, "video_refused"),
    }
    own_subcodes: ClassVar[Mapping[int, Meaning]] = {
        1366046: (ContentRefused, "photo_refused"),
        1366051: (AlreadyPublished, "already_published"),
        1349125: (ContentRefused, "content_refused"),
        1404006: (ConnectionRefused, "account_restricted"),
        1404078: (ConnectionRefused, "account_restricted"),
        1404102: (ContentRefused, "content_refused"),
        1404112: (RateLimited, "rate_limited"),
        1609010: (Unknown, "platform_failing"),
        1363047: (Unknown, "platform_failing"),
        2061006: (ContentRefused, "link_refused"),
        2069019: (ContentRefused, "photo_refused"),
        4854002: (ConnectionRefused, "account_restricted"),
        **dict.fromkeys((1363019, 1363021, 1363030, 1363033), (Unavailable, "platform_failing")),
        **dict.fromkeys((1363037, 1363041, 1363045), (Unavailable, "media_processing_failed")),
        **dict.fromkeys(
            (1363020, 1363022, 1363023, 1363024, 1363025, 1363026, 1363031, 1363032),
            (ContentRefused, "video_refused"),
        ),
        **dict.fromkeys((1363005, 1363042), (ConnectionRefused, "permission_missing")),
    }

    # --- before approval --------------------------------------------------------------------------

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), TEXT_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        return [
            *text_problems(content, cls.count(content.text)),
            *photo_problems(
                content,
                mimes=PHOTO_FIT.mimes,
                limit=PHOTO_FIT.bytes,
                photos_at_most=PHOTOS,
                takes_video=True,
            ),
            *video_problems(content, VIDEO_FIT),
        ]

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return VIDEO_FIT if mime.startswith("video/") else PHOTO_FIT

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, content: Content, journal: Journal) -> Receipt:
        """Photos go up unpublished first, so that their ids can prove the post later."""
        video = _video(content)
        if video:
            return self._publish_video(content, video, journal)
        form = {"message": content.text, "fields": "id"}
        if content.attachments:
            photos = [
                self._photo(f"photo_{number}", file, journal)
                for number, file in enumerate(content.attachments)
            ]
            form["attached_media"] = json.dumps([{"media_fbid": photo} for photo in photos])
        elif link := first_link(content.text):
            form["link"] = link
        journal.arm()
        return self._post(form, journal)

    def _post(self, form: dict[str, str], journal: Journal) -> Receipt:
        """A link that could not be read is tried once more (1.6)."""
        try:
            post = self.graph(
                "POST",
                self.account.external_id,
                "feed",
                reference=journal.reference,
                visible=True,
                data=form,
            )
        except ContentRefused as error:
            if error.code != "link_unreadable" or journal.get("link_tried"):
                raise
            journal.keep(link_tried="1")
            raise Unavailable(error.code, detail=error.detail, status=error.status) from None
        return self._receipt(needed(identifier_at(post, "id"), visible=True))

    def _photo(self, key: str, attachment: Attachment, journal: Journal) -> str:
        if known := kept(journal, key):
            return known
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
        keep_for(journal, key, photo, PHOTO_KEPT)
        return photo

    def _publish_video(self, content: Content, video: Attachment, journal: Journal) -> Receipt:
        """A session makes at most one video, which its status proves: start, transfer, finish."""
        seen = self._unfinished(journal)
        if seen:
            return seen
        try:
            if not kept(journal, "video"):
                self._start(video, journal)
            self._transfer(video, journal)
            journal.arm()
            self._finish(content, journal)
        except Unavailable as error:
            if error.code == "media_processing_failed":
                journal.keep(video="")
            raise
        return self._receipt(journal.get("video"), is_live=False)

    def _unfinished(self, journal: Journal) -> Receipt | None:
        """What became of an upload that was complete; one that failed is begun anew."""
        video = kept(journal, "video")
        if not video or journal.get("start") != journal.get("end"):
            return None
        seen = self._seen(video, journal.reference)
        if isinstance(seen, NotPublished):
            journal.keep(video="")
            return None
        return seen

    def _start(self, video: Attachment, journal: Journal) -> None:
        answer = self._phase("start", journal, data={"file_size": str(video.size)})
        journal.keep(
            session=needed(identifier_at(answer, "upload_session_id")),
            start=str(number_at(answer, "start_offset")),
            end=str(number_at(answer, "end_offset")),
        )
        keep_for(journal, "video", needed(identifier_at(answer, "video_id")), VIDEO_KEPT)

    def _transfer(self, video: Attachment, journal: Journal) -> None:
        """The offset is kept after each piece: another worker goes on from there (2.2)."""
        corrections = CORRECTIONS
        with video.file.open("rb") as file:
            while (start := int(journal.get("start"))) < (end := int(journal.get("end"))):
                file.seek(start)
                piece = file.read(min(end - start, PIECE))
                answer = self._piece(piece, start, journal)
                told, then = number_at(answer, "start_offset"), number_at(answer, "end_offset")
                corrections -= told <= start
                if corrections < 0 or not 0 <= told <= then or not piece:
                    raise Unavailable("media_processing_failed", detail=f"offset {told} to {then}")
                journal.keep(start=str(told), end=str(then))

    def _piece(self, piece: bytes, start: int, journal: Journal) -> Mapping[str, Any]:
        """The offsets that come next, also where the platform corrects ours (2.4)."""
        answer = self.answered(
            "POST",
            self.account.external_id,
            "videos",
            reference=journal.reference,
            data={
                "upload_phase": "transfer",
                "upload_session_id": journal.get("session"),
                "start_offset": str(start),
            },
            files={"video_file_chunk": ("piece", piece, "application/octet-stream")},
        )
        error = answer.data().get("error")
        corrected = _loaded(dig(error, "error_data"))
        if number_at(error, "error_subcode") == 1363037 and "start_offset" in corrected:
            return corrected
        return self.understood(answer)

    def _finish(self, content: Content, journal: Journal) -> None:
        form = {"upload_session_id": journal.get("session"), "description": content.text}
        answer = self._phase("finish", journal, visible=True, data=form)
        needed("yes" if answer.get("success") is True else "", visible=True)

    def _phase(
        self, phase: str, journal: Journal, *, data: dict[str, str], visible: bool = False
    ) -> dict[str, Any]:
        return self.graph(
            "POST",
            self.account.external_id,
            "videos",
            reference=journal.reference,
            visible=visible,
            data={"upload_phase": phase, **data},
        )

    def _seen(self, video: str, reference: str) -> Receipt | NotPublished | None:
        """What the platform says of a video; None until `finish` has reached it."""
        told = self.graph(
            "GET", video, reference=reference, params={"fields": "status,post_id,published"}
        )
        state = text_at(told, "status", "video_status")
        phases = [
            text_at(told, "status", f"{name}_phase", "status")
            for name in ("processing", "publishing")
        ]
        if state == "error" or "error" in phases:
            return NotPublished(self._video_error(dig(told, "status", "processing_phase", "error")))
        if state != "ready" and all(phase in ("", "not_started") for phase in phases):
            return None
        post = identifier_at(told, "post_id")
        if post and "_" not in post:
            post = f"{self.account.external_id}_{post}"
        return self._receipt(post or video, is_live=state == "ready")

    def _video_error(self, error: Any) -> ContentRefused | Unavailable:
        detail = json.dumps(error)[:500]
        kind, _ = self.own_subcodes.get(number_at(error, "code"), (ContentRefused, "video_refused"))
        if kind in (Unavailable, Unknown):
            return Unavailable("media_processing_failed", detail=detail)
        return ContentRefused("video_refused", detail=detail)

    def follow(
        self, receipt: Receipt, content: Content, journal: Journal
    ) -> Receipt | NotPublished | None:
        """The post of a video has its own id, which comes when the video is ready (2.2)."""
        seen = self._seen(journal.get("video") or receipt.platform_id, journal.reference)
        if isinstance(seen, Receipt) and not seen.is_live:
            return None
        return seen

    # --- finding what was published ---------------------------------------------------------------

    def find(self, sent: Sent) -> Receipt | NotPublished | None:
        if _video(sent.content):
            video = sent.kept.get("video", "")
            return self._seen(video, sent.reference) if video else None
        listed = self.graph(
            "GET",
            self.account.external_id,
            "published_posts",
            reference=sent.reference,
            params={
                "fields": POST_FIELDS,
                "since": int(sent.armed_at.timestamp()) - EARLIER,
                "limit": 50,
            },
        )
        posts = [row for row in rows_at(listed, "data") if text_at(row, "id") not in sent.taken]
        found = _with_photos(posts, sent) or [post for post in posts if _is_alike(post, sent)]
        if len(found) > 1:
            raise Unknown(
                "several_matches", detail=", ".join(text_at(post, "id") for post in found)
            )
        return self._receipt(needed(identifier_at(found[0], "id"))) if found else None

    def _receipt(self, post_id: str, *, is_live: bool = True) -> Receipt:
        address = self.http.address_of(f"https://www.facebook.com/{post_id}")
        return Receipt(post_id, address, is_live)

    # --- afterwards -------------------------------------------------------------------------------

    def edit(self, post: Published, content: Content, journal: Journal) -> Receipt:
        """The text alone: what is attached stays (2.2)."""
        video = post.kept.get("video", "")
        self.about(
            "POST",
            video or post.platform_id,
            reference=journal.reference,
            visible=True,
            data={"description" if video else "message": content.text},
        )
        return Receipt(post.platform_id, post.permalink)

    def remove(self, post: Published, journal: Journal) -> None:
        """To a foreign Page a post looks as if it were gone (100, subcode 33)."""
        page, _mark, own_id = post.platform_id.partition("_")
        if own_id and page != self.account.external_id:
            raise NeedsOfficer(detail=f"The post is of another Page: {page}.")
        self.delete(post.kept.get("video", "") or post.platform_id, journal.reference)

    # --- reading back -----------------------------------------------------------------------------

    def read_comments(
        self, post: Published, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        asked = {"filter": "stream", "order": "chronological", "fields": COMMENT_FIELDS}
        rows, following = self.listed(
            post.platform_id, "comments", after=after, params=asked | _since(since)
        )
        return Page(tuple(self._comment(row, post.platform_id) for row in rows), following)

    def read_mentions(self, *, since: datetime | None = None, after: str = "") -> Page[Comment]:
        """Posts that tag the Page; a mention in a comment comes by callback alone (2.6)."""
        rows, following = self.listed(
            self.account.external_id,
            "tagged",
            after=after,
            params={"fields": "id,message,from,created_time,permalink_url"} | _since(since),
        )
        found = [self._comment(row, identifier_at(row, "id")) for row in rows]
        return Page(newer(found, since), following)

    def _comment(self, row: Mapping[str, Any], post_id: str) -> Comment:
        author = identifier_at(row, "from", "id")  # left out without the permission (2.6)
        return Comment(
            identifier_at(row, "id"),
            text_at(row, "message"),
            moment(text_at(row, "created_time")),
            author_id=author,
            author_name=text_at(row, "from", "name"),
            post_id=post_id,
            parent_id=identifier_at(row, "parent", "id"),
            permalink=self._own_address(text_at(row, "permalink_url")),
            is_own=author == self.account.external_id,
            is_hidden=row.get("is_hidden") is True,
        )

    def _answers_to(self, head: str, edge: str, post_id: str) -> list[Comment]:
        asked = {"order": "reverse_chronological", "fields": COMMENT_FIELDS}
        rows, _after = self.listed(head, edge, params=asked)
        return [self._comment(row, post_id) for row in rows]

    def _own_address(self, address: str) -> str:
        known = address.startswith("https://www.facebook.com/") and len(address) <= 400
        return self.http.address_of(address) if known else ""

    @classmethod
    def heard_change(cls, kind: str, said: Mapping[str, Any], account: str) -> Heard | None:
        act = VERBS.get(text_at(said, "verb"))
        post_id, parent = identifier_at(said, "post_id"), identifier_at(said, "parent_id")
        comment_id = identifier_at(said, "comment_id") or (post_id if kind == "mention" else "")
        if act is None or not comment_id:
            return None
        author = identifier_at(said, "from", "id")
        comment = Comment(
            comment_id,
            text_at(said, "message"),
            clock(said.get("created_time")),
            author_id=author,
            author_name=text_at(said, "from", "name"),
            post_id=post_id,
            parent_id="" if parent == post_id else parent,
            is_own=author == account,
        )
        return Heard(kind, act, comment)

    @classmethod
    def told_change(
        cls, field: str, value: Mapping[str, Any], account: str, at: datetime | None
    ) -> Told | None:
        """Own posts and comments come too: they can settle an unclear delivery (2.7)."""
        target = identifier_at(value, "comment_id") or identifier_at(value, "post_id")
        if field not in ("feed", "mention") or not target:
            return None
        item, verb = text_at(value, "item"), text_at(value, "verb")
        parts = [field, account, item, target, verb, str(number_at(value, "created_time"))]
        if item in ("reaction", "like"):  # many people's, in the same second
            parts.append(identifier_at(value, "from", "id"))
        elif verb not in ("add", "remove"):  # a second change still has the time of the comment
            parts.append(hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16])
        kind = "mention" if "mention" in (field, item) else "comment" if item == "comment" else ""
        return Told(
            ":".join(parts),
            kind or ("post" if item in POSTED else "other"),
            value,
            account=account,
            at=clock(value.get("created_time")) or at,
        )


def first_link(text: str) -> str:
    """The address whose card the post shows: the first one, without the sentence's own stops."""
    found = _LINK.search(text)
    return found.group().rstrip(".,;:!?)]}।…") if found else ""


def _video(content: Content) -> Attachment | None:
    return next((file for file in content.attachments if file.is_video), None)


def _loaded(data: Any) -> Mapping[str, Any]:
    """`error_data` may be an object, or one written as text (1.6)."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return {}
    return data if isinstance(data, dict) else {}


def _since(since: datetime | None) -> dict[str, int]:
    return {"since": int(since.timestamp())} if since else {}


def _with_photos(posts: list[dict[str, Any]], sent: Sent) -> list[dict[str, Any]]:
    numbers = range(len(sent.content.attachments))
    photos = {sent.kept.get(f"photo_{number}", "") for number in numbers} - {""}
    return [post for post in posts if photos & _targets(post)]


def _targets(post: dict[str, Any]) -> set[str]:
    rows = rows_at(post, "attachments", "data")
    inner = [below for row in rows for below in rows_at(row, "subattachments", "data")]
    return {identifier_at(row, "target", "id") for row in [*rows, *inner]}


def _is_alike(post: dict[str, Any], sent: Sent) -> bool:
    """The same words, by our app, with the same link, as far as the platform tells (2.5)."""
    if text_at(post, "message").split() != sent.content.text.split():
        return False
    app, ours = identifier_at(post, "application", "id"), settings.PLATFORM_APPS["facebook"]["id"]
    if app and ours and app != ours:
        return False
    link = "" if sent.content.attachments else first_link(sent.content.text)
    shown = text_at(post, "attachments", "data", 0, "unshimmed_url")
    return not (link and shown) or shown.rstrip("/") == link.rstrip("/")
