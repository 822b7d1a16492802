"""Lengths of videos, in templates."""

from django import template

register = template.Library()


@register.filter
def clock(seconds: float) -> str:
    """75.4 -> 1:15, with hours where there are some."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
