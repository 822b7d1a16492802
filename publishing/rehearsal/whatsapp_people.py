"""What the stand-in knows of the people whom WhatsApp accounts write to (4.2.6).

Nothing is stored twice: conversations and opt-outs are read from what people said (remarks),
limits from what was sent (posts).
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from .graph import graph_error
from .stage import Response
from .store import Account, Post, Remark, Store

DAY = 24 * 3600
PAIR_SECONDS, PAIR_BURST = 6, 45
THROUGHPUT = 80  # messages in a second
MARKETING_A_DAY = 10  # of all businesses together, to one person; Meta tells no number
TIERS = {"TIER_250": 250, "TIER_2K": 2_000, "TIER_10K": 10_000, "TIER_100K": 100_000}
# A number that ends in a code of the error table is refused, at once or in a status.
REFUSED_AT_ONCE, FAILS_LATER = "9199981", "9199991"
HTTP_STATUS = {131005: 403, 131016: 500, 131000: 500, 131031: 403, 132001: 404, 131057: 500}


class People:
    def __init__(self, store: Store) -> None:
        self.store = store

    def refusal(self, account: Account, to: str) -> Response | None:
        """Why nothing may be sent to this person now."""
        code = provoked(to, REFUSED_AT_ONCE)
        if code:
            return graph_error(code, "Provoked", status=HTTP_STATUS.get(code, 400))
        rules = (
            (self._is_too_fast(account), 130429, "Rate limit hit"),
            (self._is_pair_limited(account, to), 131056, "Pair rate limit hit"),
            (self._is_over_tier(account, to), 80007, "Messaging limit reached"),
        )
        for broken, number, text in rules:
            if broken:
                return graph_error(number, text, details=text)
        return None

    def failure(self, account: Account, to: str, category: str) -> int:
        """The code of the status that comes instead of `delivered`; 0: it is delivered.

        `category` of the template; "" for what goes without one.
        """
        if not category and not self.is_in_window(account, to):
            return 131047
        if category == "MARKETING" and self.has_stopped(account, to):
            return 131050
        if category == "MARKETING" and self._is_capped(account, to):
            return 131049
        return provoked(to, FAILS_LATER)

    def is_in_window(self, account: Account, to: str) -> bool:
        said = self.store.remarks("whatsapp", account.id, "message")
        return any(one.author == to and one.at > time.time() - DAY for one in said)

    def has_stopped(self, account: Account, to: str) -> bool:
        said = self.store.remarks("whatsapp", account.id, "preference")
        words = [one.text for one in said if one.author == to]
        return bool(words) and words[-1] == "stop"

    def _is_too_fast(self, account: Account) -> bool:
        limit = int(account.extra.get("throughput", THROUGHPUT))
        return self.store.count_posts("whatsapp", account.id, since=time.time() - 1) >= limit

    def _is_pair_limited(self, account: Account, to: str) -> bool:
        """Bursts are lent, and paid back by waiting six seconds for each message."""
        since = time.time() - PAIR_SECONDS * PAIR_BURST
        return (
            len([post for post in self._sent(account.id, since) if _is_to(post, to)]) >= PAIR_BURST
        )

    def _is_over_tier(self, account: Account, to: str) -> bool:
        """Different people in 24 hours, of all numbers of the business together."""
        tier = account.extra.get("tier", "")
        limit = TIERS.get(tier, int(tier) if tier.isdecimal() else 0)
        if not limit or self.is_in_window(account, to):
            return False
        business = account.extra.get("business", "")
        same = [
            one.id
            for one in self.store.accounts("whatsapp")
            if one.id == account.id or (business and one.extra.get("business") == business)
        ]
        since = time.time() - DAY
        reached = {post.extra.get("to") for one in same for post in self._sent(one, since)}
        return to not in reached and len(reached) >= limit

    def _is_capped(self, account: Account, to: str) -> bool:
        """The one that is being sent is counted already."""
        limit = int(account.extra.get("marketing_cap", MARKETING_A_DAY))
        sent = self._sent("", time.time() - DAY)
        same = [post for post in sent if _is_to(post, to)]
        return len([post for post in same if post.extra.get("category") == "MARKETING"]) > limit

    def _sent(self, account: str, since: float) -> list[Post]:
        posts = self.store.posts("whatsapp", account)
        return [post for post in posts if post.at >= since and post.extra.get("to")]


def _is_to(post: Post, to: str) -> bool:
    return bool(post.extra.get("to") == to)


def provoked(to: str, prefix: str) -> int:
    """919998131026 and 919999131026 provoke 131026; 0 for everybody else."""
    rest = to.removeprefix(prefix[:-1])
    return int(rest) if to.startswith(prefix) and len(rest) == 6 else 0


def named(account: Account, number: str, *keys: str) -> dict[str, str]:
    """A person by their number and their business-scoped id; by that alone where numbers are
    hidden. `keys`: what the number is called here, and the id.
    """
    scoped = "IN." + hashlib.sha256(number.encode()).hexdigest()[:20]
    shown = {} if account.extra.get("hide_numbers") else {keys[0]: number}
    return {**shown, keys[1]: scoped}


def said_event(account: Account, remark: Remark) -> dict[str, Any]:
    """A person writes, or uses the platform's own switch for marketing messages (4.7)."""
    if remark.kind == "preference":
        choice = {
            **named(account, remark.author, "wa_id", "user_id"),
            "category": "marketing_messages",
            "value": remark.text,
            "detail": f"User requested to {remark.text} marketing messages",
            "timestamp": int(remark.at),
        }
        return envelope(account, "user_preferences", {"user_preferences": [choice]})
    message: dict[str, Any] = {
        **named(account, remark.author, "from", "from_user_id"),
        "id": f"wamid.IN{remark.id}",
        "timestamp": str(int(remark.at)),
        "type": "text",
        "text": {"body": remark.text},
    }
    if remark.post:
        message["context"] = {"from": _phone(account), "id": remark.post}
    contact = {
        "profile": {"name": remark.author_name},
        **named(account, remark.author, "wa_id", "user_id"),
    }
    return envelope(account, "messages", {"contacts": [contact], "messages": [message]})


def envelope(account: Account, field: str, value: dict[str, Any]) -> dict[str, Any]:
    about = {"display_phone_number": _phone(account), "phone_number_id": account.id}
    whole = {"messaging_product": "whatsapp", "metadata": about, **value}
    entry: dict[str, Any] = {
        "id": business_of(account),
        "changes": [{"field": field, "value": whole}],
    }
    if field != "messages":
        entry["time"] = int(time.time())
    return {"object": "whatsapp_business_account", "entry": [entry]}


def business_of(account: Account) -> str:
    return account.extra.get("business") or f"5{account.id}"


def _phone(account: Account) -> str:
    return "".join(sign for sign in account.extra.get("phone", "915220000000") if sign.isdigit())
