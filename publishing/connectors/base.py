"""The contract between the portal and one platform. A platform is one module beside this one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from .errors import NeedsOfficer

if TYPE_CHECKING:
    from .consent import Consent
    from .errors import ConnectorError
    from .http import Http

# --- what is published ----------------------------------------------------------------------------


class Stored(Protocol):
    """Bytes kept somewhere: a path on this machine, or a file in S3-compatible storage."""

    def open(self, mode: str = "rb", /) -> Any: ...


@dataclass(frozen=True)
class CaptionFile:
    """Subtitles of a video, as WebVTT."""

    file: Stored
    language: str  # hi, en, ur
    sha256: str


@dataclass(frozen=True)
class Attachment:
    """A file as the platform gets it: already re-encoded, its metadata stripped."""

    file: Stored
    mime: str  # image/jpeg, image/png, image/gif, video/mp4
    size: int  # bytes
    width: int  # pixels
    height: int
    sha256: str
    alt: str = ""
    duration: float | None = None  # seconds, for video
    url: str = ""  # signed, expiring; for platforms that fetch the file themselves
    captions: tuple[CaptionFile, ...] = ()
    # What the probe found: video_codec, audio_codec, fps; empty where nothing was probed.
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_video(self) -> bool:
        return self.mime.startswith("video/")

    @property
    def is_animation(self) -> bool:
        return self.mime == "image/gif"


@dataclass(frozen=True)
class TemplateText:
    """A message template that the platform approved, with what this message puts into it."""

    name: str
    language: str
    body: str  # with {{name}} where a value goes
    values: tuple[tuple[str, str], ...]  # (name, value) in the order of the body
    header: str = ""  # "", image or video: the first file of the post
    is_named: bool = True  # {{title}} rather than {{1}}
    category: str = ""
    status: str = "APPROVED"

    @property
    def text(self) -> str:
        """As the recipient reads it."""
        text = self.body
        for name, value in self.values:
            text = text.replace("{{" + name + "}}", value)
        return text


@dataclass(frozen=True)
class ReadTemplate:
    """A message template as the platform has it."""

    name: str
    language: str
    category: str
    status: str
    body: str
    header: str = ""  # text, image, video, document; other: asks for what no post has
    names: tuple[str, ...] = ()  # of the values in the body, in order
    is_named: bool = True


@dataclass(frozen=True)
class Answers:
    """What a reply answers, by the platform's own ids. Sealed with the words of the reply."""

    kind: str  # comment, mention, message
    id: str  # of the comment or message
    post_id: str = ""  # that it stands under
    conversation_id: str = ""
    at: datetime | None = None  # when it was written: a window may count from there


@dataclass(frozen=True)
class Content:
    """What one platform gets of a message: a sealed variant."""

    text: str
    title: str = ""
    tags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str = "hi"
    thumbnail: Attachment | None = None  # of a video
    options: Mapping[str, str] = field(default_factory=dict)  # keys of Connector.options
    template: TemplateText | None = None
    recipient: str = field(default="", repr=False)  # one person's address, where it goes to one
    answers: Answers | None = None  # of a reply


@dataclass(frozen=True)
class Option:
    """Something an officer may choose for one platform besides its words."""

    key: str  # worded in publishing/problems.py OPTIONS
    choices: tuple[str, ...] = ()  # none: free text
    default: str = ""


@dataclass(frozen=True)
class Fit:
    """What a platform takes of a photo or a video; the portal makes a copy that fits."""

    mimes: tuple[str, ...]
    bytes: int
    longest_side: int = 0  # pixels; 0: any
    narrowest: float = 0  # width divided by height; 0: any
    widest: float = 0
    seconds: float = 0  # of a video; 0: any
    fps: int = 0


# --- an account, and what is known of a post there ------------------------------------------------


@dataclass(frozen=True)
class Account:
    """A connected handle as a connector sees it. `repr` shows no secret."""

    external_id: str  # the platform's own, numeric or opaque id
    name: str
    token: str = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)  # what the last check read


@dataclass(frozen=True)
class Receipt:
    """The platform's proof that the post exists; `is_live` is False while it still processes."""

    platform_id: str
    permalink: str = ""
    is_live: bool = True


