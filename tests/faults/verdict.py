"""What the platforms hold, compared with what the portal believes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from publishing.models import Delivery, Operation
from publishing.rehearsal.store import Post, Store
from publishing.states import DeliveryState

from .posts import texts_of

There = Mapping[tuple[str, str, str], list[Post]]
NEVER_OUT = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.CANCELLED)


@dataclass
class Verdict:
    """Deliveries by their keys, where something is wrong; `states` counts all of them."""

    states: Counter[str] = field(default_factory=Counter)
    doubled: list[int] = field(default_factory=list)  # there more than once
    lost: list[int] = field(default_factory=list)  # said to be out, and not there, or not whole
    denied: list[int] = field(default_factory=list)  # said not to be out, and there
    stuck: list[int] = field(default_factory=list)  # neither finished nor explained
    unordered: list[int] = field(default_factory=list)  # out before what came first on its handle
    unforeseen: list[int] = field(default_factory=list)  # there without an attempt that was armed
    explained: int = 0  # unknown, with the reason, waiting for a person
    late: int = 0  # made visible more than two seconds after a stop

    @property
    def is_clean(self) -> bool:
        wrong = (self.doubled, self.lost, self.denied, self.stuck, self.unordered, self.unforeseen)
        return not any(wrong) and not self.late


def judge(store: Store, stops: Iterable[tuple[float, float]] = ()) -> Verdict:
    """`stops` are moments (Unix seconds) at which one was pressed, and released."""
    verdict, there = Verdict(), _by_account_and_text(store.posts())
    rows = Delivery.objects.filter(message__source="faults").select_related(
        "message", "handle", "target"
    )
    last_at: dict[tuple[int, int], float] = {}
    armed = set(rows.filter(attempts__armed_at__isnull=False).values_list("pk", flat=True))
    for one in rows.order_by("handle", "due_at", "pk"):
        why = f" ({one.problem})" if one.problem and one.state in NEVER_OUT else ""
        verdict.states[f"{one.state}{why}"] += 1
        copies = _copies(one, there)
        _judge_one(verdict, one, copies)
        moments = [post.at for posts in copies for post in posts]
        if not moments:
            continue
        if one.pk not in armed:
            verdict.unforeseen.append(one.pk)
        if one.state == DeliveryState.SENT and one.operation == Operation.PUBLISH:
            lane = one.handle_id, one.rank  # a routine post overtakes a campaign
            if min(moments) < last_at.get(lane, 0):
                verdict.unordered.append(one.pk)
            last_at[lane] = max(moments)
    verdict.late = sum(
        pressed + 2 < post.at < released for post in store.posts() for pressed, released in stops
    )
    return verdict


def _by_account_and_text(posts: Iterable[Post]) -> There:
    """A repost has no text of its own: it is known by what it repeats."""
    found = defaultdict(list)
    for post in posts:
        found[post.platform, post.account, post.extra.get("repost_of") or post.text].append(post)
    return found


def _copies(one: Delivery, there: There) -> list[list[Post]]:
    """For each part of the post, where it is."""
    if one.operation == Operation.REPOST:
        parts = [one.target.platform_id] if one.target else []
    else:
        parts = list(texts_of(one.message.source_id, one.platform))
    return [there.get((one.platform, one.handle.external_id, part), []) for part in parts]


def _judge_one(verdict: Verdict, one: Delivery, copies: list[list[Post]]) -> None:
    is_for_person = one.state == DeliveryState.UNKNOWN and one.problem == "needs_decision"
    is_said_to_be_part = one.problem == "thread_incomplete" and not all(copies)
    if any(len(posts) > 1 for posts in copies):
        verdict.doubled.append(one.pk)
    if one.state == DeliveryState.SENT:
        if not all(copies):
            verdict.lost.append(one.pk)
    elif one.state in NEVER_OUT:
        if any(copies) and not is_said_to_be_part:
            verdict.denied.append(one.pk)
    elif is_for_person:
        verdict.explained += 1
    else:
        verdict.stuck.append(one.pk)
