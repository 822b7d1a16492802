from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.utils import timezone, translation

from departments.models import Department, District, Division, Member, User
from departments.roles import Role
from departments.tests.factories import person
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed, NotPermitted
from schemes.models import Category, Progress, Scheme, SchemeChange
from schemes.readings import progress_of
from schemes.scheme_actions import (
    add_indicator,
    change_scheme,
    confirm_change,
    confirm_progress,
    create_scheme,
    decline_change,
    hide_scheme,
    record_progress,
    remove_progress,
    show_scheme,
    waiting_change,
)
from schemes.search import search

from .factories import PersonaFactory

TEXTS = {
    "title_hi": "पेंशन योजना",
    "title_en": "Pension Scheme",
    "summary_hi": "मासिक सहायता",
    "summary_en": "Monthly help",
}
INDICATOR = {"name_hi": "पेंशन", "name_en": "Pensions", "unit_hi": "व्यक्ति", "unit_en": "persons"}


def officer_of(department: Department) -> User:
    user = User.objects.create_user(f"{department.slug}@up.gov.in", name="नोडल")
    Member.objects.create(user=user, department=department, role=Role.NODAL_OFFICER)
    return user


@pytest.fixture
def department(db) -> Department:
    return Department.objects.create(
        slug="social", name_hi="समाज", name_en="Social", kind="department"
    )


@pytest.fixture
def officer(department) -> User:
    return officer_of(department)


@pytest.fixture
def head(department) -> User:
    return person(Role.DEPARTMENT_HEAD, department)


@pytest.fixture
def stranger(db) -> User:
    return officer_of(
        Department.objects.create(slug="x", name_hi="अन्य", name_en="X", kind="department")
    )


@pytest.fixture
def scheme(department, officer) -> Scheme:
    return create_scheme(department, actor=officer, slug="pension", **TEXTS)


def test_a_new_scheme_is_clean_hidden_audited_and_found(department, officer):
    category = Category.objects.create(slug="c", name_hi="क", name_en="C")
    scheme = create_scheme(
        department,
        actor=officer,
        slug="pension",
        **{**TEXTS, "title_hi": " पेंशन\u200b  योजना "},
        description_hi="<p onclick=x>ठीक<script>alert(1)</script></p>",
        documents=[{"hi": " आधार ", "en": ""}, {"hi": "", "en": " "}],
        aliases=["Old", "Old", " "],
        categories=[category],
    )
    scheme.refresh_from_db()
    assert scheme.title_hi == "पेंशन योजना"
    assert scheme.description_hi == "<p>ठीक</p>"
    assert scheme.documents == [{"hi": "आधार", "en": ""}]
    assert scheme.aliases == ["Old"]
    assert not scheme.is_public
    assert list(scheme.categories.all()) == [category]
    assert list(search(Scheme.objects.all(), "pension")) == [scheme]
    entry = AuditEntry.objects.get(action="schemes.scheme.created")
    assert (entry.actor_id, entry.department) == (officer.pk, "social")
    assert entry.data["new"]["categories"] == ["c"]


def test_a_code_is_used_once(department, officer, scheme):
    with pytest.raises(MoveNotAllowed):
        create_scheme(department, actor=officer, slug="pension", **TEXTS)


def test_a_change_keeps_old_and_new_and_can_be_searched_for(officer, scheme):
    before = scheme.content_changed_at
    changed = change_scheme(
        scheme, actor=officer, version=1, title_hi="आवास योजना", title_en="Pension Scheme"
    )
    assert changed.version == 2
    assert changed.content_changed_at > before
    assert list(search(Scheme.objects.all(), "आवास")) == [scheme]
    entry = AuditEntry.objects.get(action="schemes.scheme.changed")
    assert entry.data == {"old": {"title_hi": "पेंशन योजना"}, "new": {"title_hi": "आवास योजना"}}


def test_a_save_without_a_difference_is_no_change(officer, scheme):
    assert change_scheme(scheme, actor=officer, version=1, **TEXTS).version == 1
    assert not AuditEntry.objects.filter(action="schemes.scheme.changed").exists()


def test_the_later_of_two_tabs_is_told(officer, scheme):
    change_scheme(scheme, actor=officer, version=1, title_hi="एक")
    with pytest.raises(MoveNotAllowed), translation.override("en"):
        change_scheme(scheme, actor=officer, version=1, title_hi="दो")
    scheme.refresh_from_db()
    assert scheme.title_hi == "एक"


def test_the_lines_of_an_imported_source_are_no_change(officer, scheme):
    Scheme.objects.update(source_note="order 7\nconfidence: high")
    note = "order 7\r\nconfidence: high"
    assert change_scheme(scheme, actor=officer, version=1, source_note=note).version == 1


