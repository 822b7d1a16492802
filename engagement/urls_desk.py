"""The officers' pages about what people say, and about directives, under /desk/."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
