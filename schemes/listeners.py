"""News from below. Nothing that must happen depends on it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from publishing.models import Message
from publishing.signals import message_started

from .actions import release_post
from .models import Post


@receiver(message_started)
def note_release(sender: type[Message], message: Message, **kwargs: Any) -> None:
    if message.source == "post":
        for post in Post.objects.filter(pk=message.source_id):
            release_post(post)
