"""How the pages speak of people who agreed, and of templates."""

from django import template

from departments.models import Handle
from publishing.audience import left_in_words, template_state
from publishing.connectors import connector_class

register = template.Library()


@register.filter
def has_recipients(handle: Handle) -> bool:
    """May it write to single people at all?"""
    return connector_class(handle.platform).has_recipients


register.filter("left_in_words", left_in_words)
register.filter("template_state", template_state)
