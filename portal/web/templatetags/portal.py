"""How the portal writes numbers, times, names and links; a builtin of every template."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import regex
from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.web.furniture import PAGES
from portal.web.text import plain_digits

register = template.Library()

LAKH, CRORE = Decimal(100_000), Decimal(10_000_000)
# Not left to the catalogue: these belong to the way of writing numbers, as the formats do.
WORDS = {
    "hi": {"lakh": "लाख", "crore": "करोड़", "ist": "भारतीय समय"},
    "en": {"lakh": "lakh", "crore": "crore", "ist": "IST"},
}
GOVERNMENT = (".gov.in", ".nic.in")


def _language() -> str:
    return "en" if get_language() == "en" else settings.LANGUAGE_CODE


def _word(name: str) -> str:
    return WORDS[_language()][name]


@register.simple_tag
def bilingual(record: Any, field: str) -> str:
    """`field` in the reader's language, or in the other one and marked as such (M2)."""
    mine = _language()
    text = getattr(record, f"{field}_{mine}", "")
    if text:
        return str(text)
    other = "hi" if mine == "en" else "en"
    text = getattr(record, f"{field}_{other}", "")
    return format_html('<span lang="{}">{}</span>', other, text) if text else ""


def _amount(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return (amount / unit).quantize(Decimal("0.01"), ROUND_HALF_UP)


@register.filter
def rupees(value: Any) -> str:
    """₹12,34,567; paise only where there are some (N4, N6)."""
    amount = _amount(value)
    if amount is None:
        return ""
    places = 0 if amount == amount.to_integral_value() else 2
    sign = "-" if amount < 0 else ""
    return f"{sign}₹{number_format(abs(amount), places, force_grouping=True)}"


@register.filter
def money(value: Any) -> SafeString | str:
    """₹1.25 lakh, ₹3.40 crore, with the exact figure at hand (N5)."""
    amount = _amount(value)
    if amount is None:
        return ""
    size = abs(amount)
    if size < LAKH:
        return rupees(amount)
    unit, word = (LAKH, "lakh") if _rounded(size, LAKH) < 100 else (CRORE, "crore")
    figure = number_format(_rounded(size, unit), 2, force_grouping=True)
    sign = "-" if amount < 0 else ""
    return format_html(
        '<span class="money" title="{}">{}₹{} {}</span>', rupees(amount), sign, figure, _word(word)
    )


@register.filter
def ist(value: Any, style: str = "long") -> str:
    """A moment as people in Uttar Pradesh read it (N1, N2); "short" for tables."""
    if not isinstance(value, datetime):
        return date_format(value, "DATE_FORMAT") if isinstance(value, date) else ""
    moment = timezone.localtime(value) if timezone.is_aware(value) else value
    if style == "short":
        return date_format(moment, "SHORT_DATETIME_FORMAT")
    return f"{date_format(moment, 'DATETIME_FORMAT')} {_word('ist')}"


@register.filter
def fy(value: Any) -> str:
    """The financial year, April to March: 2026-27 (N7)."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    if not isinstance(value, date):
        return ""
    first = value.year if value.month >= 4 else value.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


@register.filter
def graphemes(text: Any, length: Any) -> str:
    """Cut after whole letters as readers count them, never inside an akshara (H6, H8)."""
    text, wanted = str(text), int(length)
    ends = [match.end() for match in regex.finditer(r"\X", text)]
    return text if len(ends) <= wanted else text[: ends[wanted - 1]].rstrip() + "…"


@register.filter
def mask_phone(value: Any) -> str:
    """98xxxxxx21 (N8, P11); anything too short to mask is hidden whole."""
    digits = regex.sub(r"\D", "", plain_digits(str(value or "")))
    if len(digits) == 12 and digits.startswith("91"):
        digits = digits[2:]
    if not digits:
        return ""
    if len(digits) < 8:
        return "x" * len(digits)
    return digits[:2] + "x" * (len(digits) - 4) + digits[-2:]


@register.filter
def phone(value: Any) -> str:
    """+91 98765 43210 (N8); what is not an Indian mobile or ten-digit number stays as it is."""
    digits = regex.sub(r"\D", "", plain_digits(str(value or "")))
    if len(digits) == 12 and digits.startswith("91"):
        digits = digits[2:]
    return f"+91 {digits[:5]} {digits[5:]}" if len(digits) == 10 else str(value or "")


@register.simple_tag
def external_link(address: Any, text: Any) -> SafeString | str:
    """A link away from the portal, marked in words (F18). Other than https is not linked, but for
    the rehearsal on this machine."""
    try:
        parts = urlsplit(str(address or "").strip())
    except ValueError:  # "https://[": the brackets promise an IPv6 address
        return format_html("{}", text)
    is_rehearsal = parts.scheme == "http" and parts.hostname == "127.0.0.1"
    if not parts.hostname or not (parts.scheme == "https" or is_rehearsal):
        return format_html("{}", text)
    is_government = parts.hostname.endswith(GOVERNMENT)
    note = _("new window") if is_government else _("external website, new window")
    return format_html(
        '<a class="leaves" href="{}" target="_blank" rel="noopener noreferrer">{}'
        ' <span class="leaves-note">({})</span></a>',
        parts.geturl(),
        text,
        note,
    )


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One line icon of static/img/icons.svg; it says nothing by itself unless labelled."""
    address = f"{static('img/icons.svg')}#{name}"
    if not label:
        return format_html(
            '<svg class="icon" width="24" height="24" aria-hidden="true" focusable="false">'
            '<use href="{}"></use></svg>',
            address,
        )
    return format_html(
        '<svg class="icon" width="24" height="24" role="img" aria-label="{}" focusable="false">'
        '<use href="{}"></use></svg>',
        label,
        address,
    )


# --- marks and places --------------------------------------------------------------------------


class Tone(NamedTuple):
    name: str
    icon: str


TONES = {
    "good": Tone("good", "check"),
    "waiting": Tone("waiting", "clock"),
    "moving": Tone("waiting", "moving"),
    "care": Tone("care", "alert"),
    "bad": Tone("bad", "cross"),
    "neutral": Tone("neutral", "dot"),
}
# Only how a word looks; what states there are is each app's own states.py.
_STATES = {
    "good": "ready edited approved released sent connected open current verified active"
    " resolved feedback done answered appeal_decided",
    "waiting": "queued waiting announced registered with_department with_deputy_director"
    " with_joint_director with_director submitted acknowledged issued seen",
    "moving": "sending processing running accepted assigned in_progress interim_reply",
    "care": "assisted returned attention unknown paused expired need_info transferred reopened"
    " appeal",
    "bad": "failed refused rejected declined withdrawn disconnected cancelled removed closed ended",
}
STATE_TONES = {state: tone for tone, states in _STATES.items() for state in states.split()}

DESK_ICONS = {
    "desk:home": "home",
    "desk:inbox": "talk",
    "desk:cases": "case",
    "desk:directives": "mail",
    "desk:coverage": "eye",
    "desk:reaction": "people",
    "desk:posts": "post",
    "desk:queue": "queue",
    "desk:schemes": "scheme",
    "desk:handles": "handle",
    "desk:media": "image",
    "desk:people": "people",
    "desk:departments": "building",
    "desk:audit": "audit",
    "desk:stops": "alert",
    "desk:limits": "limits",
    "desk:operations": "moving",
}


@register.filter
def tone(state: Any) -> Tone:
    """How a state (or a tone's own name) looks."""
    return TONES.get(str(state)) or TONES[STATE_TONES.get(str(state), "neutral")]


@register.filter
def desk_icon(name: str) -> str:
    return DESK_ICONS.get(name, "dot")


def _mark(path: str, address: str, *, exact: bool) -> SafeString | str:
    if path == address:
        return mark_safe(' aria-current="page"')
    if not exact and path.startswith(address):
        return mark_safe(' aria-current="true"')
    return ""


@register.simple_tag(takes_context=True)
def here(context: Any, address: str, *, exact: bool = False) -> SafeString | str:
    """Marks a menu's link to this page or, unless `exact`, to what this page belongs to."""
    return _mark(context["request"].path, address, exact=exact) if "request" in context else ""


@register.simple_tag(takes_context=True)
def desk_here(context: Any, item: dict[str, Any]) -> SafeString | str:
    return _mark(context["request"].path, item["url"], exact=item["name"] == "desk:home")


@register.simple_tag(takes_context=True)
def tab_query(context: Any, param: str, value: str) -> str:
    """This address's query with another tab, from its first page."""
    query = context["request"].GET.copy()
    query[param] = value
    query.pop("page", None)
    return str(query.urlencode())


@register.filter
def at(row: Any, place: int) -> Any:
    """The cell at a place, or nothing."""
    return row[place] if row and place < len(row) else ""


@register.filter
def pair(first: Any, second: Any) -> tuple[Any, Any]:
    return first, second


@register.simple_tag
def page_title(name: str) -> str:
    return PAGES[name].title
