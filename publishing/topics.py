"""What messages are about ("scheme:12"), in words of the app that knows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.utils.module_loading import import_string


def names_of(topics: Iterable[str]) -> dict[str, str]:
    """A topic that nobody knows any more is not in it."""
    keys: dict[str, list[int]] = defaultdict(list)
    for topic in topics:
        kind, _colon, key = topic.partition(":")
        if kind in settings.TOPIC_NAMES and key.isdecimal():
            keys[kind].append(int(key))
    return {
        f"{kind}:{key}": name
        for kind, wanted in keys.items()
        for key, name in import_string(settings.TOPIC_NAMES[kind])(wanted).items()
    }


def name_of(topic: str) -> str:
    return names_of([topic]).get(topic, topic)
