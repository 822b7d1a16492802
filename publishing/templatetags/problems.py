"""Problem codes as sentences, in templates."""

from django import template

from publishing.connectors.base import Problem
from publishing.problems import label

register = template.Library()


@register.filter
def sentence(problem: Problem | str) -> str:
    """A check's problem, or a delivery's code, in the reader's words; nothing for no code."""
    if isinstance(problem, Problem):
        return label(problem.code, problem.values)
    return label(problem) if problem else ""