@dataclass(frozen=True)
class NotPublished:
    """The platform's later word that a call it had accepted came to nothing, and why."""

    error: ConnectorError


@dataclass(frozen=True)
class Partly:
    """`find` saw a part of a thread: keep this, and publishing goes on behind it."""

    kept: Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """A post of ours that is out: what editing, removing, reposting and reading start from."""

    platform_id: str
    permalink: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)


# --- before anything is sent ----------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """Length by the platform's own rule, beside its limit."""

    length: int
    limit: int
    unit: str  # a code: characters, weighted, bytes

    @property
    def over(self) -> int:
        return max(0, self.length - self.limit)


@dataclass(frozen=True)
class Problem:
    """Something the platform would refuse (`error`) or that deserves a look (`warning`).

    `code` has its wording in publishing/problems.py, filled from `values`.
    """

    code: str
    level: str = "error"
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """How much a platform takes in a while. With `zone` it starts anew at that zone's midnight,
    else it rolls: what was used `seconds` ago counts no more.
    """

    code: str  # worded in publishing/problems.py LIMITS
    amount: int
    per: str  # "handle" or "app"
    seconds: int = 86_400
    zone: str = ""


@dataclass(frozen=True)
class Pace:
    """What an answer's headers say about a limit on calls that is nearly used up."""

    per: str  # "handle" or "app"
    capacity: float  # calls
    per_second: float  # that become free again
    left: float
    wait: int  # seconds until there are some again, once none are left


# --- what people wrote ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Comment:
    """A comment, reply, mention or message, as the platform shows it to the account's owner."""

    id: str
    text: str
    at: datetime | None
    author_id: str = ""
    author_name: str = ""
    post_id: str = ""  # the post it belongs to
    parent_id: str = ""  # the comment it answers
    conversation_id: str = ""
    permalink: str = ""
    is_own: bool = False
    is_hidden: bool = False


Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    after: str = ""  # give it back for the next page; empty: there is none


@dataclass(frozen=True)
class Told:
    """One item of a callback. `key` is the platform's own and the same however often it comes."""

    key: str
    # comment, mention, message, status, post, revoked, preference, template, account, group, other
    kind: str
    said: Mapping[str, Any]
    account: str = ""  # the external id of the handle it is about
    reference: str = ""  # the delivery it names, if any
    at: datetime | None = None


@dataclass(frozen=True)
class Heard:
    """What a callback tells of something that a person wrote. Of a removal only the id is sure."""

    kind: str  # comment, mention, message
    act: str  # said, edited, removed, hidden, shown
    comment: Comment
    is_whole: bool = True  # False: the platform told that it is there and not what it says


@dataclass(frozen=True)
class News:
    """What a callback says about a message to a single person, the person, or a template."""

    reached: str = ""  # sent, delivered, read
    error: ConnectorError | None = None  # why the message came to nothing after all
    # Whom `wants` is about: their address in E.164 or, where it is hidden, the message of ours
    # that they answered.
    address: str = field(default="", repr=False)
    answers: str = ""
    wants: bool | None = None  # to be written to
    how: str = ""  # the person said so: a code of audience.LEFT_HOW
    template: tuple[str, str, str] | None = None  # name, language, status


# --- the connector --------------------------------------------------------------------------------


class Journal(Protocol):
    """The connector's memory of one delivery: survives a worker that dies.

    `keep` stores what an earlier step obtained (a media id, a container, an upload address) before
    the next step starts. `arm` is called immediately before a call that can make something
    visible: a delivery that was never armed may simply be tried again.
    """

    reference: str  # unique for this delivery, safe to show to the platform

    def get(self, key: str) -> str: ...
    def keep(self, **values: str) -> None: ...
    def arm(self) -> None: ...


@dataclass(frozen=True)
class Sent:
    """What is known of an attempt whose outcome is not: where `find` starts."""

    content: Content
    reference: str
    armed_at: datetime
    kept: Mapping[str, str]
    # Answers that came by callback and name `reference`, oldest first, as the platform sent them.
    heard: tuple[Mapping[str, Any], ...] = ()
    # Ids of this account's posts that belong to other deliveries: never the one looked for.
    taken: frozenset[str] = frozenset()


