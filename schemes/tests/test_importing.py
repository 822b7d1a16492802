import csv
import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from departments.models import Department, Member, User
from departments.roles import Role
from portal.audit.models import AuditEntry
from schemes.importing import actions as importing
from schemes.importing.actions import import_schemes
from schemes.importing.mapping import CATEGORY_OF_KIND, CATEGORY_OF_LABEL, PERSONAS
from schemes.importing.rows import read_rows, rows_of
from schemes.models import Category, Persona, Scheme, SearchTerm
from schemes.search import search
from schemes.starter_data import FOLDER, load_names

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="the myScheme copies lie beside the project, in ../shared/data"
)
WHOLE = {
    "slug": "pension",
    "department": "social",
    "name_hi": "पेंशन योजना",
    "name_en": "Pension Scheme",
    "benefit_summary_hi": "मासिक सहायता",
    "benefit_summary_en": "Monthly help",
    "category": "social-security",
    "beneficiaries": ["elderly", "SC"],
    "level": "state",
}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def department(db) -> Department:
    load_names()
    Department.objects.create(slug="other", name_hi="अन्य", name_en="Other", kind="department")
    return Department.objects.create(
        slug="social", name_hi="समाज", name_en="Social", kind="department"
    )


def take(*values, **options):
    options.setdefault("actor", None)
    return import_schemes(rows_of(values), **options)


def problems(result) -> list[tuple[int, str, str]]:
    return [(p.number, p.field, str(p.reason)) for p in result.problems]


def test_a_whole_row_becomes_a_whole_scheme(department):
    row = {
        **WHOLE,
        "launched": 2019,
        "eligibility": {"min_age": 60, "max_age": None, "gender": "any", "caste": ["SC"]},
        "documents": [{"hi": "आधार", "en": "Aadhaar"}],
        "apply_url": "https://sspy-up.gov.in/",
        "apply_mode": "online",
        "note": "see order",
        "source": "news",
    }
    result = take(row)
    assert (result.created, result.refused) == (1, 0)
    scheme = Scheme.objects.get()
    assert scheme.department == department
    assert scheme.title_hi == "पेंशन योजना"
    assert scheme.eligibility_rules == {"min_age": 60, "gender": "any", "caste": ["SC"]}
    assert scheme.documents == [{"hi": "आधार", "en": "Aadhaar"}]
    assert scheme.source_note == "news\nnote: see order"
    assert [c.slug for c in scheme.categories.all()] == ["social-welfare-empowerment"]
    assert {p.slug for p in scheme.personas.all()} == {"elderly", "sc"}
    assert not scheme.is_public
    assert list(search(Scheme.objects.all(), "pension")) == [scheme]


def test_a_second_run_changes_nothing_and_writes_nothing(department):
    values = [{**WHOLE, "slug": f"s{n}"} for n in range(5)]
    take(*values)
    before = list(Scheme.objects.values()), AuditEntry.objects.count()
    with CaptureQueriesContext(connection) as queries:
        result = take(*values)
    assert (result.created, result.changed, result.unchanged) == (0, 0, 5)
    assert (list(Scheme.objects.values()), AuditEntry.objects.count()) == before
    writes = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE"))]
    assert writes == []


def test_a_changed_row_changes_its_scheme_and_the_index(department):
    take(WHOLE)
    before = Scheme.objects.get()
    changed = {**WHOLE, "name_hi": "आवास योजना", "beneficiaries": ["women"]}
    result = take(changed)
    scheme = Scheme.objects.get()
    assert (result.changed, scheme.title_hi, scheme.version) == (1, "आवास योजना", 2)
    assert [p.slug for p in scheme.personas.all()] == ["women"]
    assert scheme.content_changed_at > before.content_changed_at
    assert [s.pk for s in search(Scheme.objects.all(), "आवास")] == [scheme.pk]


def test_a_dry_run_counts_and_writes_nothing(department):
    result = take(WHOLE, {**WHOLE, "slug": "bad", "level": "galactic"}, dry_run=True)
    assert (result.created, result.refused) == (1, 1)
    assert not Scheme.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not SearchTerm.objects.exists()


