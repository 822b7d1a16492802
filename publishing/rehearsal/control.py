"""The stand-in's own addresses: the page people look at, its files, and what tests ask for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

from . import faults
from .callbacks import Callbacks
from .pages import wall
from .stage import Request, Response, Stage, as_json
from .store import Remark, Store

SHOWN_TYPES = ("image/jpeg", "image/png", "image/webp", "video/mp4")
REMARKS = ("comment", "mention", "message", "preference")
# Where each platform shows a single post: the id is in the path or in ?v=.
POST_PATHS = re.compile(r"/(?:i/web/status/|p/)?([\w.:-]+)/?")


class Control:
    def __init__(self, store: Store, callbacks: Callbacks, stages: Mapping[str, Stage]) -> None:
        self.store = store
        self.callbacks = callbacks
        self.stages = stages
        self.platforms = tuple(stages)
        self.routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/"): self.root,
            ("GET", "/_control/posts"): self.posts,
            ("POST", "/_control/accounts"): self.accounts,
            ("POST", "/_control/grants"): self.grants,
            ("POST", "/_control/remarks"): self.remarks,
            ("GET", "/_control/remarks"): self.listed_remarks,
            ("POST", "/_control/faults"): self.faults,
            ("GET", "/_control/faults"): self.listed_faults,
            ("POST", "/_control/faults/clear"): self.clear_faults,
            ("POST", "/_control/reset"): self.reset,
        }

    def answer(self, request: Request) -> Response:
        handler = self.routes.get((request.method, request.path))
        if handler:
            return handler(request)
        change = re.fullmatch(r"/_control/remarks/([\w.:-]+)/(edited|remove)", request.path)
        if change and request.method == "POST":
            return self.change_remark(request, change.group(1), change.group(2))
        file = re.fullmatch(r"/files/(\w+)/([\w.:=-]+)", request.path)
        if file and request.method == "GET":
            return self.file(file.group(1), file.group(2))
        return Response(404, b"Not found", {"Content-Type": "text/plain"})

    def root(self, request: Request) -> Response:
        return wall(self.store, self.platforms)

    def shown(self, platform: str, request: Request) -> Response | None:
        """The page of one post, under the address that the platform would give it."""
        match = POST_PATHS.fullmatch(request.path)
        post_id = request.query.get("v", "") or (match.group(1) if match else "")
        post = self.store.post(platform, post_id) if request.method == "GET" else None
        return wall(self.store, self.platforms, only=post) if post else None

    def posts(self, request: Request) -> Response:
        posts = self.store.posts(request.query.get("platform", ""))
        return as_json({"posts": [self._described(asdict(post)) for post in posts]})

    def _described(self, post: dict[str, object]) -> dict[str, object]:
        file = self.store.file(str(post["platform"]), str(post["file"])) if post["file"] else None
        return {**post, "alt": file.extra.get("alt", "") if file else ""}

    def accounts(self, request: Request) -> Response:
        given = request.fields
        names = ("platform", "id", "name", "token")
        values = {name: str(given.get(name, "")) for name in names}
        extra = given.get("extra", {})
        known = values["platform"] in self.platforms
        if not all(values.values()) or not known or not isinstance(extra, dict):
            return as_json({"error": f"{', '.join(names)} are needed"}, 400)
        texts = {str(key): str(value) for key, value in extra.items()}
        self.store.add_account(**values, extra=texts)
        return as_json({"ok": True}, 201)

    def listed_remarks(self, request: Request) -> Response:
        """Everything that was written, by people and by the accounts themselves."""
        found = self.store.all_remarks(request.query.get("platform", ""))
        return as_json({"remarks": [asdict(one) for one in found]})

    def remarks(self, request: Request) -> Response:
        """Somebody writes a comment, a mention or a message; the platform tells the portal."""
        given = {key: str(value) for key, value in request.fields.items()}
        platform, account = given.get("platform", ""), given.get("account", "")
        known = any(one.id == account for one in self.store.accounts(platform))
        if given.get("kind") not in REMARKS or not known or not given.get("text"):
            return as_json({"error": "platform, account, kind and text are needed"}, 400)
        remark = Remark(
            platform,
            given.get("id") or str(self.store.new_id()),
            account,
            given["kind"],
            given.get("post", ""),
            given.get("parent", ""),
            given.get("author") or "2222",
            given.get("author_name") or "नागरिक",
            given["text"],
            time.time() - _seconds(given.get("ago", "")),
        )
        self.store.add_remark(remark)
        event = self.stages[platform].event_about(remark)
        if event:
            self.callbacks.send(platform, event)
        return _done(request, {"id": remark.id})

    def change_remark(self, request: Request, remark_id: str, verb: str) -> Response:
        """Its writer changes it or takes it back; the platform tells the portal."""
        platform = str(request.fields.get("platform", ""))
        remark = self.store.remark(platform, remark_id)
        if remark is None:
            return as_json({"error": "there is no such remark"}, 404)
        text = str(request.fields.get("text", ""))
        changed = self.store.change_remark(
            remark, text=text, state="removed" if verb == "remove" else None
        )
        event = self.stages[platform].event_of_change(changed, verb)
        if event:
            self.callbacks.send(platform, event)
        return _done(request, {"id": remark_id})

    def grants(self, request: Request) -> Response:
        """`expire` what opens the platform's accounts, or `revoke` every consent."""
        platform, act = str(request.fields.get("platform")), request.fields.get("do")
        if platform not in self.platforms or act not in ("expire", "revoke"):
            return as_json({"error": "platform, and expire or revoke, are needed"}, 400)
        if act == "expire":
            self.store.expire_grants(platform)
        else:
            self.store.revoke_grants(platform)
            for account in self.store.accounts(platform):
                event = self.stages[platform].event_of_revocation(account)
                if event:
                    self.callbacks.send(platform, event)
        return _done(request)

    def faults(self, request: Request) -> Response:
        given = request.fields
        platform = str(given.get("platform", ""))
        try:
            if platform not in self.platforms:
                raise ValueError(f"platform is one of {self.platforms}")
            faults.add_fault(
                self.store,
                platform,
                str(given.get("kind", "")),
                where=str(given.get("where") or "publish"),
                times=int(given.get("times") or 1),
                seconds=float(given.get("seconds") or 2),
                detail=str(given.get("detail") or "").strip(),
            )
        except (ValueError, TypeError) as error:
            return as_json({"error": str(error)}, 400)
        return _done(request)

    def listed_faults(self, request: Request) -> Response:
        return as_json({"faults": [dict(fault) for fault in self.store.faults()]})

    def clear_faults(self, request: Request) -> Response:
        self.store.clear_faults()
        return _done(request)

    def reset(self, request: Request) -> Response:
        self.callbacks.clear()
        self.store.reset()
        return _done(request)

    def file(self, platform: str, file_id: str) -> Response:
        file = self.store.file(platform, file_id)
        if file is None or file.mime not in SHOWN_TYPES:
            return Response(404)
        return Response(200, self.store.content(platform, file_id), {"Content-Type": file.mime})


def _seconds(typed: str) -> float:
    return float(typed) if typed.isdecimal() else 0


def _done(request: Request, said: Mapping[str, str] | None = None) -> Response:
    """Back to the page for a form, JSON for a program."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded") and "origin" in request.headers:
        return Response(303, b"", {"Location": "/"})
    return as_json(said, 201) if said else as_json({"ok": True})
