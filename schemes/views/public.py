"""What citizens read: no account, no script, nothing that is not out."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from departments.models import Department, Handle
from departments.names import name_order
from portal.web.paging import page_of
from publishing.models import Delivery
from schemes import access, catalogue, offices
from schemes.cleaning import cut, plain
from schemes.eligibility import conditions
from schemes.models import Category, Persona, Post, Scheme
from schemes.passages import chosen, passage
from schemes.readings import progress_of
from schemes.structured_data import breadcrumb, government_service, organization, website

LATEST_POSTS = 6
DEPARTMENTS_ON_HOME = 12
SCHEMES_OF_DEPARTMENT = 30
LONGEST_SUMMARY = 160  # characters of a description
MOST_SHOWN = 50  # handles on which a post is out, on its page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    schemes = Scheme.objects.public()
    with_schemes = offices.with_schemes()
    context = {
        "categories": catalogue.with_counts(Category),
        "personas": catalogue.with_counts(Persona),
        "posts": access.published_posts()[:LATEST_POSTS],
        "departments": with_schemes[:DEPARTMENTS_ON_HOME],
        "scheme_count": schemes.count(),
        "department_count": Department.objects.count(),
        "post_count": Post.objects.published().count(),
        "last_updated": schemes.aggregate(at=Max("content_changed_at"))["at"],
        "structured": [website(request)],
    }
    return render(request, "public/home.html", context)


@require_safe
def scheme_list(request: HttpRequest) -> HttpResponse:
    asked = catalogue.read(request.GET)
    page = page_of(asked.schemes(), request, catalogue.PER_PAGE)
    context = {
        "asked": asked,
        "crumbs": [(_("Schemes"), reverse("public:scheme_list"))],
        "page": page,
        "categories": catalogue.with_counts(Category) if not page.paginator.count else [],
        "last_updated": Scheme.objects.public().aggregate(at=Max("content_changed_at"))["at"],
    }
    return render(request, "public/scheme_list.html", context)


@require_safe
def scheme(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.get_public_scheme(slug)
    posts = access.published_posts().filter(scheme=found)
    crumbs = [
        (_("Schemes"), reverse("public:scheme_list")),
        (found.title, reverse("public:scheme", args=[found.slug])),
    ]
    audience = [persona.name for persona in found.personas.all()]
    context = {
        "scheme": found,
        "conditions": conditions(found.eligibility_rules),
        "documents": _documents(found),
        "progress": progress_of(found),
        "posts": posts[:LATEST_POSTS],
        "is_past": found.valid_to is not None and found.valid_to < timezone.localdate(),
        "crumbs": crumbs,
        "last_updated": found.content_changed_at,
        "structured": [
            government_service(found, request, audience),
            breadcrumb(request, crumbs),
        ],
    }
    return render(request, "public/scheme.html", context)


@require_safe
def department_list(request: HttpRequest) -> HttpResponse:
    text = offices.readable(request.GET.get("q", ""))
    found = offices.departments_named(text)
    context = {
        "text": text,
        "groups": offices.by_kind(found),
        "count": len(found),
        "crumbs": [(_("Departments"), reverse("public:department_list"))],
    }
    return render(request, "public/department_list.html", context)


@require_safe
def department(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.get_public_department(slug)
    schemes = catalogue.cards(Scheme.objects.public().of_department(found))
    crumbs = [
        (_("Departments"), reverse("public:department_list")),
        (found.name, reverse("public:department", args=[found.slug])),
    ]
    context = {
        "department": found,
        "bodies": found.bodies.order_by(name_order()),
        "schemes": schemes[:SCHEMES_OF_DEPARTMENT],
        "scheme_count": schemes.count(),
        "handles": found.handles.shown_to_public(),
        "posts": access.published_posts().filter(department=found)[:LATEST_POSTS],
        "crumbs": crumbs,
        "last_updated": found.schemes.public().aggregate(at=Max("content_changed_at"))["at"],
        "structured": [
            {"@context": "https://schema.org"} | organization(found, request),
            breadcrumb(request, crumbs),
        ],
    }
    return render(request, "public/department.html", context)


@require_safe
def post(request: HttpRequest, pk: int) -> HttpResponse:
    correction = access.correction_of(pk)
    if correction and not Post.objects.published().filter(pk=pk).exists():
        return redirect("public:post", correction.pk)
    found = access.get_published_post(pk)
    sent = Delivery.objects.sent().filter(message__source="post", message__source_id=found.pk)
    deliveries = sent.filter(recipient__isnull=True)
    crumbs = [
        (found.department.name, reverse("public:department", args=[found.department.slug])),
        (found.title, reverse("public:post", args=[found.pk])),
    ]
    context = {
        "post": found,
        "crumbs": crumbs,
        "structured": [breadcrumb(request, crumbs)],
        "summary": cut(plain(passage(found, "text").text), LONGEST_SUMMARY),
        "deliveries": deliveries.select_related("handle").order_by("sent_at", "pk")[:MOST_SHOWN],
        "more_deliveries": max(0, deliveries.count() - MOST_SHOWN),
        "to_people": Handle.objects.filter(
            pk__in=sent.filter(recipient__isnull=False).values("handle")
        ),
        "correction": correction,
        "last_updated": found.out_at,  # type: ignore[attr-defined]
    }
    return render(request, "public/post.html", context)


def _documents(found: Scheme) -> list[Any] | None:
    """In the reader's language; None where it is not known which are asked for."""
    if not isinstance(found.documents, list):
        return None
    pairs = [one for one in found.documents if isinstance(one, dict)]
    named = [chosen(str(one.get("hi") or ""), str(one.get("en") or "")) for one in pairs]
    return [name for name in named if name]