def test_rules_of_eligibility_are_cleaned_and_what_an_import_stored_is_kept(officer, scheme):
    imported = {"residence": "Bundelkhand", "caste": ["Bhil"], "min_age": None, "land": [2]}
    Scheme.objects.update(eligibility_rules=imported)
    rules = {**imported, "caste": ["SC", "Bhil", "SC"], "max_age": None, "other_hi": " भूमि\n हो "}
    changed = change_scheme(scheme, actor=officer, version=1, eligibility_rules=rules)
    stored = {**imported, "caste": ["SC", "Bhil"], "other_hi": "भूमि हो"}
    assert changed.eligibility_rules == stored
    assert Scheme.objects.get().eligibility_rules == stored
    again = change_scheme(scheme, actor=officer, version=2, eligibility_rules=rules)
    assert again.version == 2


@pytest.mark.parametrize(
    "rules",
    [
        None,
        [],
        "min_age",
        {"min_age": -1},
        {"min_age": True},
        {"min_age": "18"},
        {"max_age": 121},
        {"min_age": 40, "max_age": 39},
        {"max_income": 0},
        {"max_income": 10**10},
        {"max_income": float("nan")},
        {"min_disability_percent": 101},
        {"gender": "x"},
        {"gender": ["female"]},
        {"residence": "Bihar"},
        {"caste": "SC"},
        {"caste": ["SC", {}]},
        {"occupation": ["x"]},
        {"other_hi": ["x"]},
        {"other_hi": "x" * 10_000},
        {"land": 2},
        {7: 7},
    ],
)
def test_rules_that_are_not_known_are_refused(department, officer, scheme, rules):
    with pytest.raises(MoveNotAllowed):
        change_scheme(scheme, actor=officer, version=1, eligibility_rules=rules)
    with pytest.raises(MoveNotAllowed):
        create_scheme(department, actor=officer, slug="b", **TEXTS, eligibility_rules=rules)
    assert Scheme.objects.get().eligibility_rules == {}


def test_what_the_office_notes_for_itself_is_not_news_for_the_reader(officer, scheme):
    before = scheme.content_changed_at
    changed = change_scheme(scheme, actor=officer, version=1, review_by=date(2027, 3, 31))
    assert changed.content_changed_at == before
    assert changed.version == 2


def test_another_department_changes_nothing(stranger, department, scheme):
    for refused in (
        lambda: create_scheme(department, actor=stranger, slug="b", **TEXTS),
        lambda: change_scheme(scheme, actor=stranger, version=1, title_hi="x"),
        lambda: show_scheme(scheme, actor=stranger, version=1),
        lambda: hide_scheme(scheme, actor=stranger, version=1, comment="भूल"),
        lambda: confirm_change(scheme, actor=stranger, version=1),
        lambda: decline_change(scheme, actor=stranger, version=1, comment="भूल"),
        lambda: add_indicator(scheme, actor=stranger, **INDICATOR),
    ):
        with pytest.raises(NotPermitted):
            refused()
    scheme.refresh_from_db()
    assert (scheme.version, scheme.is_public, Scheme.objects.count()) == (1, False, 1)


def test_who_changed_a_scheme_last_does_not_show_it(officer, head, scheme):
    """M7: two people before anything is public."""
    with pytest.raises(NotPermitted):
        show_scheme(scheme, actor=officer, version=1)
    change_scheme(scheme, actor=head, version=1, title_hi="पेंशन")
    with pytest.raises(NotPermitted):
        show_scheme(scheme, actor=head, version=2)
    # The office's own notes are no reading of the text.
    change_scheme(scheme, actor=officer, version=2, review_by=date(2027, 3, 31))
    with pytest.raises(NotPermitted):
        show_scheme(scheme, actor=head, version=3)
    assert show_scheme(scheme, actor=officer, version=3).is_public


def test_a_scheme_is_shown_and_hidden_again(officer, head, scheme):
    shown = show_scheme(scheme, actor=head, version=1)
    assert shown.is_public
    with pytest.raises(MoveNotAllowed):
        show_scheme(scheme, actor=officer, version=2)
    with pytest.raises(MoveNotAllowed):
        hide_scheme(scheme, actor=officer, version=2, comment=" ")
    assert not hide_scheme(scheme, actor=officer, version=2, comment="गलत राशि").is_public
    with pytest.raises(MoveNotAllowed):
        hide_scheme(scheme, actor=officer, version=3, comment="गलत राशि")
    actions = [e.action for e in AuditEntry.objects.order_by("number")][-2:]
    assert actions == ["schemes.scheme.published", "schemes.scheme.hidden"]


