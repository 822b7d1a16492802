"""What other people do at X in the rehearsal."""

from __future__ import annotations

import time

from publishing.rehearsal.server import Rehearsal
from publishing.rehearsal.store import Post, Remark


def say(
    rehearsal: Rehearsal,
    text: str,
    *,
    kind: str = "mention",
    author: str = "2002",
    post: str = "",
    parent: str = "",
) -> str:
    """A citizen writes to the handle 1001; the id of what was written."""
    number = str(rehearsal.store.new_id())
    kind = "comment" if post else kind
    remark = Remark("x", number, "1001", kind, post, parent, author, "नागरिक", text, time.time())
    rehearsal.store.add_remark(remark)
    return number


def foreign_post(rehearsal: Rehearsal, text: str = "मूल पोस्ट") -> str:
    """Another handle's post; its id."""
    number, now = str(rehearsal.store.new_id()), time.time()
    rehearsal.store.add_post(Post("x", number, "2002", text, "", "", now, now))
    return number