def test_only_publish_shows_and_only_what_is_complete_in_both_languages(department):
    values = [WHOLE, {**WHOLE, "slug": "half", "benefit_summary_en": ""}]
    result = take(*values, publish=True)
    assert result.published == 1
    assert [s.slug for s in Scheme.objects.public()] == ["pension"]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"slug": None}, "slug", "This is missing."),
        (
            {"slug": "ab cd"},
            "slug",
            "This must be 1 to 100 of the letters a-z, digits and hyphens.",
        ),
        (
            {"slug": "../etc"},
            "slug",
            "This must be 1 to 100 of the letters a-z, digits and hyphens.",
        ),
        (
            {"slug": "a" * 101},
            "slug",
            "This must be 1 to 100 of the letters a-z, digits and hyphens.",
        ),
        ({"name_hi": "", "name_en": None}, "name", "The scheme has no name."),
        ({"name_hi": ["क"]}, "name_hi", "This must be text."),
        ({"name_hi": {"a": 1}}, "name_hi", "This must be text."),
        ({"name_en": True}, "name_en", "This must be text."),
        ({"department": "nowhere"}, "department", "There is no department “nowhere”."),
        (
            {"department": ""},
            "department",
            "The row names no department, and none was given for the file.",
        ),
        ({"category": "space"}, "category", "“space” is not a known category."),
        ({"beneficiaries": ["aliens"]}, "beneficiaries", "“aliens” is not a known beneficiary."),
        ({"beneficiaries": [["women"]]}, "beneficiaries", "This must be text."),
        ({"beneficiaries": 7}, "beneficiaries", "This must be a list."),
        (
            {"beneficiaries": ["women"] * 201},
            "beneficiaries",
            "This list has more than 200 entries.",
        ),
        ({"level": "galactic"}, "level", "This must be state, central, joint or district."),
        ({"launched": 19}, "launched", "This must be a year."),
        ({"launched": "soon"}, "launched", "This must be a whole number."),
        ({"launched": 10**400}, "launched", "This must be a whole number."),
        ({"valid_to": "31/03/2026"}, "valid_to", "This must be a day, as 2026-03-31."),
        (
            {"valid_from": "2026-04-01", "valid_to": "2026-03-31"},
            "valid_to",
            "The scheme ends before it begins.",
        ),
        (
            {"apply_url": "javascript:alert(1)"},
            "apply_url",
            "This is not a web address (https://…).",
        ),
        (
            {"apply_url": "https://x.in/" + "a" * 500},
            "apply_url",
            "This address is longer than 500 characters.",
        ),
        ({"apply_mode": "by pigeon"}, "apply_mode", "This is not a known way to apply."),
        ({"eligibility": [1]}, "eligibility", "This must be an object with named rules."),
        ({"eligibility": {"min_age": [5]}}, "eligibility", "This must be text."),
        ({"eligibility": "{broken"}, "eligibility", "This is neither plain text nor valid JSON."),
        (
            {"documents": ["one", 2]},
            "documents",
            "This must be a list of documents, each named in hi and en.",
        ),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_go_in(department, change, field, reason):
    good = {**WHOLE, "slug": "good"}
    result = take({**WHOLE, **change}, good)
    assert problems(result) == [(1, field, reason)]
    assert (result.created, result.refused) == (1, 1)
    assert [s.slug for s in Scheme.objects.all()] == ["good"]


def test_every_name_the_tables_know_is_in_the_starter_data(department):
    categories = set(Category.objects.values_list("slug", flat=True))
    assert set(CATEGORY_OF_LABEL.values()) == categories
    assert set(CATEGORY_OF_KIND.values()) <= categories
    assert set(Persona.objects.values_list("slug", flat=True)) == PERSONAS


def test_a_row_of_no_known_shape_is_refused(department):
    assert problems(take({"title": "x"})) == [(1, "", "The columns are not those of a known file.")]


def test_the_first_of_two_rows_with_one_slug_counts(department):
    result = take(WHOLE, {**WHOLE, "name_hi": "दूसरा"})
    assert problems(result) == [(2, "slug", "The same scheme is already in row 1.")]
    assert Scheme.objects.get().title_hi == "पेंशन योजना"


def test_long_names_are_cut_at_a_word_and_kept_whole_as_an_alias(department):
    name = "मुख्यमंत्री " * 30
    result = take({**WHOLE, "name_hi": name, "benefit_summary_en": "word " * 100})
    scheme = Scheme.objects.get()
    assert result.refused == 0
    assert result.notes == 2
    assert len(scheme.title_hi) <= 150
    assert scheme.title_hi.endswith("मुख्यमंत्री…")
    assert scheme.aliases == [name.strip()]
    assert len(scheme.summary_en) <= 300


def test_markup_in_a_row_never_becomes_script(department):
    evil = "<p>ठीक</p><script>alert(1)</script><img src=x onerror=alert(1)>"
    take({**WHOLE, "description_hi": evil, "benefits_hi": "a < b & <script>alert(1)</script>"})
    scheme = Scheme.objects.get()
    assert scheme.description_hi == "<p>ठीक</p>"
    assert "<script" not in scheme.benefits_hi


