"""The standing pages: their text is a pair of templates, one in each language."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from .furniture import OTHERS, PAGES, POLICIES, Policy
from .officials import head_office, officials

SECURITY_TXT_DAYS = 180


@require_safe
def show_page(request: HttpRequest, name: str) -> HttpResponse:
    page = PAGES[name]
    language = "en" if get_language() == "en" else "hi"
    context: dict[str, Any] = {
        "page": page,
        "policies": POLICIES,
        "beside": POLICIES if page.is_policy else OTHERS,
        "officials": officials(),
        "office": head_office(),
        "about_page": _page_asked_about(request),
        "crumbs": _crumbs(name),
        "last_updated": page.changed,
    }
    return render(request, f"pages/{language}/{name}.html", context)


def _crumbs(name: str) -> list[tuple[str, str]]:
    page = PAGES[name]
    own = [(page.title, reverse(f"web:{name}"))]
    if isinstance(page, Policy):
        return [(PAGES["policies"].title, reverse("web:policies")), *own]
    return own


def _page_asked_about(request: HttpRequest) -> str:
    """The page a reader came from to report something about it (H17)."""
    path = request.GET.get("page", "")
    return path[:200] if path.startswith("/") and path.isprintable() else ""


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    page = PAGES["sitemap"]
    context = {
        "page": page,
        "pages": OTHERS,
        "policies": POLICIES,
        "crumbs": _crumbs("sitemap"),
        "last_updated": page.changed,
    }
    return render(request, "pages/sitemap.html", context)


@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        "Disallow: /desk/",
        "Disallow: /accounts/",
        "Disallow: /language/",
        "Disallow: /display/",
        "Disallow: /en/desk/",
        "Disallow: /en/accounts/",
        "Disallow: /en/display/",
        "",
        f"Sitemap: {request.build_absolute_uri('/sitemap.xml')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116 (S14)."""
    email = officials()["security_contact"].email
    contact = f"mailto:{email}" if email else request.build_absolute_uri(reverse("web:security"))
    until = timezone.localdate() + timedelta(days=SECURITY_TXT_DAYS)
    lines = [
        f"Contact: {contact}",
        f"Expires: {datetime.combine(until, time.min, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: hi, en",
        f"Policy: {request.build_absolute_uri(reverse('web:security'))}",
        f"Canonical: {request.build_absolute_uri(request.path)}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
