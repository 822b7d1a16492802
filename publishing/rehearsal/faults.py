"""What the stand-in can be told to do wrong."""

from __future__ import annotations

from dataclasses import dataclass

from .store import Store

# Two change how a call goes, and go together with any one of the others.
MODIFIERS = ("slow", "late")
OUTCOMES = (
    "rate_limited",
    "error_before",
    "error_after",
    "cut_before",
    "cut_after",
    "expired_token",
    "html",
    "code",
)
KINDS = (*MODIFIERS, *OUTCOMES)
OPERATIONS = ("publish", "reply", "upload", "read", "link", "any")


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one call; `slow` and `late` in seconds, `detail` of the kind `code`."""

    outcome: str = ""
    slow: float = 0
    late: float = 0
    detail: str = ""


def add_fault(
    store: Store,
    platform: str,
    kind: str,
    *,
    where: str = "publish",
    times: int = 1,
    seconds: float = 2,
    detail: str = "",
) -> None:
    """`detail` says which error a `code` is: what the platform's Stage.error_for understands.

    ValueError for a kind or operation that does not exist.
    """
    if kind not in KINDS or where not in OPERATIONS:
        raise ValueError(f"kind is one of {KINDS}, where one of {OPERATIONS}")
    if not (1 <= times <= 100_000 and 0 <= seconds <= 3600):
        raise ValueError("times from 1 to 100000, seconds from 0 to 3600")
    if (kind == "code") != bool(detail) or len(detail) > 200:
        raise ValueError("detail is needed for the kind code, and for no other")
    store.add_fault(platform, kind, operation=where, times=times, seconds=seconds, detail=detail)


def next_trouble(store: Store, platform: str, operation: str) -> Trouble:
    """Takes what is due for this call: at most one outcome, and each modifier once."""
    taken: dict[str, float] = {}
    detail = ""
    for fault in store.faults():
        if fault["platform"] != platform or fault["operation"] not in (operation, "any"):
            continue
        slot = fault["kind"] if fault["kind"] in MODIFIERS else "outcome"
        if slot not in taken and store.use_fault(fault["number"]):
            taken[slot] = fault["seconds"]
            if slot == "outcome":
                taken[fault["kind"]] = 0
                detail = fault["detail"]
    outcome = next((kind for kind in OUTCOMES if kind in taken), "")
    return Trouble(outcome, taken.get("slow", 0), taken.get("late", 0), detail)