# --- what the public reads already: a second officer confirms (M7) --------------------------------


@pytest.fixture
def public(scheme, head) -> Scheme:
    return show_scheme(scheme, actor=head, version=1)


def test_a_change_to_a_public_scheme_waits_for_another_officer(officer, head, public):
    changed = change_scheme(public, actor=officer, version=2, summary_hi="₹1,500 प्रति माह")
    assert (changed.summary_hi, changed.version) == ("मासिक सहायता", 3)
    assert waiting_change(changed).fields == {"summary_hi": "₹1,500 प्रति माह"}
    with pytest.raises(NotPermitted):
        confirm_change(public, actor=officer, version=3)
    confirmed = confirm_change(public, actor=head, version=3)
    assert (confirmed.summary_hi, confirmed.changed_by) == ("₹1,500 प्रति माह", officer)
    assert confirmed.content_changed_at > public.content_changed_at
    assert list(search(Scheme.objects.all(), "1,500")) == [public]
    entry = AuditEntry.objects.get(action="schemes.change.confirmed")
    assert entry.data["old"] == {"summary_hi": "मासिक सहायता"}


def test_links_and_days_survive_the_waiting(officer, head, public):
    farmers = PersonaFactory()
    change_scheme(
        public,
        actor=officer,
        version=2,
        personas=[farmers],
        valid_to=date(2027, 3, 31),
        launched=2019,
        documents=[{"hi": "आधार", "en": "Aadhaar"}],
    )
    confirmed = Scheme.objects.get(pk=confirm_change(public, actor=head, version=3).pk)
    assert list(confirmed.personas.all()) == [farmers]
    assert (confirmed.valid_to, confirmed.launched) == (date(2027, 3, 31), 2019)
    assert confirmed.documents == [{"hi": "आधार", "en": "Aadhaar"}]


def test_a_change_is_declined_with_a_reason_or_taken_back(officer, head, public):
    change_scheme(public, actor=officer, version=2, summary_hi="दोगुनी")
    with pytest.raises(MoveNotAllowed):
        decline_change(public, actor=head, version=3)
    decline_change(public, actor=head, version=3, comment="आदेश नहीं है")
    change_scheme(public, actor=officer, version=4, summary_hi="तिगुनी")
    decline_change(public, actor=officer, version=5)
    public.refresh_from_db()
    assert (public.summary_hi, waiting_change(public)) == ("मासिक सहायता", None)
    assert [one.comment for one in public.changes.all()] == ["", "आदेश नहीं है"]


def test_its_writer_goes_on_with_a_change_and_nobody_else(officer, head, public):
    change_scheme(public, actor=officer, version=2, summary_hi="एक")
    change_scheme(public, actor=officer, version=3, summary_hi="दो")
    with pytest.raises(MoveNotAllowed):
        change_scheme(public, actor=head, version=4, summary_hi="तीन")
    assert public.changes.get().fields == {"summary_hi": "दो"}
    change_scheme(public, actor=officer, version=4, summary_hi=TEXTS["summary_hi"])
    assert waiting_change(public) is None
    assert AuditEntry.objects.filter(action="schemes.change.declined").count() == 1


def test_what_was_on_the_screen_is_what_is_confirmed(officer, head, public):
    change_scheme(public, actor=officer, version=2, summary_hi="एक")
    change_scheme(public, actor=officer, version=3, summary_hi="दो")
    with pytest.raises(MoveNotAllowed):
        confirm_change(public, actor=head, version=3)
    confirm_change(public, actor=head, version=4)
    with pytest.raises(MoveNotAllowed):
        confirm_change(public, actor=head, version=5)  # a double click


def test_the_offices_own_notes_wait_for_nobody(officer, public):
    changed = change_scheme(public, actor=officer, version=2, review_by=date(2027, 3, 31))
    assert (changed.review_by, waiting_change(changed)) == (date(2027, 3, 31), None)


def test_the_database_lets_nobody_confirm_their_own(officer, public):
    change_scheme(public, actor=officer, version=2, summary_hi="एक")
    own = {"state": "confirmed", "decided_by": officer, "decided_at": timezone.now()}
    with pytest.raises(IntegrityError):
        SchemeChange.objects.update(**own)


@pytest.mark.parametrize("missing", list(TEXTS))
def test_the_public_reads_both_languages_or_nothing(officer, head, scheme, missing):
    change_scheme(scheme, actor=officer, version=1, **{missing: " \u200b "})
    with pytest.raises(MoveNotAllowed):
        show_scheme(scheme, actor=head, version=2)
    change_scheme(scheme, actor=officer, version=2, **TEXTS)
    show_scheme(scheme, actor=head, version=3)
    with pytest.raises(MoveNotAllowed):
        change_scheme(scheme, actor=officer, version=4, **{missing: ""})


