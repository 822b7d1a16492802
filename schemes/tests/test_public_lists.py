"""The list of schemes, the departments and the first page."""

from __future__ import annotations

import unicodedata

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.translation import override

from schemes.search import reindex
from schemes.tests import factories

pytestmark = pytest.mark.django_db

SCHEMES = "/schemes/"


def titles(answer) -> list[str]:
    return [scheme.title_hi for scheme in answer.context["page"]]


def some_schemes(number: int) -> None:
    departments = factories.DepartmentFactory.create_batch(3)
    categories = factories.CategoryFactory.create_batch(3)
    personas = factories.PersonaFactory.create_batch(3)
    for n in range(number):
        factories.SchemeFactory(
            title_hi=f"वृद्धावस्था पेंशन {n:03}",
            department=departments[n % 3],
            categories=[categories[n % 3]],
            personas=personas[: n % 3 + 1],
        )
    reindex()


def test_addresses_are_those_of_the_contract():
    with override("hi"):
        assert reverse("public:scheme_list") == SCHEMES
        assert reverse("public:scheme", args=["a"]) == "/schemes/a/"
        assert reverse("public:department", args=["a"]) == "/departments/a/"
        assert reverse("public:post", args=[1]) == "/posts/1/"
    with override("en"):
        assert reverse("public:scheme_list") == "/en/schemes/"


def test_only_what_is_shown_to_the_public_is_listed(client):
    shown = factories.SchemeFactory()
    factories.SchemeFactory(is_public=False)
    assert titles(client.get(SCHEMES)) == [shown.title_hi]


@pytest.mark.parametrize("name", ["department", "category", "persona", "level", "mode"])
def test_a_filter_keeps_what_matches(client, name):
    category, persona = factories.CategoryFactory(), factories.PersonaFactory()
    wanted = factories.SchemeFactory(
        categories=[category, factories.CategoryFactory()],
        personas=[persona],
        level="central",
        apply_mode="online",
    )
    factories.SchemeFactory(
        categories=[factories.CategoryFactory()], level="state", apply_mode="offline"
    )
    values = {
        "department": wanted.department.slug,
        "category": category.slug,
        "persona": persona.slug,
        "level": "central",
        "mode": "online",
    }
    answer = client.get(SCHEMES, {name: values[name]})
    assert titles(answer) == [wanted.title_hi]
    assert [chip.address for chip in answer.context["asked"].chips] == ["?"]


def test_a_district_has_its_own_schemes_and_those_of_the_whole_state(client):
    here, elsewhere = factories.DistrictFactory.create_batch(2)
    everywhere = factories.SchemeFactory(title_hi="क")
    local = factories.SchemeFactory(title_hi="ख", districts=[here, elsewhere])
    factories.SchemeFactory(title_hi="ग", districts=[elsewhere])
    found = titles(client.get(SCHEMES, {"district": here.slug}))
    assert found == [everywhere.title_hi, local.title_hi]


def test_filters_work_together_and_each_can_be_removed(client):
    some_schemes(9)
    wanted = factories.SchemeFactory(level="central", title_hi="छात्रवृत्ति")
    reindex()
    asked = {"q": "छात्रवृत्ति", "level": "central", "department": wanted.department.slug}
    answer = client.get(SCHEMES, asked)
    assert titles(answer) == [wanted.title_hi]
    chips = {chip.value: chip.address for chip in answer.context["asked"].chips}
    assert len(chips) == 3
    assert titles(client.get(SCHEMES + chips["छात्रवृत्ति"])) == [wanted.title_hi]
    assert "q=" not in chips["छात्रवृत्ति"]


def test_counts_say_how_many_a_choice_would_leave(client):
    some_schemes(7)
    answer = client.get(SCHEMES, {"q": "पेंशन", "category": "unknown"})
    facets = {facet.name: facet for facet in answer.context["asked"].facets}
    assert [choice.count for choice in facets["category"].choices] == [3, 2, 2]
    assert [choice.count for choice in facets["persona"].choices] == [7, 4, 2]
    assert sum(choice.count for choice in facets["department"].choices) == 7
    one = facets["category"].choices[0]
    assert len(titles(client.get(SCHEMES, {"category": one.value}))) == one.count


def test_a_search_puts_the_best_answer_first(client):
    factories.SchemeFactory(title_hi="किसान सहायता", summary_hi="विधवा किसान को भी।")
    wanted = factories.SchemeFactory(title_hi="विधवा पेंशन योजना")
    reindex()
    assert titles(client.get(SCHEMES, {"q": "विधवा पेंशन"}))[0] == wanted.title_hi


def test_twenty_to_a_page(client):
    some_schemes(45)
    first, third = client.get(SCHEMES), client.get(SCHEMES, {"page": "3"})
    assert len(titles(first)) == 20
    assert len(titles(third)) == 5
    assert not set(titles(first)) & set(titles(third))


