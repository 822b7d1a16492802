"""Problem codes as sentences, in templates."""

from django import template

from publishing.connectors import connector_class
from publishing.connectors.base import Problem
from publishing.problems import LIMITS, NUMBERS, UNITS, label, option_label

register = template.Library()
register.filter("option_label", option_label)


@register.filter
def sentence(problem: Problem | str) -> str:
    """A check's problem, or a delivery's code, in the reader's words; nothing for no code."""
    if isinstance(problem, Problem):
        return label(problem.code, problem.values)
    return label(problem) if problem else ""


@register.filter
def hand_link(platform: str) -> str:
    """Which link proves there what was posted by hand, where that needs words."""
    return sentence(connector_class(platform).hand_link)


@register.filter
def hand_edit(platform: str) -> str:
    """How a person corrects there what is out."""
    return sentence(connector_class(platform).hand_edit)


@register.filter
def limit(code: str) -> str:
    """What a platform limits."""
    return str(LIMITS.get(code, ""))


@register.filter
def number_name(code: str) -> str:
    """What a number of a post counts."""
    return str(NUMBERS.get(code, code))


@register.filter
def unit(code: str) -> str:
    """What a platform counts a text in."""
    return str(UNITS.get(code, ""))