@pytest.mark.parametrize(
    "wrong",
    [
        {"title_hi": "क" * 151},
        {"level": "galactic"},
        {"apply_url": "javascript:alert(1)"},
        {"launched": -5},
        {"title_hi": "", "title_en": ""},
        {"valid_from": date(2026, 4, 1), "valid_to": date(2026, 3, 31)},
    ],
)
def test_what_the_database_would_refuse_is_said_in_words(officer, scheme, wrong):
    with pytest.raises(MoveNotAllowed):
        change_scheme(scheme, actor=officer, version=1, **wrong)
    scheme.refresh_from_db()
    assert scheme.version == 1


def test_a_field_nobody_may_set_is_a_mistake_of_the_caller(officer, scheme):
    with pytest.raises(KeyError):
        change_scheme(scheme, actor=officer, version=1, is_public=True)


# --- progress -------------------------------------------------------------------------------------


@pytest.fixture
def indicator(officer, scheme):
    return add_indicator(scheme, actor=officer, **INDICATOR)


def reading(indicator, officer, **changes) -> Progress:
    values = {
        "achieved": Decimal(5),
        "as_on": date(2026, 3, 31),
        "source_hi": "विभाग",
        "source_en": "Department",
        **changes,
    }
    return record_progress(indicator, actor=officer, **values)


def test_a_reading_is_stored_audited_and_waits(officer, scheme, indicator):
    before = Scheme.objects.get().content_changed_at
    made = reading(indicator, officer, target=Decimal(10))
    assert made.entered_by == officer
    assert progress_of(scheme) == []
    assert Scheme.objects.get().content_changed_at == before
    entry = AuditEntry.objects.get(action="schemes.progress.recorded")
    assert entry.data["achieved"] == "5"
    assert entry.department == "social"


def test_another_officer_confirms_a_reading_for_the_public(officer, head, scheme, indicator):
    """M7, 12.5."""
    before = Scheme.objects.get().content_changed_at
    made = reading(indicator, officer)
    with pytest.raises(NotPermitted):
        confirm_progress(made, actor=officer)
    assert confirm_progress(made, actor=head).confirmed_by == head
    assert [entry.state for entry in progress_of(scheme)] == [made]
    assert Scheme.objects.get().content_changed_at > before
    for again in (confirm_progress, remove_progress):
        with pytest.raises(MoveNotAllowed):
            again(made, actor=head)


def test_a_wrong_reading_makes_way_before_it_is_confirmed(officer, head, indicator):
    remove_progress(reading(indicator, officer), actor=officer)
    remove_progress(reading(indicator, officer), actor=head)
    assert reading(indicator, officer).pk
    assert AuditEntry.objects.filter(action="schemes.progress.removed").count() == 2


def test_one_reading_per_day_and_place(officer, indicator):
    division = Division.objects.create(slug="agra", name_hi="आगरा", name_en="Agra")
    district = District.objects.create(
        slug="agra", name_hi="आगरा", name_en="Agra", division=division, lgd_code=118
    )
    reading(indicator, officer)
    reading(indicator, officer, district=district)
    for place in (None, district):
        with pytest.raises(MoveNotAllowed):
            reading(indicator, officer, district=place)
    assert Progress.objects.count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_hi": " "},
        {"source_en": "\u200b"},
        {"achieved": Decimal(-1)},
        {"achieved": Decimal(10) ** 20},
        {"as_on": timezone.localdate() + timedelta(days=1)},
    ],
)
def test_a_reading_without_its_proof_is_refused(officer, indicator, wrong):
    with pytest.raises(MoveNotAllowed):
        reading(indicator, officer, **wrong)
    assert not Progress.objects.exists()


def test_another_department_records_nothing(stranger, officer, indicator):
    made = reading(indicator, officer)
    for refused in (
        lambda: reading(indicator, stranger),
        lambda: confirm_progress(made, actor=stranger),
        lambda: remove_progress(made, actor=stranger),
    ):
        with pytest.raises(NotPermitted):
            refused()


def test_an_indicator_is_named_in_both_languages_and_once(officer, scheme, indicator):
    with pytest.raises(MoveNotAllowed):
        add_indicator(scheme, actor=officer, **INDICATOR)
    with pytest.raises(MoveNotAllowed):
        add_indicator(scheme, actor=officer, **{**INDICATOR, "name_hi": "नया", "unit_en": " "})