def test_hindi_titles_stand_in_hindi_order(client):
    """PostgreSQL knows that a nukta letter stands with its plain one (H12); SQLite does not."""
    by_hindi = ["कमल", "क़लम", "खेत", "ज़मीन", "जल"]
    for title in reversed(by_hindi):
        factories.SchemeFactory(title_hi=unicodedata.normalize("NFC", title))
    order = titles(client.get(SCHEMES))
    expected = [unicodedata.normalize("NFC", title) for title in by_hindi]
    if connection.vendor != "postgresql":
        expected.sort()
    assert order == expected


@pytest.mark.parametrize(
    "query",
    [
        "page=-1", "page=abc", "page=9999999", "page=0", "page=1e9", "page=%00", "page=१",
        "page=99999999999999999999999999", "page=1&page=2", "department=no-such", "category[]=a",
        "category=a&category=b", "persona=%00", "district='%20or%201=1", "level=STATE", "mode=null",
        "level[$ne]=1", "q=%00", "q=%ff%fe", "q=%F0%9F%98%80", "q[]=a", "q=%25_%5C", "q='\"<>",
        "department=%00%00", "category=" + "a" * 10_000, "q=" + "a" * 10_000, "unknown=1",
        "q=" + "%E0%A4%95%20" * 1000, "q=%E2%80%AE", "district=" + "%E0%A4%95" * 500, "&&&=&=",
    ],
)  # fmt: skip
def test_whatever_is_asked_the_list_answers(client, query):
    some_schemes(3)
    for prefix in ("", "/en"):
        assert client.get(f"{prefix}{SCHEMES}?{query}").status_code == 200
        assert client.get(f"{prefix}/departments/?{query}").status_code == 200


def test_a_choice_that_is_not_known_is_left_out_and_said(client):
    some_schemes(3)
    answer = client.get("/en" + SCHEMES, {"department": "no-such"})
    assert len(titles(answer)) == 3
    assert "is not known and was left out" in answer.text


def test_a_long_question_is_cut_and_said(client):
    some_schemes(3)
    answer = client.get("/en" + SCHEMES, {"q": "पेंशन " * 200})
    assert len(titles(answer)) == 3
    assert "only its first 200 characters" in answer.text


def test_an_empty_answer_says_what_to_do(client):
    some_schemes(3)
    answer = client.get("/en" + SCHEMES, {"q": "zxqv"})
    assert titles(answer) == []
    assert "No scheme matches" in answer.text
    assert "?category=" in answer.text


def test_hostile_text_is_shown_as_text(client):
    hostile = "<script>alert(1)</script>"
    some_schemes(1)
    factories.SchemeFactory(title_hi=hostile, title_en=hostile, summary_hi=hostile)
    for address in (SCHEMES, f"{SCHEMES}?q={hostile}", f"/departments/?q={hostile}", "/"):
        assert hostile not in client.get(address).text


@pytest.mark.parametrize("query", ["", "?q=पेंशन", "?level=state&category=category-x"])
def test_the_list_takes_the_same_queries_at_every_size(
    client, query, django_assert_max_num_queries
):
    counts = []
    for more in (10, 190):
        some_schemes(more)
        client.get(SCHEMES)  # what is looked up once per process
        with django_assert_max_num_queries(20) as taken:
            assert client.get(SCHEMES + query).status_code == 200
        counts.append(len(taken))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("address", ["/", "/departments/"])
def test_the_other_lists_take_the_same_queries_at_every_size(
    client, address, django_assert_max_num_queries
):
    counts = []
    for more in (10, 190):
        some_schemes(more)
        factories.published_post()
        client.get(address)
        with django_assert_max_num_queries(15) as taken:
            assert client.get(address).status_code == 200
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_departments_stand_under_their_kind_with_counts(client):
    office = factories.DepartmentFactory(kind="board", name_hi="खादी बोर्ड")
    factories.SchemeFactory.create_batch(2, department=office)
    factories.SchemeFactory(department=office, is_public=False)
    factories.connected_handle(department=office)
    factories.HandleFactory(department=office)
    factories.DepartmentFactory(kind="department")
    groups = client.get("/departments/").context["groups"]
    assert [group.kind for group in groups] == ["department", "board"]
    (found,) = groups[1].departments
    assert (found.scheme_count, found.verified_count) == (2, 1)


@pytest.mark.parametrize("text", ["हिन्दी", "हिंदी", "INSTITUTE", "hindi inst"])
def test_a_department_is_found_in_any_spelling(client, text):
    factories.DepartmentFactory(name_hi="हिन्दी संस्थान", name_en="Hindi Institute")
    factories.DepartmentFactory()
    assert client.get("/departments/", {"q": text}).context["count"] == 1


def test_home_shows_what_there_is(client):
    some_schemes(4)
    post = factories.published_post()
    factories.PostFactory(title_hi="गोपनीय प्रारूप")
    answer = client.get("/")
    assert answer.context["scheme_count"] == 4
    assert answer.context["post_count"] == 1
    assert post.title_hi in answer.text
    assert "गोपनीय प्रारूप" not in answer.text
    assert "tel:1076" in answer.text
    assert "jansunwai" in answer.text


def test_home_stands_without_any_data(client):
    assert client.get("/").status_code == 200
    assert client.get("/en/").status_code == 200


def test_pages_are_only_read(client):
    for address in ("/", SCHEMES, "/departments/"):
        assert client.post(address).status_code == 405
