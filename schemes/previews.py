"""A post as the readers of each platform will see it, by the platform's own rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlsplit

import regex
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext

from departments.models import Handle
from departments.platforms import Platform
from publishing.audience import approved_templates, with_template
from publishing.connectors import connector_class
from publishing.connectors.base import Connector, Count, Option, Problem
from publishing.media import fitted, fitting_problems
from publishing.models import Captions, Derivative, Media, MediaKind, Place
from publishing.planning import reposts_instead, speaker_of
from publishing.problems import option_label
from publishing.quotas import Room, rooms

from .models import Post, Variant
from .variants import Files, Placed, content, derived, files_of, left_out, placed_media

# Ends before the marks that close a sentence around it.
_LINK = r"https?://[^\s<>\"'।]*[^\s<>\"'।.,;:!?)\]}]"
_MARKS = {
    "link": _LINK,
    "hashtag": r"(?<![\w&])[#＃][\p{L}\p{M}\p{N}_\u200c\u200d]+",
    "mention": r"(?<![\w@.])@[A-Za-z0-9_.]*[A-Za-z0-9_]",
    "bold": r"(?<![\w*])\*(?=\S)[^*\n]+(?<=\S)\*(?![\w*])",
    "italic": r"(?<!\w)_(?=\S)[^_\n]+(?<=\S)_(?!\w)",
    "strike": r"(?<![\w~])~(?=\S)[^~\n]+(?<=\S)~(?![\w~])",
}
_EMPHASIS = {"bold", "italic", "strike"}
BEING_PREPARED = "media_being_prepared"
GRID = 5  # photos in a feed's grid; on the last one stands how many follow


class Span(NamedTuple):
    kind: str  # "" or a key of _MARKS
    text: str


class Card(NamedTuple):
    """What is known of a linked page without fetching it."""

    host: str
    link: str


class Choice(NamedTuple):
    """An option of the platform with what is chosen now."""

    key: str
    choices: Sequence[tuple[str, str]]  # (value, label); none: free text
    chosen: str

    @property
    def words(self) -> str:
        return dict(self.choices).get(self.chosen, self.chosen)


@dataclass(frozen=True)
class Part:
    """One post of a thread, or the only one: what is read at once, and what behind "see more"."""

    seen: list[Span]
    folded: list[Span]
    count: Count

    @property
    def links(self) -> list[str]:
        return [span.text for span in (*self.seen, *self.folded) if span.kind == "link"]


@dataclass(frozen=True)
class Preview:
    """One variant as people will see it, and what its platform would say to it."""

    variant: Variant
    connector: type[Connector]
    handles: list[Handle]  # the accounts that will show it, the speaking one first
    parts: list[Part]
    count: Count  # of the fullest part
    shown: list[Media]
    thumbnail: Media | None
    card: Card | None
    price: Decimal  # US dollars
    problems: list[Problem]

    @property
    def platform(self) -> str:
        return self.variant.get_platform_display()

    @property
    def has_title(self) -> bool:
        return self.connector.has_title

    @property
    def follows(self) -> dict[str, object]:
        """What the platform gets where the officer has no own words for it."""
        return derived(self.variant.post, self.variant.platform)

    @property
    def own(self) -> dict[str, str]:
        """The officer's own words alone: the others go on following the post."""
        follows = self.follows
        words = {"text": self.variant.text, "title": self.variant.title}
        return {name: text for name, text in words.items() if text != follows[name]}

    @property
    def is_refused(self) -> bool:
        return any(problem.level == "error" for problem in self.problems)

    @property
    def look(self) -> list[str]:
        """Its template: the platform's own, else the plain one."""
        return [f"desk/previews/{self.variant.platform}.html", "desk/previews/plain.html"]

    @property
    def video(self) -> Media | None:
        return next((media for media in self.shown if media.mime.startswith("video/")), None)

    @property
    def photos(self) -> list[Media]:
        return [media for media in self.shown if not media.mime.startswith("video/")]

    @property
    def more_photos(self) -> int:
        return max(0, len(self.photos) - GRID)

    @property
    def in_grid(self) -> list[Media]:
        return self.photos[:GRID]

    @property
    def captions(self) -> list[Captions]:
        return [*self.video.captions.all()] if self.video and self.video.pk else []

    @property
    def is_being_prepared(self) -> bool:
        return any(problem.code == BEING_PREPARED for problem in self.problems)

    @property
    def other_handles(self) -> list[Handle]:
        return self.handles[1:]

    @property
    def options(self) -> list[Choice]:
        """What may be chosen for this platform alone."""
        chosen = self.variant.options
        return [
            Choice(option.key, self._choices(option), chosen.get(option.key, option.default))
            for option in self.connector.options
        ]

    def _choices(self, option: Option) -> list[tuple[str, str]]:
        if option.key == "template":  # known only when the accounts are
            return [("", gettext("No template")), *approved_templates(self.handles)]
        return [(value, option_label(option.key, value)) for value in option.choices]

    @property
    def crop_height(self) -> int:
        """Of the first file in the feed, for a width of 1000."""
        media = sent(self.shown[0], self.variant.platform)
        ratio = media.width / media.height if media.width and media.height else 1
        ratio = max(ratio, self.connector.narrowest_shown)
        return round(1000 / min(ratio, self.connector.widest_shown or ratio))

    @property
    def unsaid_price(self) -> Decimal:
        """Where no problem says it already."""
        is_said = any("price" in problem.values for problem in self.problems)
        return Decimal(0) if is_said else self.price

    @property
    def rooms(self) -> list[Room]:
        """What the tightest limit leaves to each of the first accounts, when it is published."""
        at = max(self.variant.post.publish_at or timezone.now(), timezone.now())
        tightest = sorted(rooms(self.handles[:3], at), key=lambda room: -room.left)
        return list({room.handle.pk: room for room in tightest}.values())

    @property
    def reposting(self) -> list[Handle]:
        """Accounts that repeat the first one's post: the platform forbids the same text twice."""
        return [handle for handle in self.handles[1:] if reposts_instead(handle)]


