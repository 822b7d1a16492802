"""Takes the schemes of a file into the portal; decision 0001 says why batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from portal.audit.actions import record
from schemes import access
from schemes.models import Category, Persona, Scheme
from schemes.search import index_schemes

from .mapping import Mapped, mapped
from .rows import Problem, Row

BATCH = 200
MOST_KEPT_PROBLEMS = 1000
CREATED, CHANGED = "created", "changed"
PUBLIC_NEEDS = ("title_hi", "title_en", "summary_hi", "summary_en")


@dataclass
class ImportResult:
    """`problems` holds the first thousand; `refused` counts every refused row."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    notes: int = 0
    published: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        if len(self.problems) < MOST_KEPT_PROBLEMS:
            self.problems.append(problem)

    def counts(self) -> dict[str, int]:
        names = ("rows", "created", "changed", "unchanged", "refused", "published")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class _Settings:
    actor: User | None
    default_department: Department | None
    dry_run: bool
    publish: bool
    change_existing: bool
    departments: dict[str, Department]
    categories: dict[str, int]
    personas: dict[str, int]


class _RowRefused(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


@dataclass
class _Write:
    """A scheme of the batch that will be created or changed; what differs, and its facets."""

    scheme: Scheme
    done: str
    fields: list[str]
    categories: set[int] | None
    personas: set[int] | None


def import_schemes(
    rows: Iterable[Row | Problem],
    *,
    actor: User | None,
    default_department: Department | None = None,
    dry_run: bool = False,
    publish: bool = False,
    change_existing: bool = True,
    file_name: str = "",
    on_progress: Callable[[ImportResult], None] | None = None,
    on_problem: Callable[[Problem], None] | None = None,
) -> ImportResult:
    """Create or change one scheme per good row, found by slug; report the bad ones.

    `publish` shows new schemes that are complete in both languages. Without `change_existing`
    a scheme that is already there stays as it is. Each department touched gets one audit entry.
    """
    settings = _Settings(
        actor=actor,
        default_department=default_department,
        dry_run=dry_run,
        publish=publish,
        change_existing=change_existing,
        departments={department.slug: department for department in Department.objects.all()},
        categories=dict(Category.objects.values_list("slug", "pk")),
        personas=dict(Persona.objects.values_list("slug", "pk")),
    )
    result, touched = ImportResult(), Counter[tuple[str, str]]()
    report = _Report(result, on_problem)
    good = _good_rows(rows, report)
    try:
        while batch := list(islice(good, BATCH)):
            _take(batch, settings, report, touched)
            if on_progress:
                on_progress(result)
    finally:
        # Interrupted or not: what is in the database is in the audit trail.
        if touched:
            _audit(touched, result, settings, file_name)
    return result


class _Report:
    def __init__(self, result: ImportResult, on_problem: Callable[[Problem], None] | None) -> None:
        self.result = result
        self._on_problem = on_problem

    def refuse(self, problems: list[Problem]) -> None:
        self.result.refused += 1
        for problem in problems:
            self._tell(problem)

    def note(self, problem: Problem) -> None:
        self.result.notes += 1
        self._tell(problem)

    def _tell(self, problem: Problem) -> None:
        self.result.add(problem)
        if self._on_problem:
            self._on_problem(problem)


def _good_rows(rows: Iterable[Row | Problem], report: _Report) -> Iterator[Mapped]:
    """Rows that can be taken; of several with one slug the first counts."""
    first_with: dict[str, int] = {}
    for row in rows:
        report.result.rows += 1
        if isinstance(row, Problem):
            report.refuse([row])
            continue
        one, problems = mapped(row)
        if one is None:
            report.refuse([problem for problem in problems if not problem.is_note])
            continue
        first = first_with.setdefault(one.slug, row.number)
        if first != row.number:
            reason = _("The same scheme is already in row %(number)d.") % {"number": first}
            report.refuse([Problem(row.number, "slug", reason)])
            continue
        for note in problems:
            report.note(note)
        yield one


def _take(
    batch: list[Mapped], settings: _Settings, report: _Report, touched: Counter[tuple[str, str]]
) -> None:
    """Write the batch, then count it: what is counted is in the database."""
    try:
        writes, refused = _compared_and_written(batch, settings)
    except IntegrityError:  # someone created one of these schemes meanwhile: now it is there
        writes, refused = _compared_and_written(batch, settings)
    for problem in refused:
        report.refuse([problem])
    _count(writes, len(batch) - len(writes) - len(refused), report.result)
    if not settings.dry_run:
        touched.update((write.scheme.department.slug, write.done) for write in writes)


@transaction.atomic
def _compared_and_written(
    batch: list[Mapped], settings: _Settings
) -> tuple[list[_Write], list[Problem]]:
    """What differs from what is stored is written, in one transaction; why rows were refused."""
    known = _stored([one.slug for one in batch], settings)
    writes, refused = [], []
    for one in batch:
        try:
            write = _planned(one, known.get(one.slug), settings)
        except _RowRefused as refusal:
            refused.append(refusal.problem)
        else:
            writes += [write] if write else []
    if not settings.dry_run:
        _write(writes)
    return writes, refused


def _count(writes: list[_Write], unchanged: int, result: ImportResult) -> None:
    result.unchanged += unchanged
    for write in writes:
        if write.done == CREATED:
            result.created += 1
            result.published += write.scheme.is_public
        else:
            result.changed += 1


def _stored(slugs: list[str], settings: _Settings) -> dict[str, Scheme]:
    schemes = Scheme.objects.filter(slug__in=slugs)
    if not settings.dry_run:
        schemes = schemes.select_for_update(of=("self",))
    schemes = schemes.select_related("department").prefetch_related("categories", "personas")
    return {scheme.slug: scheme for scheme in schemes}


def _planned(one: Mapped, stored: Scheme | None, settings: _Settings) -> _Write | None:
    """What to write for this row, or None if nothing. Raises _RowRefused."""
    department = _department_of(one, stored, settings)
    categories = _keys(one, "categories", settings.categories)
    personas = _keys(one, "personas", settings.personas)
    if stored is None:
        scheme = Scheme(slug=one.slug, department=department, changed_by=settings.actor)
        for name, value in one.values.items():
            setattr(scheme, name, value)
        scheme.is_public = settings.publish and _is_complete(scheme)
        return _Write(scheme, CREATED, [], categories, personas)
    if not settings.change_existing:
        return None
    if stored.is_public and not one.is_own:
        reason = _(
            "A public scheme of this name is kept by its department; a copy changes nothing."
        )
        raise _RowRefused(Problem(one.number, "slug", reason))
    differing = _assign(stored, {**one.values, "department": department})
    if stored.is_public and not _is_complete(stored):
        reason = _("The scheme is public: it needs its name and benefit in both languages.")
        raise _RowRefused(Problem(one.number, "", reason))
    if categories == {category.pk for category in stored.categories.all()}:
        categories = None
    if personas == {persona.pk for persona in stored.personas.all()}:
        personas = None
    if not differing and categories is None and personas is None:
        return None
    differing += _assign(
        stored,
        {
            "version": stored.version + 1,
            "changed_by": settings.actor,
            "content_changed_at": timezone.now(),
        },
    )
    return _Write(stored, CHANGED, differing, categories, personas)


def _assign(scheme: Scheme, values: dict[str, Any]) -> list[str]:
    """Set the values; the names of those that differed."""
    differing = [name for name, value in values.items() if getattr(scheme, name) != value]
    for name in differing:
        setattr(scheme, name, values[name])
    return differing


def _department_of(one: Mapped, stored: Scheme | None, settings: _Settings) -> Department:
    """The row's own department, else the scheme's, else the one the file was imported for."""
    if one.department:
        department = settings.departments.get(one.department)
    else:
        department = stored.department if stored else settings.default_department
    if department is None:
        raise _RowRefused(Problem(one.number, "department", _no_department(one.department)))
    concerned = {department.pk} | ({stored.department_id} if stored else set())
    actor = settings.actor
    if actor and not all(access.can_add_scheme(actor, key) for key in concerned):
        reason = _("You may not write schemes of this department.")
        raise _RowRefused(Problem(one.number, "department", reason))
    return department


def _no_department(slug: str) -> str | Promise:
    if slug:
        return _("There is no department “%(name)s”.") % {"name": slug[:60]}
    return _("The row names no department, and none was given for the file.")


def _keys(one: Mapped, name: str, known: dict[str, int]) -> set[int] | None:
    """Keys of the row's categories or personas; None if it says nothing about them."""
    slugs = getattr(one, name)
    if unknown := set(slugs or ()) - known.keys():
        reason = _("“%(name)s” is not in the portal; run load_starter first.")
        raise _RowRefused(Problem(one.number, name, reason % {"name": min(unknown)}))
    return None if slugs is None else {known[slug] for slug in slugs}


def _is_complete(scheme: Scheme) -> bool:
    return all(getattr(scheme, name) for name in PUBLIC_NEEDS)


def _write(writes: list[_Write]) -> None:
    Scheme.objects.bulk_create(write.scheme for write in writes if write.done == CREATED)
    for write in writes:
        if write.done == CHANGED:
            write.scheme.save(update_fields=write.fields)
    _link(Scheme.categories.through, "category_id", [(w.scheme, w.categories) for w in writes])
    _link(Scheme.personas.through, "persona_id", [(w.scheme, w.personas) for w in writes])
    index_schemes([write.scheme.pk for write in writes])


def _link(through: Any, column: str, wanted: list[tuple[Scheme, set[int] | None]]) -> None:
    """Make each scheme's links exactly the wanted ones; None leaves them as they are."""
    replaced = [(scheme.pk, keys) for scheme, keys in wanted if keys is not None]
    through.objects.filter(scheme__in=[pk for pk, _wanted in replaced]).delete()
    through.objects.bulk_create(
        through(scheme_id=pk, **{column: key}) for pk, keys in replaced for key in keys
    )


@transaction.atomic
def _audit(
    touched: Counter[tuple[str, str]],
    result: ImportResult,
    settings: _Settings,
    file_name: str,
) -> None:
    for slug in sorted({slug for slug, _done in touched}):
        here = {done: touched[slug, done] for done in (CREATED, CHANGED)}
        record(
            "schemes.scheme.imported",
            settings.departments[slug],
            actor=settings.actor,
            department=slug,
            data={"file": file_name, "here": here, "whole_file": result.counts()},
        )
