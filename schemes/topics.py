"""Schemes as publishing names them: by their titles."""

from __future__ import annotations

from collections.abc import Iterable

from .models import Scheme


def titles_of(keys: Iterable[int]) -> dict[int, str]:
    schemes = Scheme.objects.filter(pk__in=set(keys)).only("title_hi", "title_en")
    return {scheme.pk: str(scheme) for scheme in schemes}
