"""What the stand-in remembers, in a SQLite file of its own. It knows nothing of the portal."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    platform TEXT, id TEXT, name TEXT, token TEXT, extra TEXT, PRIMARY KEY (platform, id));
CREATE INDEX IF NOT EXISTS account_by_token ON accounts (platform, token);
CREATE TABLE IF NOT EXISTS posts (
    number INTEGER PRIMARY KEY, platform TEXT, id TEXT, account TEXT, text TEXT, title TEXT,
    file TEXT, at REAL, listed_from REAL, extra TEXT, UNIQUE (platform, id));
CREATE INDEX IF NOT EXISTS post_by_account ON posts (platform, account, at);
CREATE TABLE IF NOT EXISTS files (
    platform TEXT, id TEXT, account TEXT, mime TEXT, at REAL, extra TEXT,
    PRIMARY KEY (platform, id));
CREATE TABLE IF NOT EXISTS pieces (
    platform TEXT, file TEXT, position INTEGER, bytes BLOB, PRIMARY KEY (platform, file, position));
CREATE TABLE IF NOT EXISTS faults (
    number INTEGER PRIMARY KEY, platform TEXT, kind TEXT, operation TEXT, times INTEGER,
    seconds REAL, detail TEXT DEFAULT '');
CREATE TABLE IF NOT EXISTS remarks (
    number INTEGER PRIMARY KEY, platform TEXT, id TEXT, account TEXT, kind TEXT, post TEXT,
    parent TEXT, author TEXT, author_name TEXT, text TEXT, at REAL, UNIQUE (platform, id));
CREATE TABLE IF NOT EXISTS grants (
    token TEXT PRIMARY KEY, platform TEXT, kind TEXT, account TEXT, scopes TEXT, until REAL,
    used INTEGER, extra TEXT);
"""
TABLES = ("accounts", "grants", "posts", "files", "pieces", "faults", "remarks")
X_EPOCH = 1_288_834_974_657  # milliseconds; X's ids count from here


@dataclass(frozen=True)
class Account:
    platform: str
    id: str
    name: str
    token: str
    extra: Mapping[str, str]


@dataclass(frozen=True)
class Grant:
    """A token that the stand-in gave out: a code, an access or refresh token, a person's token."""

    token: str
    platform: str
    kind: str  # code, access, refresh, person
    account: str
    scopes: str
    until: float  # Unix seconds
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    platform: str
    id: str
    account: str
    text: str
    title: str
    file: str  # the id of its photo or video, or ""
    at: float  # Unix seconds
    listed_from: float
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """An upload: a photo, a video on its way, a container."""

    platform: str
    id: str
    account: str
    mime: str
    at: float
    extra: Mapping[str, Any]


@dataclass(frozen=True)
class Remark:
    """What somebody said to an account: a comment, a mention or a message."""

    platform: str
    id: str
    account: str
    kind: str
    post: str
    parent: str  # the comment that it answers
    author: str
    author_name: str
    text: str
    at: float
    state: str = ""  # hidden or removed


