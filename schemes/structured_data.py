"""What search engines read: schema.org records of the public pages (Q3)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from departments.models import Department
from departments.names import reader_language

from .models import ApplyMode, Scheme

STATE = {"@type": "AdministrativeArea", "name": "Uttar Pradesh"}
ONLINE = (ApplyMode.ONLINE, ApplyMode.BOTH)


def government_service(scheme: Scheme, request: HttpRequest, audience: list[str]) -> dict[str, Any]:
    """Null where we do not know; empty values are left out."""
    data = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "name": scheme.title,
        "description": scheme.summary,
        "url": request.build_absolute_uri(),
        "inLanguage": reader_language(),
        "serviceType": ", ".join(category.name for category in scheme.categories.all()),
        "provider": organization(scheme.department, request),
        "jurisdiction": STATE,
        "areaServed": _area(scheme),
        "audience": [{"@type": "Audience", "audienceType": name} for name in audience],
        "availableChannel": _channel(scheme),
        "dateModified": scheme.content_changed_at.isoformat(),
    }
    return {key: value for key, value in data.items() if value}


def organization(department: Department, request: HttpRequest) -> dict[str, Any]:
    address = reverse("public:department", args=[department.slug])
    return {
        "@type": "GovernmentOrganization",
        "name": department.name,
        "url": request.build_absolute_uri(address),
    }


def breadcrumb(request: HttpRequest, steps: list[tuple[str, str]]) -> dict[str, Any]:
    """`steps` are names and addresses from the first page to this one."""
    steps = [(_("Home"), reverse("public:home")), *steps]
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": place,
                "name": name,
                "item": request.build_absolute_uri(address),
            }
            for place, (name, address) in enumerate(steps, 1)
        ],
    }


def _area(scheme: Scheme) -> Any:
    districts = [district.name for district in scheme.districts.all()]
    return [{"@type": "AdministrativeArea", "name": name} for name in districts] or STATE


def _channel(scheme: Scheme) -> dict[str, str] | None:
    if not scheme.apply_url or scheme.apply_mode not in ("", *ONLINE):
        return None
    return {"@type": "ServiceChannel", "serviceUrl": scheme.apply_url}


def website(request: HttpRequest) -> dict[str, Any]:
    schemes = request.build_absolute_uri(reverse("public:scheme_list"))
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": _("Samvad Setu"),
        "url": request.build_absolute_uri(reverse("public:home")),
        "inLanguage": reader_language(),
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{schemes}?q={{text}}",
            "query-input": "required name=text",
        },
    }
