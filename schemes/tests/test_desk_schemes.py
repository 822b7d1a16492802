"""The desk's pages about schemes, progress, and photos and videos, as an officer."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape

from departments.models import User
from departments.roles import Role
from departments.tests import factories as make
from portal.audit.models import AuditEntry
from publishing.models import Media
from publishing.problems import label
from schemes.models import Indicator, Progress, Scheme

from .factories import (
    CategoryFactory,
    DistrictFactory,
    IndicatorFactory,
    PersonaFactory,
    ProgressFactory,
    SchemeFactory,
)

pytestmark = pytest.mark.django_db

PAGES = ["scheme_edit", "scheme_show", "scheme_hide", "progress"]


def address(name: str, *args: object, **query: object) -> str:
    """In Hindi, whatever language the request before left behind."""
    with translation.override("hi"):
        return reverse(f"desk:{name}", args=args, query=query or None)


@pytest.fixture
def signed_in(client):
    def sign_in(person: User):
        client.force_login(person)
        return client

    return sign_in


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def typed(scheme: Scheme | None = None, **changes: Any) -> dict[str, Any]:
    """The form as a browser sends it, filled in a little."""
    values = {
        "title_hi": "वृद्धावस्था पेंशन",
        "title_en": "Old Age Pension",
        "summary_hi": "प्रति माह ₹1,000।",
        "summary_en": "₹1,000 a month.",
        "level": "state",
        "status": "open",
        "documents-TOTAL_FORMS": "3",
        "documents-INITIAL_FORMS": str(len(scheme.documents or []) if scheme else 0),
    }
    if scheme:
        values["version"] = str(scheme.version)
    return {**values, **changes}


def own_scheme(**fields: Any) -> tuple[Scheme, User]:
    scheme = SchemeFactory(is_public=False, **fields)
    return scheme, make.person(where=scheme.department)


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", PAGES)
def test_another_departments_scheme_is_not_there(signed_in, name, method):
    scheme = SchemeFactory(is_public=name == "scheme_hide")
    answer = getattr(signed_in(make.person()), method)(address(name, scheme.slug), typed(scheme))
    not_for_reading = method == "get" and name in ("scheme_show", "scheme_hide")
    assert answer.status_code == (405 if not_for_reading else 404)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", PAGES)
def test_who_only_reads_schemes_cannot_write_them(signed_in, name):
    scheme = SchemeFactory(is_public=name == "scheme_hide")
    client = signed_in(make.person(Role.DIRECTOR))
    assert client.post(address(name, scheme.slug), typed(scheme)).status_code == 404
    page = client.get(address("scheme_edit", scheme.slug))
    assert page.status_code == 200
    assert "<form" not in text_of(page).split("<main")[1].split("</main>")[0]
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", ["schemes", "scheme_add", "media"])
def test_a_visitor_signs_in_first(client, name):
    assert client.get(address(name))["Location"].startswith(reverse("account_login"))


def test_who_writes_for_no_department_adds_no_scheme(signed_in):
    client = signed_in(make.person(Role.DIRECTOR))
    assert client.get(address("scheme_add")).status_code == 404
    assert client.post(address("scheme_add"), typed()).status_code == 404


# --- adding and changing --------------------------------------------------------------------------


def test_a_scheme_is_added_whole(signed_in):
    department = make.department()
    category, persona, district = CategoryFactory(), PersonaFactory(), DistrictFactory()
    answer = signed_in(make.person(where=department)).post(
        address("scheme_add"),
        typed(
            department=department.pk,
            code="",
            description_hi="<p>विवरण <script>alert(1)</script><strong>यहाँ</strong></p>",
            benefits_en="First line\nSecond < line",
            aliases="vridha pension\nvridha pension\n\nबुढ़ापा पेंशन",
            categories=[category.pk],
            personas=[persona.pk],
            districts=[district.pk],
            launched="१९९४",
            valid_from="०१-०४-१९९४",
            apply_url="sspy-up.gov.in",
            helpline="14567",
            **{"documents-0-hi": "आधार कार्ड", "documents-0-en": "Aadhaar card"},
            **{"documents-2-hi": "आय प्रमाण-पत्र", "documents-2-en": ""},
        ),
    )
    scheme = Scheme.objects.get()
    assert answer["Location"] == address("scheme_edit", "old-age-pension")
    assert scheme.slug == "old-age-pension"
    assert scheme.description_hi == "<p>विवरण <strong>यहाँ</strong></p>"
    assert scheme.benefits_en == "<p>First line</p><p>Second &lt; line</p>"
    assert scheme.aliases == ["vridha pension", "बुढ़ापा पेंशन"]
    assert scheme.documents == [
        {"hi": "आधार कार्ड", "en": "Aadhaar card"},
        {"hi": "आय प्रमाण-पत्र", "en": ""},
    ]
    assert (scheme.launched, scheme.valid_from) == (1994, date(1994, 4, 1))
    assert scheme.apply_url == "https://sspy-up.gov.in"
    assert [list(getattr(scheme, many).all()) for many in ("categories", "personas")] == [
        [category],
        [persona],
    ]
    assert list(scheme.districts.all()) == [district]
    assert scheme.is_public is False


def test_a_second_click_adds_no_second_scheme(signed_in):
    department = make.department()
    client = signed_in(make.person(where=department))
    client.post(address("scheme_add"), typed(department=department.pk))
    answer = client.post(address("scheme_add"), typed(department=department.pk))
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    assert Scheme.objects.count() == 1


def test_documents_may_be_unknown_none_or_named(signed_in):
    scheme, officer = own_scheme(documents=None)
    client = signed_in(officer)
    client.post(address("scheme_edit", scheme.slug), typed(scheme))
    scheme.refresh_from_db()
    assert scheme.documents is None
    client.post(address("scheme_edit", scheme.slug), typed(scheme, needs_no_documents="on"))
    scheme.refresh_from_db()
    assert scheme.documents == []
    named = {"documents-0-hi": "फोटो", "documents-0-en": "Photograph"}
    client.post(address("scheme_edit", scheme.slug), typed(scheme, **named))
    scheme.refresh_from_db()
    assert scheme.documents == [{"hi": "फोटो", "en": "Photograph"}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title_hi", "क" * 151),
        ("summary_en", "a" * 301),
        ("summary_hi", "क्षि" * 301),
        ("short_title_hi", "क" * 41),
        ("valid_from", "31-02-2026"),
        ("valid_from", "02/2026"),
        ("valid_to", "९९-९९-९९९९"),
        ("launched", "1066"),
        ("launched", "twenty"),
        ("apply_url", "javascript:alert(1)"),
        ("apply_url", "ftp://example.org/"),
        ("level", "galaxy"),
        ("categories", "999999"),
        ("personas", "9223372036854775808"),
        ("districts", "9" * 30),
        ("districts", "x"),
        ("description_hi", "<p>" + "क" * 60_001),
        ("aliases", "\n".join(str(number) for number in range(61))),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(signed_in, field, value):
    scheme, officer = own_scheme()
    before = Scheme.objects.values().get()
    answer = signed_in(officer).post(
        address("scheme_edit", scheme.slug), typed(scheme, helpline="1076", **{field: value})
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert 'value="1076"' in text_of(answer)
    assert Scheme.objects.values().get() == before


def test_length_is_counted_as_people_count():
    from schemes.scheme_forms import SchemeForm

    form = SchemeForm(typed(summary_hi="क्षि" * 300))
    form.is_valid()
    assert "summary_hi" not in form.errors


def test_dates_the_wrong_way_round_are_refused(signed_in):
    scheme, officer = own_scheme()
    answer = signed_in(officer).post(
        address("scheme_edit", scheme.slug),
        typed(scheme, valid_from="02-04-2026", valid_to="01-04-2026"),
    )
    assert list(answer.context["form"].errors) == ["valid_to"]


def test_a_scheme_needs_a_title_in_hindi(signed_in):
    scheme, officer = own_scheme()
    client = signed_in(officer)
    shown = client.get(address("scheme_edit", scheme.slug)).context["form"]
    assert shown["title_hi"].field.required
    assert not shown["title_en"].field.required
    answer = client.post(address("scheme_edit", scheme.slug), typed(scheme, title_hi=" "))
    assert list(answer.context["form"].errors) == ["title_hi"]


def test_a_formset_that_lies_about_itself_is_refused(signed_in):
    scheme, officer = own_scheme()
    for total in ("", "-1", "1000000", "x"):
        answer = signed_in(officer).post(
            address("scheme_edit", scheme.slug), typed(scheme, **{"documents-TOTAL_FORMS": total})
        )
        assert answer.status_code in (302, 422)


def test_a_formset_that_forgets_what_it_began_with_removes_nothing(signed_in):
    named = [{"hi": "आधार", "en": "Aadhaar"}]
    scheme, officer = own_scheme(documents=named)
    page = typed(scheme, **{"documents-TOTAL_FORMS": "-1"})
    answer = signed_in(officer).post(address("scheme_edit", scheme.slug), page)
    assert answer.status_code == 422
    assert Scheme.objects.get().documents == named


def test_a_late_save_keeps_what_was_typed_and_says_who_was_first(signed_in):
    scheme, officer = own_scheme(helpline="1076")
    colleague = make.person(where=scheme.department)
    late = typed(scheme, helpline="14567", status="paused")
    client = signed_in(colleague)
    assert client.post(address("scheme_edit", scheme.slug), typed(scheme)).status_code == 302
    client = signed_in(officer)
    answer = client.post(address("scheme_edit", scheme.slug), late)
    assert answer.status_code == 409
    assert 'value="14567"' in text_of(answer)
    assert colleague.name in text_of(answer)
    differing = {str(one["label"]) for one in answer.context["differing"]}
    labels = answer.context["form"].fields
    assert differing == {str(labels["helpline"].label), str(labels["status"].label)}
    scheme.refresh_from_db()
    assert scheme.helpline == ""
    late["version"] = str(answer.context["form"]["version"].value())
    assert client.post(address("scheme_edit", scheme.slug), late).status_code == 302
    scheme.refresh_from_db()
    assert scheme.helpline == "14567"


def test_what_the_public_sees_cannot_lose_a_language(signed_in):
    scheme = SchemeFactory()
    officer = make.person(where=scheme.department)
    answer = signed_in(officer).post(
        address("scheme_edit", scheme.slug), typed(scheme, summary_en="")
    )
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    assert "प्रति माह ₹1,000।" in text_of(answer)


# --- who can apply --------------------------------------------------------------------------------

RULES = {
    "min_age": 60,
    "max_age": 75,
    "gender": "all",
    "residence": "Bundelkhand",
    "max_income": 200000,
    "caste": ["Bhil", "ST", "SC"],
    "occupation": "farmer",
    "min_disability_percent": 0,
    "max_beneficiaries_per_family": "many",
    "other_en": "Drawing no other pension.",
    "land": {"hectares": 2},
}


def rules_typed(client, scheme: Scheme, **changes: Any) -> dict[str, Any]:
    """The form with the rules as the page shows them, and some typed anew."""
    page = client.get(address("scheme_edit", scheme.slug))
    shown = {
        field.html_name: field.value()
        for field in page.context["form"]
        if field.html_name.startswith("rule_") and field.value() is not None
    }
    return typed(scheme, **shown | changes)


def test_an_officer_corrects_an_income_limit_and_the_public_reads_it(signed_in):
    scheme, officer = own_scheme(eligibility_rules={"max_income": 200000, "min_age": 60})
    client = signed_in(officer)
    page = text_of(client.get(address("scheme_edit", scheme.slug)))
    assert 'name="rule_max_income" value="2,00,000"' in page
    changed = rules_typed(client, scheme, rule_max_income=" ₹ ४६,०८० ")
    assert client.post(address("scheme_edit", scheme.slug), changed).status_code == 302
    scheme.refresh_from_db()
    assert scheme.eligibility_rules == {"max_income": 46080, "min_age": 60}
    client = signed_in(make.person(Role.DEPARTMENT_HEAD, scheme.department))
    client.post(address("scheme_show", scheme.slug), {"version": scheme.version})
    client.logout()
    for place, sentence in (
        ("", "परिवार की वार्षिक आय: ₹46,080 तक।"),
        ("/en", "Yearly family income: up to ₹46,080."),
    ):
        assert sentence in text_of(client.get(f"{place}/schemes/{scheme.slug}/"))


def test_every_rule_is_typed_and_emptied(signed_in):
    scheme, officer = own_scheme()
    client = signed_in(officer)
    whole = {
        "min_age": 18,
        "max_age": 60,
        "gender": "female",
        "residence": "India (rural)",
        "max_income": 200000,
        "max_income_rural": 46080,
        "max_income_urban": 56460,
        "min_education": "class 8",
        "min_disability_percent": 0,
        "max_beneficiaries_per_family": 2,
        "caste": ["SC", "ST"],
        "occupation": ["farmer", "potter"],
        "other_hi": "भूमि अपने नाम हो।",
        "other_en": "Land in own name.",
    }
    changes = {f"rule_{name}": value for name, value in whole.items()}
    client.post(address("scheme_edit", scheme.slug), typed(scheme, **changes))
    scheme.refresh_from_db()
    assert scheme.eligibility_rules == whole
    client.post(address("scheme_edit", scheme.slug), typed(scheme))
    scheme.refresh_from_db()
    assert scheme.eligibility_rules == {}


def test_rules_that_nobody_touched_stay_as_an_import_left_them(signed_in):
    scheme, officer = own_scheme(eligibility_rules=RULES)
    client = signed_in(officer)
    first = rules_typed(client, scheme)
    assert first["rule_caste"] == ["SC", "ST", "Bhil"]
    assert first["rule_residence"] == "Bundelkhand"
    client.post(address("scheme_edit", scheme.slug), first)
    entries = AuditEntry.objects.count()
    scheme.refresh_from_db()
    client.post(address("scheme_edit", scheme.slug), rules_typed(client, scheme))
    assert AuditEntry.objects.count() == entries
    scheme.refresh_from_db()
    assert scheme.eligibility_rules == RULES
    client.post(address("scheme_edit", scheme.slug), rules_typed(client, scheme, rule_min_age="65"))
    scheme.refresh_from_db()
    assert scheme.eligibility_rules == RULES | {"min_age": 65}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rule_min_age", "-1"),
        ("rule_min_age", "121"),
        ("rule_min_age", "18.5"),
        ("rule_min_age", "साठ"),
        ("rule_max_age", "59"),
        ("rule_max_age", "0"),
        ("rule_max_income", "0"),
        ("rule_max_income_rural", "9" * 5000),
        ("rule_max_income_urban", "1e5"),
        ("rule_min_disability_percent", "101"),
        ("rule_max_beneficiaries_per_family", "NaN"),
        ("rule_gender", "x"),
        ("rule_residence", "Bihar"),
        ("rule_min_education", "class 99"),
        ("rule_caste", ["SC", "x"]),
        ("rule_occupation", ["<b>"]),
        ("rule_other_hi", "क" * 2001),
    ],
)
def test_a_wrong_rule_is_refused_beside_its_field_and_nothing_is_lost(signed_in, field, value):
    scheme, officer = own_scheme(eligibility_rules=RULES)
    client = signed_in(officer)
    changes = {field: value, "rule_other_en": "Half typed"}
    answer = client.post(
        address("scheme_edit", scheme.slug), rules_typed(client, scheme, **changes)
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert "Half typed" in text_of(answer)
    assert answer.context["form"][field].value() == value
    assert Scheme.objects.get().eligibility_rules == RULES
    assert not AuditEntry.objects.exists()


def test_hostile_conditions_are_text(signed_in):
    attack = "</textarea><script>alert(1)</script>"
    stored = {"residence": attack, "caste": [attack], "gender": attack}
    scheme, officer = own_scheme(eligibility_rules=stored)
    client = signed_in(officer)
    client.post(
        address("scheme_edit", scheme.slug), rules_typed(client, scheme, rule_other_hi=attack)
    )
    scheme.refresh_from_db()
    assert scheme.eligibility_rules == {**stored, "other_hi": attack}
    page = client.get(address("scheme_edit", scheme.slug)).content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 4


def test_a_late_save_says_the_rules_that_are_stored(signed_in):
    scheme, officer = own_scheme(eligibility_rules={"max_income": 200000, "caste": ["SC"]})
    client = signed_in(officer)
    late = rules_typed(client, scheme, rule_max_income="300000")
    changes = {"rule_max_income": "2,50,000", "rule_caste": ["SC", "ST"], "rule_gender": "any"}
    client.post(address("scheme_edit", scheme.slug), rules_typed(client, scheme, **changes))
    answer = client.post(address("scheme_edit", scheme.slug), late)
    assert answer.status_code == 409
    fields = answer.context["form"].fields
    assert {str(one["label"]): one["stored"] for one in answer.context["differing"]} == {
        str(fields["rule_max_income"].label): "2,50,000",
        str(fields["rule_caste"].label): "अनुसूचित जाति, अनुसूचित जनजाति",
        str(fields["rule_gender"].label): "सबके लिए",
    }
    assert 'value="300000"' in text_of(answer)


# --- shown and hidden -----------------------------------------------------------------------------


def test_what_is_missing_for_the_public_is_said(signed_in):
    scheme, officer = own_scheme(summary_en="", benefits_hi="<p>लाभ</p>")
    client = signed_in(officer)
    page = client.get(address("scheme_edit", scheme.slug))
    assert len(page.context["parity"].missing) == 1
    assert len(page.context["parity"].one_sided) == 1
    assert address("scheme_show", scheme.slug) not in text_of(page)
    answer = client.post(
        address("scheme_show", scheme.slug), {"version": scheme.version}, follow=True
    )
    assert [m.level_tag for m in answer.context["messages"]] == ["error"]
    scheme.refresh_from_db()
    assert scheme.is_public is False


def test_a_scheme_is_shown_and_hidden_and_twice_is_once(signed_in):
    scheme, officer = own_scheme()
    client = signed_in(officer)
    for name, shown in (("scheme_show", True), ("scheme_hide", False)):
        version = Scheme.objects.get().version
        for _click in range(2):
            client.post(address(name, scheme.slug), {"version": version, "comment": "भूल"})
        assert Scheme.objects.get().is_public is shown
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize("version", ["", "0", "x", "9" * 30])
def test_showing_without_having_seen_it_is_refused(signed_in, version):
    scheme, officer = own_scheme()
    signed_in(officer).post(address("scheme_show", scheme.slug), {"version": version})
    assert Scheme.objects.get().is_public is False


# --- the second officer (M7) --------------------------------------------------------------------


def public_scheme() -> tuple[Scheme, User, User]:
    """Shown to the public, with the two officers of its department."""
    scheme = SchemeFactory()
    return scheme, make.person(where=scheme.department), make.person(where=scheme.department)


def test_a_change_is_read_beside_what_it_replaces_and_confirmed(signed_in):
    scheme, writer, reader = public_scheme()
    page = typed(scheme, summary_hi="दोगुनी सहायता।", benefits_hi="<p>दो <b>किस्तें</b></p>")
    signed_in(writer).post(address("scheme_edit", scheme.slug), page)
    public = f"/schemes/{scheme.slug}/"
    assert "दोगुनी सहायता।" not in text_of(Client().get(public))
    assert "दोगुनी सहायता।" in text_of(signed_in(writer).get(address("scheme_edit", scheme.slug)))
    client = signed_in(reader)
    assert scheme.title in text_of(client.get("/desk/"))
    shown = text_of(client.get(address("scheme_edit", scheme.slug)))
    assert shown.index(scheme.summary_hi) < shown.index("दोगुनी सहायता।")
    assert "<strong>किस्तें</strong>" in shown
    version = Scheme.objects.get().version
    client.post(address("change_confirm", scheme.slug), {"version": version})
    assert "दोगुनी सहायता।" in text_of(Client().get(public))


@pytest.mark.parametrize("language", ["", "/en"])
def test_nothing_that_would_be_confirmed_is_hidden(signed_in, language):
    """Neither words in the other language nor where a link leads."""
    scheme, writer, reader = public_scheme()
    hostile = typed(
        scheme,
        rule_other_hi="घूस दें",
        rule_other_en="Pay a bribe",
        application_hi='<p><a href="https://evil.example/">आवेदन</a></p>',
    )
    signed_in(writer).post(address("scheme_edit", scheme.slug), hostile)
    shown = text_of(signed_in(reader).get(language + address("scheme_edit", scheme.slug)))
    for words in ("घूस दें", "Pay a bribe", "(https://evil.example/)"):
        assert words in shown


def test_two_tabs_of_its_writer_lose_no_waiting_change(signed_in):
    scheme, writer, _reader = public_scheme()
    client = signed_in(writer)
    client.post(address("scheme_edit", scheme.slug), typed(scheme, helpline="1111"))
    answer = client.post(address("scheme_edit", scheme.slug), typed(scheme, short_title_en="Two"))
    assert answer.status_code == 409
    differing = {str(one["label"]): one["stored"] for one in answer.context["differing"]}
    assert "1111" in differing.values()


def test_who_decides_on_a_change_has_no_form_to_write_over_it(signed_in):
    scheme, writer, reader = public_scheme()
    signed_in(writer).post(address("scheme_edit", scheme.slug), typed(scheme, summary_hi="दोगुनी"))
    shown = text_of(signed_in(reader).get(address("scheme_edit", scheme.slug)))
    assert 'name="summary_hi"' not in shown
    answer = signed_in(reader).post(
        address("scheme_edit", scheme.slug), typed(scheme, summary_hi="x")
    )
    assert 'name="summary_hi"' in text_of(answer)  # what was typed is kept
    assert Scheme.objects.get().changes.get().fields["summary_hi"] == "दोगुनी"


def test_a_reading_is_confirmed_by_the_other_officer(signed_in):
    scheme, writer, reader = public_scheme()
    waits = {"confirmed_by": None, "confirmed_at": None, "entered_by": writer}
    reading = ProgressFactory(indicator__scheme=scheme, achieved=4321, **waits)
    confirm = address("progress_confirm", reading.pk)
    signed_in(writer).post(confirm)
    assert "4,321" not in text_of(Client().get(f"/schemes/{scheme.slug}/"))
    assert confirm in text_of(signed_in(reader).get(address("progress", scheme.slug)))
    signed_in(reader).post(confirm)
    assert "4,321" in text_of(Client().get(f"/schemes/{scheme.slug}/"))


# --- the editor -----------------------------------------------------------------------------------


def test_the_editor_needs_no_looser_policy(signed_in):
    scheme, officer = own_scheme()
    client = signed_in(officer)
    pages = client.get(address("scheme_edit", scheme.slug)), client.get(address("schemes"))
    policies = [page["Content-Security-Policy"] for page in pages]
    without_nonces = [re.sub(r" ?'nonce-[^']*'", "", policy) for policy in policies]
    assert len({frozenset(policy.split("; ")) for policy in without_nonces}) == 1
    assert "unsafe" not in policies[0]


def test_a_tables_caption_stays_in_the_table(signed_in):
    scheme, officer = own_scheme()
    typed_in_editor = (
        '<figure class="table"><table><tbody><tr><td>₹</td></tr></tbody></table>'
        "<figcaption>Rates</figcaption></figure>"
    )
    signed_in(officer).post(
        address("scheme_edit", scheme.slug), typed(scheme, benefits_en=typed_in_editor)
    )
    scheme.refresh_from_db()
    stored = "<table><caption>Rates</caption><tbody><tr><td>₹</td></tr></tbody></table>"
    assert scheme.benefits_en == stored


def test_what_is_stored_cannot_break_out_of_the_text_box(signed_in):
    attack = "</textarea><script>alert(1)</script>"
    scheme, officer = own_scheme(description_hi=attack)
    page = signed_in(officer).get(address("scheme_edit", scheme.slug)).content.decode()
    assert attack not in page
    assert "&lt;/textarea&gt;&lt;script&gt;" in page


def test_nothing_can_be_uploaded_through_the_editor(signed_in):
    scheme, officer = own_scheme()
    page = signed_in(officer).get(address("scheme_edit", scheme.slug)).content.decode()
    assert set(re.findall(r'data-upload-url="([^"]*)"', page)) == {""}
    config = json.loads(re.search(r'id="id_description_en_script"[^>]*>(.*?)</script>', page)[1])
    assert config["licenseKey"] == "GPL"
    assert config["language"] == {"ui": "hi", "content": "en"}
    assert {"SimpleUploadAdapter", "Markdown", "SourceEditing"} <= set(config["removePlugins"])


# --- progress -------------------------------------------------------------------------------------


def reading(measured: Indicator, **changes: Any) -> dict[str, Any]:
    return {
        "add": "reading",
        "indicator": measured.pk,
        "district": "",
        "as_on": "३१/०३/२०२६",
        "achieved": "१२,३४,५६७.५०",
        "target": "20,00,000",
        "source_hi": "निदेशालय की मासिक आख्या",
        "source_en": "Monthly report of the directorate",
        **changes,
    }


def test_a_reading_is_entered_in_devanagari_digits(signed_in):
    scheme, officer = own_scheme()
    indicator = IndicatorFactory(scheme=scheme)
    client = signed_in(officer)
    assert client.post(address("progress", scheme.slug), reading(indicator)).status_code == 302
    stored = Progress.objects.get()
    assert stored.as_on == date(2026, 3, 31)
    assert (stored.achieved, stored.target) == (Decimal("1234567.50"), Decimal(2_000_000))
    assert stored.entered_by == officer
    again = client.post(address("progress", scheme.slug), reading(indicator))
    assert again.status_code == 422
    assert again.context["reading_form"].non_field_errors()
    assert Progress.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("achieved", "-1"),
        ("achieved", "many"),
        ("achieved", "NaN"),
        ("achieved", "1e400"),
        ("achieved", "9" * 40),
        ("as_on", ""),
        ("source_en", ""),
        ("district", "999999"),
        ("indicator", "x"),
    ],
)
def test_a_wrong_reading_is_refused_beside_its_field(signed_in, field, value):
    scheme, officer = own_scheme()
    indicator = IndicatorFactory(scheme=scheme)
    answer = signed_in(officer).post(
        address("progress", scheme.slug), reading(indicator, **{field: value})
    )
    assert answer.status_code == 422
    assert list(answer.context["reading_form"].errors) == [field]
    assert "निदेशालय की मासिक आख्या" in text_of(answer)


def test_a_reading_of_tomorrow_is_refused_in_words(signed_in):
    scheme, officer = own_scheme()
    tomorrow = (timezone.localdate() + timedelta(days=1)).strftime("%d-%m-%Y")
    answer = signed_in(officer).post(
        address("progress", scheme.slug), reading(IndicatorFactory(scheme=scheme), as_on=tomorrow)
    )
    assert answer.context["reading_form"].non_field_errors()
    assert not Progress.objects.exists()


@pytest.mark.parametrize(
    ("language", "empty", "whole", "districts"),
    [
        ("", "चुनें", "पूरा प्रदेश", ["अमेठी", "आगरा", "बाँदा"]),
        ("/en", "Choose", "Whole State", ["Agra", "Amethi", "Banda"]),
    ],
)
def test_choices_are_words_in_the_alphabet_of_the_page(
    signed_in, language, empty, whole, districts
):
    scheme, officer = own_scheme()
    indicator, other = IndicatorFactory.create_batch(2, scheme=scheme)
    ProgressFactory(indicator=indicator, entered_by=officer)
    for hindi, english in (("बाँदा", "Banda"), ("आगरा", "Agra"), ("अमेठी", "Amethi")):
        DistrictFactory(name_hi=hindi, name_en=english)
    page = signed_in(officer).get(language + address("progress", scheme.slug)).content.decode()
    choices = {
        name: re.findall(r"<option[^>]*>([^<]*)</option>", options)
        for name, options in re.findall(r'<select[^>]* id="([^"]+)".*?>(.*?)</select>', page, re.S)
    }
    names = [one.name_en if language else one.name_hi for one in (indicator, other)]
    assert choices["id_indicator"] == [empty, *names]
    assert choices["id_district"] == [whole, *districts]
    assert choices["filter-indicator"][1:] == choices["id_indicator"][1:]


def test_another_schemes_indicator_is_not_offered(signed_in):
    scheme, officer = own_scheme()
    answer = signed_in(officer).post(address("progress", scheme.slug), reading(IndicatorFactory()))
    assert list(answer.context["reading_form"].errors) == ["indicator"]
    assert not Progress.objects.exists()


def test_an_indicator_is_added_once(signed_in):
    scheme, officer = own_scheme()
    names = {
        "indicator-name_hi": "स्वीकृत पेंशन",
        "indicator-name_en": "Pensions granted",
        "indicator-unit_hi": "पेंशन",
        "indicator-unit_en": "pensions",
    }
    client = signed_in(officer)
    for status in (302, 422):
        answer = client.post(address("progress", scheme.slug), {"add": "indicator", **names})
        assert answer.status_code == status
    assert scheme.indicators.get().unit_en == "pensions"


# --- lists ----------------------------------------------------------------------------------------


def test_schemes_are_filtered_by_the_address(signed_in):
    shown = SchemeFactory(title_hi="कन्या सुमंगला", status="paused")
    hidden = SchemeFactory(is_public=False, title_en="Pension for the old")
    client = signed_in(make.person(Role.DIRECTOR))
    for query, found in [
        ({"shown": "yes"}, {shown}),
        ({"shown": "no"}, {hidden}),
        ({"department": hidden.department.slug}, {hidden}),
        ({"status": "paused"}, {shown}),
        ({"q": "सुमंगला"}, {shown}),
        ({"q": "PENSION"}, {hidden}),
        ({"q": "none"}, set()),
        ({"shown": "perhaps", "page": "x"}, {shown, hidden}),
    ]:
        assert set(client.get(address("schemes", **query)).context["page"].object_list) == found


def a_photo(where: Any, number: int) -> Media:
    return Media.objects.create(
        department=where,
        kind="photo",
        file="x.jpg",
        thumbnail="x-small.jpg",
        sha256=f"{number:064x}",
        mime="image/jpeg",
        suffix=".jpg",
        size=1000,
        width=800,
        height=600,
        alt_hi=f"पंचायत भवन {number}",
        added_by=make.person_without_charge(),
    )


def test_another_departments_photos_are_not_in_the_library(signed_in):
    department = make.department()
    own, other = a_photo(department, 1), a_photo(make.department(), 2)
    page = signed_in(make.person(where=department)).get(address("media")).context["page"]
    assert own in page.object_list
    assert other not in page.object_list


def grow(name: str, count: int) -> None:
    for number in range(count):
        if name == "media":
            a_photo(make.department(), Media.objects.count() + number)
        else:
            SchemeFactory(changed_by=make.person_without_charge())


@pytest.mark.parametrize("name", ["schemes", "media"])
def test_a_longer_list_takes_no_more_queries(signed_in, name):
    client = signed_in(make.person(Role.DIRECTOR))
    grow(name, 1)
    client.get(address(name))
    counts = []
    for _round in range(2):
        grow(name, 5)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(name)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_more_readings_take_no_more_queries(signed_in):
    scheme, officer = own_scheme()
    indicator = IndicatorFactory(scheme=scheme)
    client = signed_in(officer)
    client.get(address("progress", scheme.slug))
    counts = []
    for _round in range(2):
        for _number in range(5):
            ProgressFactory(indicator=indicator, district=DistrictFactory(), entered_by=officer)
        with CaptureQueriesContext(connection) as queries:
            client.get(address("progress", scheme.slug))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["schemes", "media", "progress"])
def test_a_list_is_exported_without_formulas(signed_in, name):
    scheme = SchemeFactory(title_en="=1+1", title_hi="-1")
    officer = make.person(where=scheme.department)
    Media.objects.filter(pk=a_photo(scheme.department, 1).pk).update(alt_hi="@SUM(A1)")
    ProgressFactory(indicator__scheme=scheme, source_en="\t=1", source_hi="＝1", entered_by=officer)
    args = [scheme.slug] if name == "progress" else []
    answer = signed_in(officer).get(address(name, *args, format="csv"))
    content = b"".join(answer.streaming_content).decode()
    assert content.startswith("\ufeff")
    rows = list(csv.reader(content.removeprefix("\ufeff").splitlines()))
    cells = [cell for row in rows[1:] for cell in row if cell]
    assert not [cell for cell in cells if cell.strip()[0] in "=+-@＝"]
    assert [cell for cell in cells if cell.startswith("'")]


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("name", ["schemes", "media"])
def test_an_empty_list_says_what_to_do_next(signed_in, name, language):
    answer = signed_in(make.person()).get(language + address(name))
    assert 'class="empty"' in text_of(answer)
    next_page = "scheme_add" if name == "schemes" else "media_add"
    assert language + address(next_page) in text_of(answer)


def test_why_a_handle_needs_attention_is_said_in_words(signed_in):
    handle = make.handle_needing_attention()
    page = signed_in(make.person(Role.DIRECTOR)).get(address("handle", handle.pk))
    with translation.override("hi"):
        assert escape(label("reconnect")) in page.content.decode()


# --- menu -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (Role.NODAL_OFFICER, set()),
        (Role.DEPARTMENT_HEAD, {"queue"}),
        (Role.DIRECTOR, {"queue", "audit", "operations"}),
        (Role.AUDITOR, {"audit", "operations"}),
        (Role.ADMINISTRATOR, {"people", "operations"}),
    ],
)
def test_the_menu_shows_only_what_one_may_see(signed_in, role, more):
    client = signed_in(make.person(role))
    menu = client.get(address("schemes")).context["desk_nav"]
    usual = {
        *("home", "inbox", "cases", "directives", "coverage", "reaction", "posts", "schemes"),
        *("media", "handles", "limits", "stops", "departments"),
    }
    assert {entry["name"].removeprefix("desk:") for entry in menu} == usual | more
    for entry in menu:
        assert client.get(entry["url"]).status_code == 200
