"""Addresses that have no language: included without namespace, outside i18n_patterns."""

from django.urls import path

from .health import healthz, readyz
from .language import choose_language

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("language/<slug:code>/", choose_language, name="language"),
]