def test_rows_without_a_department_use_the_given_one_and_known_schemes_keep_theirs(department):
    other = Department.objects.get(slug="other")
    values = {**WHOLE, "department": ""}
    take(values, default_department=department)
    result = take(values, default_department=other)
    assert result.unchanged == 1
    assert Scheme.objects.get().department == department


def test_each_department_gets_one_audit_entry_with_counts(department):
    values = [{**WHOLE, "slug": f"s{n}"} for n in range(3)]
    take(*values, {**WHOLE, "slug": "t", "department": "other"}, {}, file_name="f.json")
    entries = AuditEntry.objects.filter(action="schemes.scheme.imported")
    assert {entry.department for entry in entries} == {"social", "other"}
    entry = entries.get(department="social")
    assert entry.data["file"] == "f.json"
    assert entry.data["here"] == {"created": 3, "changed": 0}
    assert entry.data["whole_file"]["refused"] == 1


def test_what_was_written_before_an_interruption_is_audited_and_a_second_run_goes_on(
    department, monkeypatch
):
    monkeypatch.setattr("schemes.importing.actions.BATCH", 2)

    def broken():
        yield from rows_of([{**WHOLE, "slug": f"s{n}"} for n in range(4)])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_schemes(broken(), actor=None)
    assert Scheme.objects.count() == 4
    assert AuditEntry.objects.get().data["here"]["created"] == 4
    result = take(*[{**WHOLE, "slug": f"s{n}"} for n in range(6)])
    assert (result.created, result.unchanged) == (2, 4)


def test_a_batch_that_collides_with_another_import_is_taken_again(department, monkeypatch):
    stored = importing._stored
    late = []

    def stored_then_created_elsewhere(slugs, settings):
        found = stored(slugs, settings)
        if not late:  # created right after this one looked
            late.append(Scheme.objects.create(slug="pension", department=department, title_hi="क"))
        return found

    monkeypatch.setattr(importing, "_stored", stored_then_created_elsewhere)
    result = take({**WHOLE, "slug": "a"}, WHOLE)
    assert (result.created, result.changed, result.refused) == (2, 0, 0)
    assert Scheme.objects.count() == 2


def test_an_officer_imports_into_their_own_department_only(department):
    officer = User.objects.create_user("n@up.gov.in", name="नोडल")
    Member.objects.create(user=officer, department=department, role=Role.NODAL_OFFICER)
    other = {**WHOLE, "slug": "b", "department": "other"}
    result = take(WHOLE, other, actor=officer)
    assert problems(result) == [(2, "department", "You may not write schemes of this department.")]
    assert [s.slug for s in Scheme.objects.all()] == ["pension"]
    take(other)
    result = take({**other, "department": "social"}, actor=officer)
    assert result.refused == 1


def test_a_copy_of_another_portal_never_changes_a_public_scheme(department):
    take(WHOLE, publish=True)
    copy = {"slug": "pension", "name": "Copied", "brief_description": "x"}
    result = take(copy, default_department=department)
    assert result.refused == 1
    assert Scheme.objects.get().title_en == "Pension Scheme"


def test_a_public_scheme_cannot_lose_a_language_by_import(department):
    take(WHOLE, publish=True)
    result = take({**WHOLE, "name_en": ""})
    assert problems(result) == [
        (1, "", "The scheme is public: it needs its name and benefit in both languages.")
    ]


@pytest.mark.parametrize(
    ("row", "slug", "title"),
    [
        ({"fields": {"slug": "x", "schemeName": "T", "level": "State"}}, "x", "T"),
        (
            {
                "scheme_id": "1",
                "scheme_name": "T",
                "source_url": "https://www.myscheme.gov.in/schemes/x",
                "required_documents": [{"document_name": "Form:"}, {"document_name": "Card"}],
                "application_process": ["One", {"nested": [["Two"]]}],
            },
            "x",
            "T",
        ),
        ({"scheme_name": "T", "scheme_link": "https://www.myscheme.gov.in/schemes/x"}, "x", "T"),
        ({"scheme_name": " T\u200b ", "slug": "X", "documents": "Card", "level": None}, "x", "T"),
        ({"Scheme Name": "T", "Source URL": "https://www.myscheme.gov.in/schemes/x"}, "x", "T"),
        ({"slug": "x", "name": "T", "brief_description": "b", "apply_link": "nonsense"}, "x", "T"),
        (
            {"slug": "x", "name": "T", "description": "d", "ministry": "Ministry Of Defence"},
            "x",
            "T",
        ),
    ],
)
def test_every_copied_shape_is_known_and_never_public(department, row, slug, title):
    result = take(row, default_department=department, publish=True)
    assert problems(result) == [] or result.notes == 1
    scheme = Scheme.objects.get()
    assert (scheme.slug, scheme.title_en, scheme.is_public) == (slug, title, False)


