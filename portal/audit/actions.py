"""`record` and `record_all` append entries in the caller's transaction; `broken_links` checks the
chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from .models import FIRST_HASH, AuditEntry, ChainHead
from .names import LABELS

SECRET_WORDS = ("token", "secret", "password", "authorization", "credential")
MASK = "•••"
LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Act:
    """One thing that was done. `actor` is a user, or None for the portal itself."""

    action: str
    target: models.Model
    actor: Any = None
    department: str = ""  # its slug
    data: Mapping[str, Any] = field(default_factory=dict)


def record(
    action: str,
    target: models.Model,
    *,
    actor: Any,
    department: str = "",
    data: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry. `actor` is a user, or None for the portal itself.

    Raises KeyError for an action without a label, and needs an open transaction: what is audited
    and the entry about it are stored together or not at all.
    """
    return record_all([Act(action, target, actor, department, data or {})])[0]


def record_all(acts: Sequence[Act]) -> list[AuditEntry]:
    """Append an entry for each, in this order, with one look at the end of the chain."""
    for act in acts:
        LABELS[act.action]
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("audit.record() needs a transaction")
    if not acts:
        return []
    head, _ = ChainHead.objects.select_for_update().get_or_create(pk=1)
    at = timezone.now().astimezone(UTC)
    entries = []
    for act in acts:
        entries.append(_entry(act, head, at))
        head.number, head.hash = entries[-1].number, entries[-1].hash
    AuditEntry.objects.bulk_create(entries)
    head.save()
    return entries


def _entry(act: Act, head: ChainHead, at: datetime) -> AuditEntry:
    actor, target = act.actor, act.target
    entry = AuditEntry(
        number=head.number + 1,
        at=at,
        action=act.action,
        actor_id=actor.pk if actor else None,
        actor_name=(actor.get_full_name() or str(actor))[:200] if actor else "",
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        target_name=str(target)[:250],
        department=act.department,
        data=_masked(dict(act.data)),
        previous_hash=head.hash,
    )
    entry.hash = entry.computed_hash()
    return entry


def _masked(value: Any, key: str = "") -> Any:
    if any(word in key.lower() for word in SECRET_WORDS):
        return MASK
    if isinstance(value, Mapping):
        return {str(k): _masked(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, bool | int | float | None):
        return value
    return str(value)[:LONGEST_TEXT]


def broken_links() -> Iterator[str]:
    """Everything that is wrong with the chain, in words for the terminal."""
    previous, number = FIRST_HASH, 0
    for entry in AuditEntry.objects.order_by("number").iterator():
        number += 1
        if entry.number != number:
            yield f"entry {number} is missing: found {entry.number}"
            number = entry.number
        if entry.previous_hash != previous:
            yield f"entry {entry.number} does not follow the one before it"
        if entry.computed_hash() != entry.hash:
            yield f"entry {entry.number} was changed after it was written"
        previous = entry.hash
    head = ChainHead.objects.filter(pk=1).first()
    if (head.number, head.hash) != (number, previous) if head else number:
        yield f"the chain ends at {number}, but its head says {head.number if head else 0}"