def sent(media: Media, platform: str) -> Media | Derivative:
    """The file that goes there: the copy that fits it, once there is one."""
    return (fitted(media, platform) if media.pk else None) or media


def fold(text: str, clusters: int) -> tuple[str, str]:
    """What is read at once and the rest; a letter with its signs is never cut (H8). 0: no fold."""
    found = regex.findall(r"\X", text)
    if not clusters or len(found) <= clusters:
        return text, ""
    seen = "".join(found[:clusters]).rstrip()
    return seen, text[len(seen) :]


def spans(text: str, marks: Iterable[str]) -> list[Span]:
    """The text in pieces: what becomes a link there, and what is set in bold."""
    pattern = "|".join(f"(?P<{kind}>{_MARKS[kind]})" for kind in _MARKS if kind in marks)
    if not pattern:
        return [Span("", text)]
    found, end = [], 0
    for match in regex.finditer(pattern, text):
        kind = match.lastgroup or ""
        found.append(Span("", text[end : match.start()]))
        found.append(Span(kind, match.group()[1:-1] if kind in _EMPHASIS else match.group()))
        end = match.end()
    return [span for span in (*found, Span("", text[end:])) if span.text]


def preview(post: Post, variant: Variant, files: Files, handles: Sequence[Handle]) -> Preview:
    connector = connector_class(variant.platform)
    placed = placed_media(files, variant.platform)
    shown = [one.media for one in placed if one.place == Place.SHOWN]
    mine = _speaker_first(handles, variant.platform)
    said = with_template(content(post, variant, files), mine)
    text = said.template.text if said.template else variant.text
    parts = [_part(one, connector) for one in connector.parts(text)]
    return Preview(
        variant,
        connector,
        mine,
        parts,
        max((part.count for part in parts), key=lambda count: count.length),
        shown,
        next((one.media for one in placed if one.place == Place.THUMBNAIL), None),
        None if shown or not connector.shows_link_card else _card(variant.text),
        connector.price(said),
        _once(
            [
                *_lost(files),
                *connector.check(said),
                *left_out(files, variant.platform),
                *_fitting(placed, variant),
            ],
            without={"captions_missing"} if files.has_new_captions else (),
        ),
    )


def _speaker_first(handles: Sequence[Handle], platform: str) -> list[Handle]:
    speaker = speaker_of(handles, platform)
    mine = [handle for handle in handles if handle.platform == platform]
    return sorted(mine, key=lambda one: (one is not speaker, one.pk or 0))


def previews(post: Post, handles: Sequence[Handle] | None = None) -> list[Preview]:
    """One for each platform, in the order in which Platform names them. `handles` are the post's,
    where they are at hand.
    """
    place = {platform: number for number, platform in enumerate(Platform.values)}
    stored = sorted(post.variants.all(), key=lambda variant: place[variant.platform])
    if handles is None:
        handles = list(post.handles.all())
    files = files_of(post)
    found = [preview(post, variant, files, handles) for variant in stored]
    _name_speakers(post, [one.handles[0] for one in found if one.handles])
    return found


def _name_speakers(post: Post, speakers: Iterable[Handle]) -> None:
    """Only these are shown with their department."""
    others = []
    for handle in speakers:
        if handle.department_id == post.department_id:
            handle.department = post.department
        else:
            others.append(handle)
    prefetch_related_objects(others, "department")


def _fitting(placed: Sequence[Placed], variant: Variant) -> list[Problem]:
    found = []
    for media in (one.media for one in placed):
        if media.pk:
            found += fitting_problems(media, variant.platform)
        elif media.kind == MediaKind.VIDEO:
            found.append(Problem("captions_missing"))  # M13
    return found


def _lost(files: Files) -> list[Problem]:
    return [Problem("files_lost", values={"names": ", ".join(files.lost)})] if files.lost else []


def _once(problems: Iterable[Problem], *, without: Collection[str]) -> list[Problem]:
    """What is wrong with several photos alike is said once."""
    said = [one for one in problems if one.code not in without]
    return list({(one.code, *sorted(one.values.items())): one for one in said}.values())


def _part(text: str, connector: type[Connector]) -> Part:
    seen, folded = fold(text, connector.fold)
    marks = connector.marks
    return Part(spans(seen, marks), spans(folded, marks) if folded else [], connector.count(text))


def _card(text: str) -> Card | None:
    link = regex.search(_LINK, text)
    return Card(urlsplit(link.group()).netloc, link.group()) if link else None
