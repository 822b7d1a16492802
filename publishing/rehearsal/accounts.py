"""Accounts that exist on the stand-in and wait to be linked; all of them invented."""

from __future__ import annotations

from .store import Store

# platform, id, name, what else the platform knows
WAITING: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("facebook", "300000000000011", "अभ्यास विभाग, उत्तर प्रदेश", {}),
    ("facebook", "300000000000012", "अभ्यास जनपद लखनऊ", {}),
    ("facebook", "300000000000013", "अभ्यास मेला समिति", {"tasks": "ANALYZE"}),
    ("instagram", "17841400000000311", "abhyas.vibhag", {"page": "300000000000011"}),
    ("instagram", "17841400000000312", "abhyas.lucknow", {"page": "300000000000012"}),
    ("x", "900000000311", "AbhyasVibhag", {"username": "AbhyasVibhag"}),
    ("x", "900000000312", "AbhyasLucknow", {"username": "AbhyasLucknow"}),
    ("x", "900000000313", "AbhyasMela", {"username": "AbhyasMela"}),
    ("youtube", "UCabhyasVibhag0000000011", "अभ्यास विभाग", {}),
    ("youtube", "UCabhyasLucknow000000012", "अभ्यास लखनऊ", {}),
    ("whatsapp", "400000000000011", "अभ्यास विभाग", {"phone": "+91 522 000 0011"}),
    ("whatsapp", "400000000000012", "अभ्यास लखनऊ", {"phone": "+91 522 000 0012"}),
)
BUSINESS = "500000000000001"  # the WhatsApp business account that has the numbers


def add_waiting(store: Store) -> None:
    """What is there already keeps its token."""
    for platform, account_id, name, extra in WAITING:
        if store.account(platform, account_id):
            continue
        is_number = platform == "whatsapp"
        token = f"system-user-{account_id}" if is_number else ""
        more = {"business": BUSINESS, "group": "demo-group"} if is_number else {}
        store.add_account(platform, account_id, name, token, {**extra, **more, "waits": "yes"})
