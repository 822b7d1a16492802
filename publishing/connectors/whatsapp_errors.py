"""What WhatsApp's codes mean (4.4). The same codes come as answers and, later, in statuses."""

from __future__ import annotations

from .errors import (
    ConnectionRefused,
    ContentRefused,
    PersonLimited,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from .graph import Table

ERRORS: Table = {
    (33, 0): (ConnectionRefused, "account_not_found"),
    (368, 0): (ConnectionRefused, "account_restricted"),
    (80007, 0): (RateLimited, "rate_limited"),
    (130429, 0): (RateLimited, "rate_limited"),
    (130472, 0): (Refused, "recipient_left_out"),
    (130497, 0): (Refused, "recipient_country"),
    (131000, 0): (Unknown, "platform_failing"),
    (131005, 0): (ConnectionRefused, "permission_missing"),
    (131008, 0): (Refused, "refused"),
    (131009, 0): (Refused, "refused"),
    (131016, 0): (Unknown, "platform_failing"),
    (131021, 0): (Refused, "recipient_is_sender"),
    (131026, 0): (Refused, "recipient_unreachable"),
    (131030, 0): (ConnectionRefused, "whatsapp_test_number"),
    (131031, 0): (ConnectionRefused, "account_restricted"),
    (131037, 0): (ConnectionRefused, "account_restricted"),
    (131042, 0): (ConnectionRefused, "payment_problem"),
    (131044, 0): (ConnectionRefused, "payment_problem"),
    (131045, 0): (ConnectionRefused, "reconnect"),
    (131047, 0): (Refused, "whatsapp_window_closed"),
    (131048, 0): (ConnectionRefused, "account_restricted"),
    (131049, 0): (PersonLimited, "marketing_cap"),
    (131050, 0): (Refused, "opted_out"),
    (131051, 0): (Refused, "refused"),
    (131052, 0): (Unavailable, "media_processing_failed"),
    (131053, 0): (ContentRefused, "photo_refused"),
    (131055, 0): (Refused, "refused"),
    (131056, 0): (PersonLimited, "pair_rate"),
    (131057, 0): (Unavailable, "platform_failing"),
    (131062, 0): (Refused, "recipient_unreachable"),
    (131063, 0): (ConnectionRefused, "permission_missing"),
    (131064, 0): (RateLimited, "rate_limited"),
    (132000, 0): (Refused, "template_values"),
    (132001, 0): (Refused, "template_unusable"),
    (132005, 0): (ContentRefused, "template_too_long"),
    (132007, 0): (ContentRefused, "content_refused"),
    (132012, 0): (Refused, "template_values"),
    (132015, 0): (Refused, "template_paused"),
    (132016, 0): (Refused, "template_paused"),
    (132068, 0): (Refused, "refused"),
    (132069, 0): (RateLimited, "rate_limited"),
    (133000, 0): (ConnectionRefused, "reconnect"),
    (133004, 0): (Unknown, "platform_failing"),
    (133005, 0): (ConnectionRefused, "reconnect"),
    (133006, 0): (ConnectionRefused, "reconnect"),
    (133008, 0): (ConnectionRefused, "reconnect"),
    (133009, 0): (ConnectionRefused, "reconnect"),
    (133010, 0): (ConnectionRefused, "reconnect"),
    (133015, 0): (ConnectionRefused, "reconnect"),
    (133016, 0): (RateLimited, "register_again_later"),
    (134011, 0): (ConnectionRefused, "payment_problem"),
    (134100, 0): (Refused, "template_unusable"),
    (134101, 0): (RateLimited, "template_syncing"),
    (134102, 0): (Refused, "template_unusable"),
    (135000, 0): (Refused, "refused"),
    (137000, 0): (Refused, "refused"),
    # Groups (4.2.7)
    (131020, 0): (ConnectionRefused, "whatsapp_group_empty"),
    (131041, 0): (ConnectionRefused, "whatsapp_group_missing"),
    (131059, 0): (Refused, "refused"),
    (131201, 0): (Refused, "refused"),
    (131202, 0): (Refused, "refused"),
    (131203, 0): (Refused, "refused"),
    (131204, 0): (Refused, "refused"),
    (131207, 0): (ConnectionRefused, "account_restricted"),
    (131208, 0): (RateLimited, "rate_limited"),
    (131209, 0): (ContentRefused, "photo_refused"),
    (131210, 0): (ContentRefused, "photo_refused"),
    (131211, 0): (Refused, "refused"),
    (131212, 0): (Refused, "refused"),
    (131213, 0): (Refused, "refused"),
    (131214, 0): (RateLimited, "rate_limited"),
    (131215, 0): (ConnectionRefused, "permission_missing"),
    # Making templates (4.2.4), which people do in the platform's own manager
    **{(code, 0): (ContentRefused, "content_refused") for code in (
        2388019, 2388040, 2388047, 2388072, 2388073, 2388293, 2388299)},
}  # fmt: skip
# Seconds until the same person, template or number may be tried again.
WAITS = {"marketing_cap": 24 * 3600, "template_syncing": 600, "register_again_later": 72 * 3600}
PAIR_LONGEST = 6 * 3600


def pair_wait(tries: int) -> int:
    """131056: one message in six seconds to the same person; 4^n seconds after the n-th refusal."""
    return min(4 ** max(1, tries), PAIR_LONGEST)