class Connector(ABC):
    """One platform, speaking for one account.

    A method may raise what errors.py lists and nothing else, whatever the platform answers.
    `find` returns None when the platform does not show the post (yet); an error from it says that
    the platform could not be read, or (`several_matches`) that only a person can tell.
    """

    platform: ClassVar[str]
    api_url: ClassVar[str]  # the real one; settings.PLATFORM_URLS may name a stand-in
    consent: ClassVar[type[Consent] | None] = None  # how an account is linked; none: by hand only

    # --- what it can do, asked instead of its name
    needs_attachment: ClassVar[str] = ""  # "", "any", "video"
    photos_at_most: ClassVar[int] = 1  # in one post
    takes_video: ClassVar[bool] = False
    takes_thumbnail: ClassVar[bool] = False  # of its own, for a video
    has_title: ClassVar[bool] = False  # a field of its own for the title, and for tags
    joins_languages: ClassVar[bool] = False  # its readers expect Hindi and English in one post
    title_line: ClassVar[str] = ""  # how the title heads the text, for instance "*{}*"
    can_edit: ClassVar[bool] = False
    can_remove: ClassVar[bool] = False
    # The same text on many accounts is forbidden: one posts it, the others repost that.
    reposts_copies: ClassVar[bool] = False
    # An account may speak to single people who agreed to it, by an approved template.
    has_recipients: ClassVar[bool] = False
    # False where the platform offers no way to read what was sent, so that silence proves nothing.
    silence_is_proof: ClassVar[bool] = True
    options: ClassVar[tuple[Option, ...]] = ()
    # What it can answer, and do with what others wrote: hide, show, remove, block.
    replies_to: ClassVar[frozenset[str]] = frozenset()  # comment, mention, message
    moderates: ClassVar[frozenset[str]] = frozenset()
    reply_limit: ClassVar[int] = 0  # characters, or weighted as `count` does; 0: that of a post
    # What an officer is told who posts by hand, as codes of problems.py: which link to give where
    # a post has none of its own, and how to correct what is out.
    hand_link: ClassVar[str] = ""
    hand_edit: ClassVar[str] = "corrected_in_place"

    # --- how its readers see a post: what an honest preview needs
    fold: ClassVar[int] = 0  # characters before "see more"; 0: never folded
    narrowest_shown: ClassVar[float] = 0  # width divided by height; a taller photo is cropped
    widest_shown: ClassVar[float] = 0
    shows_link_card: ClassVar[bool] = False
    # What becomes more than plain text there: link, hashtag, mention, bold, italic, strike.
    marks: ClassVar[frozenset[str]] = frozenset({"link", "hashtag"})

    # Other hosts of the platform that its calls and uploads may go to (S9).
    upload_hosts: ClassVar[frozenset[str]] = frozenset()
    # Other sites on which its posts are seen, besides departments.platforms.SITES: none today.

    def __init__(self, http: Http, account: Account) -> None:
        self.http = http
        self.account = account

    # --- before approval --------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def count(cls, text: str) -> Count: ...

    @classmethod
    @abstractmethod
    def check(cls, content: Content) -> list[Problem]: ...

    @classmethod
    def shape(cls, text: str) -> str:
        """The derived text as this platform takes it, for instance split into a thread."""
        return text

    @classmethod
    def parts(cls, text: str) -> list[str]:
        """The posts that the text becomes; one, unless the platform has threads."""
        return [text]

    @classmethod
    def price(cls, content: Content) -> Decimal:
        """What publishing it costs there, in US dollars, as far as is known beforehand."""
        return Decimal(0)

    @classmethod
    def limits(cls, facts: Mapping[str, Any]) -> tuple[Limit, ...]:
        """How much may be published; `facts` are what the last check of the handle read."""
        return ()

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        """What a photo or video has to be here; None if this kind of file is not taken."""
        return None

    @classmethod
    def paces(cls, headers: Mapping[str, str]) -> tuple[Pace, ...]:
        """What an answer's headers (lower-case names) tell of limits on calls, once they matter:
        while most is left, nothing.
        """
        return ()

    # --- publishing -------------------------------------------------------------------------------

    @abstractmethod
    def publish(self, content: Content, journal: Journal) -> Receipt: ...

    @abstractmethod
    def find(self, sent: Sent) -> Receipt | NotPublished | Partly | None: ...

    def follow(
        self, receipt: Receipt, content: Content, journal: Journal
    ) -> Receipt | NotPublished | None:
        """What became of a post that was not live yet; None while it is still processed.

        Also the place for what comes after a post (captions, playlist): each step is kept in the
        journal and may be repeated.
        """
        return Receipt(receipt.platform_id, receipt.permalink)

    @classmethod
    def begun(cls, kept: Mapping[str, str]) -> str:
        """The id of what is out of a post that is not finished, by its journal; "" if nothing."""
        return ""

    # The next three may be repeated without harm, so an unclear outcome is simply tried again.
    # A platform that cannot do it leaves it to an officer.

    def edit(self, post: Published, content: Content, journal: Journal) -> Receipt:
        raise NeedsOfficer

    def remove(self, post: Published, journal: Journal) -> None:
        """A post that is gone already is removed."""
        raise NeedsOfficer

    def repost(self, post: Published, journal: Journal) -> Receipt:
        raise NeedsOfficer

    # --- answering, and keeping order -------------------------------------------------------------

    @classmethod
    def check_reply(cls, content: Content, *, now: datetime) -> list[Problem]:
        """What the platform would refuse of an answer: too long, too late, by its rules not asked
        for. Shown before a word is written (`content.text` empty), and asked again before it goes.
        """
        return []

    def reply(self, content: Content, journal: Journal) -> Receipt:
        """Answer `content.answers` with the text, or with the template where one is filled in.

        A private answer goes to `content.recipient`, the person's address on this platform.
        """
        raise NeedsOfficer

    def find_reply(self, sent: Sent) -> Receipt | NotPublished | None:
        """`find`, for a reply."""
        return None

    def moderate(self, act: str, answers: Answers, *, person: str = "") -> None:
        """One of `moderates`, on what a person wrote, or to that `person`. Repeating it does no
        harm, and what is gone already is removed.
        """
        raise NeedsOfficer

    # --- reading back -----------------------------------------------------------------------------

    def read_comments(
        self, post: Published, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        """On one post, replies included."""
        return Page(())

    def read_mentions(self, *, since: datetime | None = None, after: str = "") -> Page[Comment]:
        return Page(())

    def read_conversations(
        self, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        """The latest message of each private conversation."""
        return Page(())

    def read_conversation(self, conversation_id: str, *, after: str = "") -> Page[Comment]:
        """Its messages, newest first."""
        return Page(())

    def read_metrics(self, post: Published) -> dict[str, int]:
        """Numbers by the names in settings.METRICS; what the platform does not tell is left out."""
        return {}

    def read_templates(self) -> list[ReadTemplate]:
        """Those of the account; asked only where has_recipients."""
        return []

    # --- what was posted by hand ------------------------------------------------------------------

    @classmethod
    def proves(cls, path: str, names: Iterable[str]) -> bool:
        """May there be a post of an account of one of these names at `path` on the platform?"""
        return True

    # --- what it sends to us ----------------------------------------------------------------------

    @classmethod
    def handshake(cls, query: Mapping[str, str], *, secret: str, verify: str) -> str | None:
        """The answer that proves to the platform that it may call here; None: refuse."""
        return None

    @classmethod
    def is_genuine(cls, body: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
        """Does the signature fit the raw bytes? `headers` have lower-case names."""
        return False

    @classmethod
    def unsubscribed(cls, query: Mapping[str, str]) -> str:
        """The account of which the handshake says that we no longer want to hear; or ""."""
        return ""

    @classmethod
    def told(cls, body: bytes) -> Iterator[Told]:
        """The items of a genuine callback; unknown ones are of the kind `other`."""
        return iter(())

    @classmethod
    def heard(cls, kind: str, said: Mapping[str, Any], *, account: str) -> Heard | None:
        """What somebody wrote, changed or took back, in an item that was told; None: nothing."""
        return None

    def read_comment(self, answers: Answers) -> Comment | None:
        """One that a callback named without its words (Heard.is_whole); None: it is gone."""
        return None

    @classmethod
    def news(cls, kind: str, said: Mapping[str, Any]) -> News | None:
        """What an item that was told means; None: nothing for single people or templates."""
        return None