def test_copied_texts_lose_what_the_scraper_glued_on(department):
    row = {
        "slug": "x",
        "name": "T",
        "brief_description": "b",
        "details": "Details The scheme helps. \ufeff",
        "categories": ["Public Safety,Law & Justice", "Women and Child", "?"],
        "documents": ["At Phase -1:", "Aadhaar"],
        "close_date": "2027-03-31",
    }
    take(row, default_department=department)
    scheme = Scheme.objects.get()
    assert scheme.description_en == "<p>The scheme helps.</p>"
    found = {category.slug for category in scheme.categories.all()}
    assert found == {"women-child", "public-safety-law-justice"}
    assert scheme.documents == [{"hi": "", "en": "Aadhaar"}]
    assert str(scheme.valid_to) == "2027-03-31"


# --- the command --------------------------------------------------------------------------------


def run(*arguments) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("import_schemes", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_command_takes_a_sheet_with_the_same_column_names(department, tmp_path):
    file = tmp_path / "schemes.csv"
    rows = [
        {**WHOLE, "beneficiaries": "elderly; SC", "documents": "आधार; राशन कार्ड"},
        {**WHOLE, "slug": "b", "beneficiaries": '["women"]', "documents": ""},
    ]
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    code, out, err = run(file, "--publish")
    assert code == 0
    assert "2 rows: 2 created (2 public), 0 changed, 0 unchanged, 0 refused" in out
    assert "rows/s" in err
    first, second = Scheme.objects.order_by("-slug")
    assert {p.slug for p in first.personas.all()} == {"elderly", "sc"}
    assert [d["hi"] for d in first.documents] == ["आधार", "राशन कार्ड"]
    assert second.documents is None


def test_the_command_names_bad_rows_and_ends_with_1(department, tmp_path):
    file = tmp_path / "f.jsonl.gz"
    lines = [json.dumps(WHOLE), "{cut", json.dumps({**WHOLE, "slug": "b", "level": "x"})]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    code, out, _err = run(file)
    assert code == 1
    assert "Row 2, whole row, refused: The row is not complete, valid JSON." in out
    assert "Row 3, level, refused: This must be state, central, joint or district." in out
    assert "3 rows: 1 created (0 public), 0 changed, 0 unchanged, 2 refused" in out


def test_the_command_writes_nothing_in_a_dry_run(department, tmp_path):
    file = tmp_path / "f.json"
    file.write_text(json.dumps([WHOLE]))
    code, out, _err = run(file, "--dry-run")
    assert code == 0
    assert "Dry run: nothing was written." in out
    assert not Scheme.objects.exists()


@pytest.mark.parametrize("name", ["missing.json", "empty.json", "photo.png"])
def test_an_unreadable_file_ends_with_2(department, tmp_path, name):
    (tmp_path / "empty.json").touch()
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    with pytest.raises(CommandError) as refused:
        run(tmp_path / name)
    assert refused.value.returncode == 2


def test_an_unknown_department_ends_with_2(department, tmp_path):
    with pytest.raises(CommandError) as refused:
        run(FOLDER / "schemes-up.json", "--department", "nowhere")
    assert refused.value.returncode == 2


# --- the real files -----------------------------------------------------------------------------


@needs_shared
def test_the_myscheme_corpus_goes_in_whole(department):
    found = read_rows(SHARED / "myscheme-corpus.jsonl.gz")
    result = import_schemes(found, actor=None, default_department=department)
    assert (result.rows, result.created, result.refused) == (4607, 4506, 101)
    assert {str(p.reason) for p in result.problems if not p.is_note} == {"The scheme has no name."}
    assert not Scheme.objects.public().exists()
    assert AuditEntry.objects.count() == 1
    longest = max(len(title) for title in Scheme.objects.values_list("title_en", flat=True))
    assert longest <= 150
    assert not Scheme.objects.filter(description_en__contains="Something went wrong").exists()
    assert not Scheme.objects.filter(description_en__startswith="<p>Details The").exists()


@needs_shared
def test_the_raw_copies_are_survived(department):
    found = read_rows(SHARED / "myscheme-raw.jsonl.gz")
    result = import_schemes(found, actor=None, default_department=department, dry_run=True)
    assert result.rows == 9227
    assert result.created > 4000
    assert result.created + result.refused == 9227
    refusals = [str(p.reason) for p in result.problems if not p.is_note]
    assert all(reason.startswith("The same scheme is already in row") for reason in refusals)
