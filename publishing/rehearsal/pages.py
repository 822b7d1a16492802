"""What the platforms' pages look like now, on one page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from departments.platforms import Platform

from .faults import KINDS, OPERATIONS
from .stage import Response
from .store import File, Post, Store

SHOWN = 50
NAMES = dict(Platform.choices)
KIND_NAMES = {
    "slow": _("Slow"),
    "late": _("Shown late in lists"),
    "rate_limited": _("Too many calls"),
    "error_before": _("Server error, not accepted"),
    "error_after": _("Server error although accepted"),
    "cut_before": _("Connection cut, not accepted"),
    "cut_after": _("Connection cut although accepted"),
    "expired_token": _("Connection expired"),
    "html": _("Garbled answer although accepted"),
    "code": _("A certain error code"),
}
OPERATION_NAMES = {
    "reply": _("answering"),
    "publish": _("when publishing"),
    "upload": _("when uploading a file"),
    "read": _("when reading back"),
    "link": _("when linking an account"),
    "any": _("always"),
}
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
_engine = Engine(
    dirs=[str(Path(__file__).parent / "templates")],
    builtins=["django.templatetags.i18n"],
)


def wall(store: Store, platforms: tuple[str, ...], *, only: Post | None = None) -> Response:
    """All platforms, or one post."""
    order = [platform for platform in NAMES if platform in platforms]
    with translation.override(settings.LANGUAGE_CODE):
        columns = [_column(store, platform, only) for platform in order]
        context = {
            "language": settings.LANGUAGE_CODE,
            "columns": [column for column in columns if not only or column["posts"]],
            "only": only,
            "faults": [_named(fault) for fault in map(dict, store.faults())],
            "platforms": [(platform, NAMES[platform]) for platform in order],
            "kinds": [(kind, KIND_NAMES[kind]) for kind in KINDS],
            "operations": [(name, OPERATION_NAMES[name]) for name in OPERATIONS],
        }
        page = _engine.get_template("rehearsal/wall.html").render(Context(context))
    return Response(200, page.encode(), HEADERS)


def _column(store: Store, platform: str, only: Post | None) -> dict[str, Any]:
    names = {account.id: account.name for account in store.accounts(platform)}
    posts = [only] if only else store.posts(platform, limit=SHOWN)
    return {
        "platform": platform,
        "name": NAMES[platform],
        "accounts": sorted(names.values()),
        "posts": [
            _card(store, post, names) for post in posts if post and post.platform == platform
        ],
    }


def _card(store: Store, post: Post, names: dict[str, str]) -> dict[str, Any]:
    ids = post.extra.get("files") or post.extra.get("media") or [post.file]
    files = [store.file(post.platform, str(one)) for one in ids if one]
    return {
        "id": post.id,
        "platform": post.platform,
        "account_id": post.account,
        "account": names.get(post.account, post.account),
        "title": post.title,
        "text": post.text,
        "link": post.extra.get("link", ""),
        "at": datetime.fromtimestamp(post.at, UTC),
        "files": [_shown_file(file) for file in files if file],
        "is_edited": bool(post.extra.get("edited")),
        "is_removed": bool(post.extra.get("removed")),
        "comments": store.remarks(post.platform, post.account, "comment", post.id),
    }


def _shown_file(file: File) -> dict[str, Any]:
    return {
        "address": f"/files/{file.platform}/{file.id}",
        "is_video": file.mime.startswith("video/"),
        "alt": file.extra.get("alt", ""),
    }


def _named(fault: dict[str, Any]) -> dict[str, Any]:
    return {
        **fault,
        "platform": NAMES[fault["platform"]],
        "kind": KIND_NAMES[fault["kind"]],
        "operation": OPERATION_NAMES[fault["operation"]],
    }