class Store:
    """One connection behind one lock: hundreds of callers wait a moment rather than fail."""

    def __init__(self, file: Path | str) -> None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, timeout=20, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._add_columns()
        self._last_id = 0

    def _add_columns(self) -> None:
        """A store that was made before a column was known is kept."""
        if not self._rows("SELECT 1 FROM pragma_table_info('faults') WHERE name = 'detail'"):
            self._write("ALTER TABLE faults ADD COLUMN detail TEXT DEFAULT ''")
        if not self._rows("SELECT 1 FROM pragma_table_info('remarks') WHERE name = 'state'"):
            self._write("ALTER TABLE remarks ADD COLUMN state TEXT DEFAULT ''")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _write(self, sql: str, *values: Any) -> int:
        with self._lock, closing(self._db.execute(sql, values)) as cursor:
            return cursor.rowcount

    def _rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock, closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def exclusive(self) -> threading.RLock:
        """Held while something is looked up and then written."""
        return self._lock

    def new_id(self) -> int:
        """A snowflake: it carries its time, and never comes twice (X5)."""
        with self._lock:
            made = (int(time.time() * 1000) - X_EPOCH) << 22 | secrets.randbelow(1 << 12)
            self._last_id = max(made, self._last_id + 1)
            return self._last_id

    def reset(self) -> None:
        with self._lock:
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own

    # --- accounts -----------------------------------------------------------------------------

    def add_account(
        self,
        platform: str,
        id: str,  # noqa: A002 - the platforms' own word
        name: str,
        token: str,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Adds an account, or gives a known one another name, token or settings."""
        self._write(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?)",
            platform,
            id,
            name,
            token,
            json.dumps(dict(extra or {})),
        )

    def accounts(self, platform: str) -> list[Account]:
        rows = self._rows("SELECT * FROM accounts WHERE platform = ? ORDER BY name", platform)
        return [_account(row) for row in rows]

    def account(self, platform: str, account_id: str) -> Account | None:
        rows = self._rows(
            "SELECT * FROM accounts WHERE platform = ? AND id = ?", platform, account_id
        )
        return _account(rows[0]) if rows else None

    def account_by_token(self, platform: str, token: str) -> Account | None:
        """By the token it was added with, or by one that was given out since."""
        if not token:
            return None
        rows = self._rows(
            "SELECT * FROM accounts WHERE platform = ? AND token = ?", platform, token
        )
        if rows:
            return _account(rows[0])
        grant = self.grant(platform, token, "access")
        return self.account(platform, grant.account) if grant else None

    # --- grants -------------------------------------------------------------------------------

    def add_grant(self, grant: Grant) -> None:
        self._write(
            "INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            *astuple(grant)[:-1],
            json.dumps(dict(grant.extra)),
        )

    def grant(self, platform: str, token: str, *kinds: str) -> Grant | None:
        """One that is neither used up nor over."""
        rows = self._rows(
            "SELECT * FROM grants WHERE platform = ? AND token = ? AND used = 0 AND until > ?",
            platform,
            token,
            time.time(),
        )
        return _grant(rows[0]) if rows and rows[0]["kind"] in kinds else None

    def use_grant(self, platform: str, token: str, kind: str) -> Grant | None:
        """Of many who ask with the same token one gets it."""
        with self._lock:
            found = self.grant(platform, token, kind)
            if found:
                self._write("UPDATE grants SET used = 1 WHERE token = ?", token)
            return found

    def revoke_grants(self, platform: str, account: str = "", consent: str = "") -> None:
        """All of a platform, or those of an account, or those that hang on one consent."""
        self._write(
            "DELETE FROM grants WHERE platform = ? AND (? = '' OR account = ?)"
            " AND (? = '' OR json_extract(extra, '$.consent') = ?)",
            platform,
            account,
            account,
            consent,
            consent,
        )

    def expire_grants(self, platform: str) -> None:
        """What opens an account ends now; what renews it stays."""
        self._write("UPDATE grants SET until = 0 WHERE platform = ? AND kind = 'access'", platform)

    # --- posts --------------------------------------------------------------------------------

    def add_post(self, post: Post) -> None:
        self._write(
            "INSERT INTO posts (platform, id, account, text, title, file, at, listed_from, extra)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            post.platform,
            post.id,
            post.account,
            post.text,
            post.title,
            post.file,
            post.at,
            post.listed_from,
            json.dumps(dict(post.extra)),
        )

    def posts(self, platform: str = "", account: str = "", limit: int = -1) -> list[Post]:
        """Newest first."""
        rows = self._rows(
            "SELECT * FROM posts WHERE (? = '' OR platform = ?) AND (? = '' OR account = ?)"
            " ORDER BY number DESC LIMIT ?",
            platform,
            platform,
            account,
            account,
            limit,
        )
        return [_post(row) for row in rows]

    def listed_posts(self, platform: str, account: str, *, since: float, limit: int) -> list[Post]:
        """What the platform shows of an account by now, newest first."""
        rows = self._rows(
            "SELECT * FROM posts WHERE platform = ? AND account = ? AND at >= ?"
            " AND listed_from <= ? ORDER BY number DESC LIMIT ?",
            platform,
            account,
            since,
            time.time(),
            limit,
        )
        return [_post(row) for row in rows]

    def post(self, platform: str, post_id: str) -> Post | None:
        rows = self._rows("SELECT * FROM posts WHERE platform = ? AND id = ?", platform, post_id)
        return _post(rows[0]) if rows else None

    def count_posts(self, platform: str, account: str = "", *, since: float) -> int:
        rows = self._rows(
            "SELECT COUNT(*) AS total FROM posts WHERE platform = ?"
            " AND (? = '' OR account = ?) AND at >= ?",
            platform,
            account,
            account,
            since,
        )
        return int(rows[0]["total"])

    def remove_post(self, platform: str, post_id: str) -> bool:
        """False if it was not there."""
        return self._write("DELETE FROM posts WHERE platform = ? AND id = ?", platform, post_id) > 0

    def change_post(
        self, post: Post, *, text: str | None = None, title: str | None = None, **extra: Any
    ) -> None:
        self._write(
            "UPDATE posts SET text = ?, title = ?, extra = ? WHERE platform = ? AND id = ?",
            post.text if text is None else text,
            post.title if title is None else title,
            json.dumps({**post.extra, **extra}),
            post.platform,
            post.id,
        )

    # --- what people say ----------------------------------------------------------------------

    def add_remark(self, remark: Remark) -> None:
        self._write(
            "INSERT INTO remarks (platform, id, account, kind, post, parent, author, author_name,"
            " text, at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *astuple(remark),
        )

    def remarks(self, platform: str, account: str, kind: str, post: str = "") -> list[Remark]:
        """Oldest first."""
        rows = self._rows(
            "SELECT platform, id, account, kind, post, parent, author, author_name, text, at, state"
            " FROM remarks WHERE platform = ? AND account = ? AND kind = ? AND state != 'removed'"
            " AND (? = '' OR post = ?) ORDER BY number",
            platform,
            account,
            kind,
            post,
            post,
        )
        return [Remark(**dict(row)) for row in rows]

    def all_remarks(self, platform: str = "") -> list[Remark]:
        """Oldest first, removed ones too."""
        rows = self._rows(
            "SELECT platform, id, account, kind, post, parent, author, author_name, text, at, state"
            " FROM remarks WHERE ? IN ('', platform) ORDER BY number",
            platform,
        )
        return [Remark(**dict(row)) for row in rows]

    def remark(self, platform: str, remark_id: str) -> Remark | None:
        """Whatever its state."""
        rows = self._rows(
            "SELECT platform, id, account, kind, post, parent, author, author_name, text, at, state"
            " FROM remarks WHERE platform = ? AND id = ?",
            platform,
            remark_id,
        )
        return next((Remark(**dict(row)) for row in rows), None)

    def change_remark(self, remark: Remark, *, text: str = "", state: str | None = None) -> Remark:
        """What stays empty stays as it is."""
        changed = replace(
            remark, text=text or remark.text, state=remark.state if state is None else state
        )
        self._write(
            "UPDATE remarks SET text = ?, state = ? WHERE platform = ? AND id = ?",
            changed.text,
            changed.state,
            remark.platform,
            remark.id,
        )
        return changed

    # --- files --------------------------------------------------------------------------------

    def put_file(self, file: File) -> None:
        self._write(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)",
            file.platform,
            file.id,
            file.account,
            file.mime,
            file.at,
            json.dumps(dict(file.extra)),
        )

    def file(self, platform: str, file_id: str) -> File | None:
        rows = self._rows("SELECT * FROM files WHERE platform = ? AND id = ?", platform, file_id)
        return _file(rows[0]) if rows else None

    def files(self, platform: str, account: str, mime: str) -> list[File]:
        """Oldest first."""
        rows = self._rows(
            "SELECT * FROM files WHERE platform = ? AND account = ? AND mime = ? ORDER BY at, id",
            platform,
            account,
            mime,
        )
        return [_file(row) for row in rows]

    def remove_file(self, platform: str, file_id: str) -> None:
        self._write("DELETE FROM files WHERE platform = ? AND id = ?", platform, file_id)
        self._write("DELETE FROM pieces WHERE platform = ? AND file = ?", platform, file_id)

    def put_piece(self, platform: str, file_id: str, position: int, piece: bytes) -> None:
        self._write(
            "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?)", platform, file_id, position, piece
        )

    def content(self, platform: str, file_id: str) -> bytes:
        rows = self._rows(
            "SELECT bytes FROM pieces WHERE platform = ? AND file = ? ORDER BY position",
            platform,
            file_id,
        )
        return b"".join(row["bytes"] for row in rows)

    def length(self, platform: str, file_id: str) -> int:
        rows = self._rows(
            "SELECT COALESCE(SUM(LENGTH(bytes)), 0) AS total FROM pieces"
            " WHERE platform = ? AND file = ?",
            platform,
            file_id,
        )
        return rows[0]["total"]

    # --- faults -------------------------------------------------------------------------------

    def add_fault(
        self,
        platform: str,
        kind: str,
        *,
        operation: str,
        times: int,
        seconds: float,
        detail: str = "",
    ) -> None:
        self._write(
            "INSERT INTO faults (platform, kind, operation, times, seconds, detail)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            platform,
            kind,
            operation,
            times,
            seconds,
            detail,
        )

    def faults(self) -> list[sqlite3.Row]:
        return self._rows("SELECT * FROM faults WHERE times > 0 ORDER BY number")

    def use_fault(self, number: int) -> bool:
        return (
            self._write(
                "UPDATE faults SET times = times - 1 WHERE number = ? AND times > 0", number
            )
            == 1
        )

    def clear_faults(self) -> None:
        self._write("DELETE FROM faults")


def _account(row: sqlite3.Row) -> Account:
    return Account(row["platform"], row["id"], row["name"], row["token"], json.loads(row["extra"]))


def _grant(row: sqlite3.Row) -> Grant:
    values = {key: row[key] for key in row.keys() if key not in ("used", "extra")}  # noqa: SIM118
    return Grant(**values, extra=json.loads(row["extra"]))


def _post(row: sqlite3.Row) -> Post:
    values = {key: row[key] for key in row.keys() if key not in ("number", "extra")}  # noqa: SIM118
    return Post(**values, extra=json.loads(row["extra"]))


def _file(row: sqlite3.Row) -> File:
    return File(**{**dict(row), "extra": json.loads(row["extra"])})
