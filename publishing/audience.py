"""Single people who agreed to be written to through a handle, and what may be sent to them.

A person's address is opened for sending only (`address_of`); everything else works with its keyed
hash and its last four digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from departments.credentials import CredentialMissing, keyed_hash, open_text
from departments.models import Handle
from portal.web.text import plain_digits

from .connectors import connector_class
from .connectors.base import Content, TemplateText
from .connectors.errors import Refused
from .media.captions import LANGUAGES
from .models import ConsentWay, Subscriber, Template

APPROVED = "APPROVED"
# The platform's states of a template, in words; the tone in which a badge says it.
TEMPLATE_STATES = {
    "PENDING": (_("Being reviewed"), "waiting"),
    "APPROVED": (_("Approved"), "good"),
    "REJECTED": (_("Rejected"), "bad"),
    "PAUSED": (_("Paused by the platform"), "care"),
    "DISABLED": (_("Switched off by the platform"), "bad"),
    "IN_APPEAL": (_("Being reviewed again"), "waiting"),
}
FILLABLE_HEADERS = ("", "text", "image", "video")  # others ask for what a post does not have
# The values of a template that the portal can fill, by name or, unnamed, by place.
TITLE_NAMES = frozenset({"title", "शीर्षक", "1"})
TEXT_NAMES = frozenset({"text", "body", "2"})
LINK_NAMES = frozenset({"link", "3"})

# How a person left, in words.
LEFT_HOW = {
    "asked": _("Asked an officer"),
    "wrote": _("Wrote that they want no more messages"),
    "stopped": _("Stopped the messages in the app"),
    "unreachable": _("The platform cannot reach this number"),
}

_SEPARATORS = re.compile(r"[\s().\-\u00a0\u2010-\u2015]+")
_LINK = re.compile(r"https?://[^\s<>\"]+")


def recipients_of(handle: Handle) -> QuerySet[Subscriber]:
    """Who gets an approved template through this handle today."""
    return Subscriber.objects.agreed().filter(handle=handle)


def people_of(handle_ids: Iterable[int]) -> dict[int, int]:
    """How many people each of these handles would write to, by its key; none: not named."""
    agreed = Subscriber.objects.agreed().filter(handle__in=handle_ids).order_by()
    return dict(agreed.values_list("handle").annotate(Count("pk")))


def address_of(subscriber: Subscriber) -> str:
    """In E.164. Raises Refused where no key of today opens it."""
    try:
        return open_text(subscriber.sealed_address)
    except CredentialMissing:
        raise Refused("recipient_unreadable") from None


def known_as(handle: Handle, address: str) -> QuerySet[Subscriber]:
    """The person with this address, agreed or not."""
    return Subscriber.objects.filter(handle=handle, address_key=keyed_hash(address))


def way_in_words(code: str) -> str:
    return str(ConsentWay(code).label) if code in ConsentWay.values else code


def left_in_words(code: str) -> str:
    return str(LEFT_HOW.get(code, code))


def international(text: str) -> str:
    """A phone number in E.164, by the ways it is written in India; "" if it is none.

    Mobile numbers of India have ten digits and begin with 6 to 9; others need their plus sign.
    """
    number = re.sub(r"^00", "+", _SEPARATORS.sub("", plain_digits(text)))
    if re.fullmatch(r"(\+91|91|0)?[6-9]\d{9}", number, re.ASCII):
        return f"+91{number[-10:]}"
    is_foreign = re.fullmatch(r"\+(?!91)[1-9]\d{9,14}", number, re.ASCII)
    return number if is_foreign else ""


# --- templates -----------------------------------------------------------------------------------


def approved_templates(handles: Iterable[Handle]) -> list[tuple[str, str]]:
    """Choices of (value, label) for templates that every one of these handles may send, with the
    same words.
    """
    by_handle = [{_value(one): one for one in found} for found in _usable(handles)]
    shared = by_handle[0] if by_handle else {}
    return [
        (value, str(template))
        for value, template in shared.items()
        if _are_alike([templates.get(value) for templates in by_handle])
    ]


def _usable(handles: Iterable[Handle]) -> list[list[Template]]:
    """Of each handle, in their order."""
    found: dict[int, list[Template]] = {handle.pk: [] for handle in handles}
    approved = Template.objects.filter(status=APPROVED, header__in=FILLABLE_HEADERS)
    for template in approved.filter(handle__in=found):
        if _is_fillable(template):
            found[template.handle_id].append(template)
    return list(found.values())


def _is_fillable(template: Template) -> bool:
    return set(template.names) <= TITLE_NAMES | TEXT_NAMES | LINK_NAMES


def _value(template: Template) -> str:
    return f"{template.name}:{template.language}"


def with_template(content: Content, handles: Iterable[Handle]) -> Content:
    """The content with the template that was chosen for it filled in, if it may still be sent."""
    name, _, language = content.options.get("template", "").partition(":")
    if not name:
        return content
    handles = list(handles)
    found = [_named(templates, name, language) for templates in _usable(handles)]
    template = found[0] if found else None
    if template is None or not _are_alike(found):
        return content
    heading = connector_class(handles[0].platform).title_line
    title, text = _parted(content.title, content.text, heading)
    return replace(content, template=template_text(template, title, text, first_link(text)))


def _named(templates: Iterable[Template], name: str, language: str) -> Template | None:
    same = (one for one in templates if (one.name, one.language) == (name, language))
    return next(same, None)


def _are_alike(found: Sequence[Template | None]) -> bool:
    """Who approves is shown one for all handles."""
    words = {
        (one.body, one.header, tuple(one.names), one.is_named) if one else None for one in found
    }
    return len(words) == 1 and None not in words


def template_text(template: Template, title: str, text: str, link: str) -> TemplateText:
    """What each value of the template gets, on one line, for a value may have no other (4.2.2):
    `title`, `शीर्षक` or {{1}} the title; `text`, `body` or {{2}} the text; `link` or {{3}} the link.
    """
    values = tuple((name, _flat(_for(name, title, text, link))) for name in template.names)
    return TemplateText(
        template.name,
        template.language,
        template.body,
        values,
        header=template.header if template.header in ("image", "video") else "",
        is_named=template.is_named,
        category=template.category,
        status=template.status,
    )


def place_in_words(name: str) -> str:
    """What fills a place of a template."""
    for names, word in (
        (TITLE_NAMES, _("Title")),
        (TEXT_NAMES, _("Text")),
        (LINK_NAMES, _("Link")),
    ):
        if name in names:
            return str(word)
    return str(_("unknown: %(name)s") % {"name": name})


def language_in_words(code: str) -> str:
    """A template's language, for instance `hi` or `en_US`."""
    language, _mark, region = code.partition("_")
    word = str(LANGUAGES.get(language, language))
    return f"{word} ({region})" if region else word


def template_state(template: Template) -> tuple[str, str]:
    """Its word and its tone."""
    word, tone = TEMPLATE_STATES.get(template.status, (template.status, "neutral"))
    return str(word), tone


def first_link(text: str) -> str:
    found = _LINK.search(text)
    return found.group().rstrip(".,;:!?)।") if found else ""


def _for(name: str, title: str, text: str, link: str) -> str:
    if name in TITLE_NAMES:
        return title
    if name in TEXT_NAMES:
        return text
    return link if name in LINK_NAMES else ""


def _flat(value: str) -> str:
    return " ".join(value.split())


def _parted(title: str, text: str, heading: str) -> tuple[str, str]:
    """Title and text of a post whose title heads its text (Connector.title_line)."""
    before, mark, after = heading.partition("{}")
    first, _, rest = text.partition("\n")
    if title or not mark or not (first.startswith(before) and first.endswith(after)):
        return title, text
    inner = first[len(before) : len(first) - len(after)]
    return (inner, rest.strip()) if inner else (title, text)
