"""The page of a scheme, of a department and of a post."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from departments.models import District
from departments.states import HandleState
from publishing.models import Media
from publishing.states import DeliveryState
from schemes.models import PostPhoto, Scheme
from schemes.tests import factories
from schemes.workflow import PostState

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
LINKED_DATA = re.compile(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', re.DOTALL)


def structured(answer) -> dict[str, dict]:
    records = [json.loads(text) for text in LINKED_DATA.findall(answer.text)]
    return {record["@type"]: record for record in records}


def full_scheme(**fields) -> Scheme:
    return factories.SchemeFactory(
        **{
            "categories": [factories.CategoryFactory()],
            "personas": [factories.PersonaFactory(name_en="Farmer")],
            "benefits_hi": "<p>₹1,000 प्रति माह</p>",
            "eligibility_rules": {"min_age": 60, "max_age": None},
            "documents": [{"hi": "आधार कार्ड", "en": "Aadhaar card"}],
            "apply_mode": "online",
            "apply_url": "https://sspy-up.gov.in/",
            "helpline": "18004190001",
            "source_note": "Order of the department",
            "valid_to": date(2099, 3, 31),
        }
        | fields
    )


def page_of_scheme(client, scheme: Scheme, prefix: str = "/en"):
    return client.get(f"{prefix}/schemes/{scheme.slug}/")


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_scheme_says_all_it_knows(client, prefix):
    scheme = full_scheme()
    answer = page_of_scheme(client, scheme, prefix)
    assert answer.status_code == 200
    text = answer.text
    english = prefix == "/en"
    for expected in (
        scheme.title_en if english else scheme.title_hi,
        scheme.summary_en if english else scheme.summary_hi,
        "Aadhaar card" if english else "आधार कार्ड",
        scheme.department.name_en if english else scheme.department.name_hi,
        *("₹1,000 प्रति माह", "https://sspy-up.gov.in/", "18004190001", "2099"),
        *("tel:1076", "jansunwai"),
    ):
        assert expected in text
    assert scheme.source_note not in text  # the office's own note


def test_a_scheme_that_is_not_public_is_not_found(client):
    hidden = factories.SchemeFactory(is_public=False)
    assert page_of_scheme(client, hidden).status_code == 404
    assert client.get("/schemes/no-such/").status_code == 404


def test_unknown_documents_are_not_said_to_be_none(client):
    unknown = page_of_scheme(client, full_scheme(documents=None)).text
    none = page_of_scheme(client, full_scheme(documents=[])).text
    assert "is not recorded here yet" in unknown
    assert "No documents are asked for" not in unknown
    assert "No documents are asked for" in none


@pytest.mark.parametrize("documents", [7, "papers", {"hi": "x"}, [1, None, {}, {"hi": 5}]])
def test_documents_of_any_shape_do_no_harm(client, documents):
    assert page_of_scheme(client, full_scheme(documents=documents)).status_code == 200


def test_a_missing_translation_is_shown_in_hindi_and_said(client):
    text = page_of_scheme(client, full_scheme()).text
    assert 'class="rich" lang="hi"' in text
    assert "Translation pending" in text
    assert "Translation pending" not in page_of_scheme(
        client, full_scheme(benefits_en="<p>₹1,000 a month</p>")
    ).text  # fmt: skip


def test_a_last_date_that_has_passed_is_said(client):
    yesterday = timezone.localdate() - timedelta(days=1)
    assert "last date has passed" in page_of_scheme(client, full_scheme(valid_to=yesterday)).text
    assert "last date has passed" not in page_of_scheme(client, full_scheme()).text


def test_progress_has_its_date_source_and_bar(client):
    indicator = factories.IndicatorFactory(scheme=full_scheme())
    today = timezone.localdate()
    old = factories.ProgressFactory(
        indicator=indicator, achieved=777_777, as_on=today - timedelta(days=40)
    )
    factories.ProgressFactory(indicator=indicator, as_on=today)
    district = factories.DistrictFactory(name_en="Lucknow")
    factories.ProgressFactory(indicator=indicator, district=district, achieved=4321, target=None)
    text = page_of_scheme(client, indicator.scheme).text
    assert 'value="50"' in text
    assert today.strftime("%d-%m-%Y") in text
    assert "Report of the department" in text
    assert "Lucknow" in text
    assert "4,321" in text
    assert old.as_on.strftime("%d-%m-%Y") not in text


def test_hostile_text_of_a_scheme_is_text(client):
    scheme = full_scheme(
        title_hi=HOSTILE, title_en=HOSTILE, summary_en=HOSTILE, aliases=[HOSTILE],
        description_en=f"<p>{HOSTILE}<img src=x onerror=alert(1)></p>",
        benefits_en='<a href="javascript:alert(1)">press</a>', helpline=HOSTILE,
        eligibility_rules={"residence": HOSTILE, "caste": [HOSTILE], "other_en": HOSTILE},
        documents=[{"hi": HOSTILE, "en": HOSTILE}], source_note=HOSTILE,
        apply_url='https://evil.example/"><script>alert(1)</script>',
    )  # fmt: skip
    factories.ProgressFactory(
        indicator=factories.IndicatorFactory(scheme=scheme, name_en=HOSTILE, unit_en=HOSTILE),
        source_en=HOSTILE,
    )
    for prefix in ("", "/en"):
        answer = page_of_scheme(client, scheme, prefix)
        assert "<script>alert" not in answer.text
        assert "onerror" not in answer.text.replace("&lt;img src=x onerror", "")
        assert "javascript:" not in answer.text
        assert structured(answer)["GovernmentService"]["name"] == HOSTILE


def test_a_website_that_is_no_web_address_is_no_link(client):
    office = factories.DepartmentFactory(website="javascript:alert(1)")
    factories.HandleFactory(department=office, url="javascript:alert(2)", name="Bad")
    assert "javascript:" not in client.get(f"/departments/{office.slug}/").text


def test_an_address_that_is_broken_does_no_harm(client):
    broken = "https://[is_broken"
    post = factories.published_post(text_hi=f"यहाँ देखें: {broken}")
    office = factories.DepartmentFactory(website=broken)
    scheme = full_scheme(apply_url=broken, department=office)
    for address in (f"/posts/{post.pk}/", f"/departments/{office.slug}/"):
        assert client.get(address).status_code == 200
    assert broken in page_of_scheme(client, scheme).text


def test_search_engines_get_the_service_and_the_way_to_it(client):
    scheme = full_scheme()
    records = structured(page_of_scheme(client, scheme))
    service = records["GovernmentService"]
    assert service["name"] == scheme.title_en
    assert service["provider"]["name"] == scheme.department.name_en
    assert service["areaServed"]["name"] == "Uttar Pradesh"
    assert service["audience"] == [{"@type": "Audience", "audienceType": "Farmer"}]
    assert service["availableChannel"]["serviceUrl"] == scheme.apply_url
    places = records["BreadcrumbList"]["itemListElement"]
    assert [place["position"] for place in places] == [1, 2, 3]
    assert places[-1]["item"].endswith(f"/en/schemes/{scheme.slug}/")


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_page_names_its_twin_in_the_other_language(client, prefix):
    scheme = full_scheme()
    text = page_of_scheme(client, scheme, prefix).text
    assert re.search(rf'hreflang="hi"[^>]*href="[^"]*/schemes/{scheme.slug}/"', text) or re.search(
        rf'href="[^"]*/schemes/{scheme.slug}/"[^>]*hreflang="hi"', text
    )
    assert f"/en/schemes/{scheme.slug}/" in text
    assert 'property="og:title"' in text


def test_a_scheme_takes_the_same_queries_whatever_it_has(client, django_assert_max_num_queries):
    def queries(scheme) -> int:
        with django_assert_max_num_queries(15) as taken:
            page_of_scheme(client, scheme)
        return len(taken)

    small, large = full_scheme(), full_scheme()
    page_of_scheme(client, small)
    large.districts.set(factories.DistrictFactory.create_batch(5))
    for scheme, readings in ((small, 1), (large, 3)):
        factories.published_post(scheme=scheme, department=scheme.department)
        for _n in range(readings):
            indicator = factories.IndicatorFactory(scheme=scheme)
            factories.ProgressFactory(indicator=indicator)
            for place in District.objects.all():
                factories.ProgressFactory(indicator=indicator, district=place)
    assert queries(small) == queries(large)


# --- departments ----------------------------------------------------------------------------------


def test_a_department_shows_schemes_accounts_posts_and_bodies(client):
    office = factories.DepartmentFactory(website="https://example.up.gov.in/")
    body = factories.DepartmentFactory(parent=office, kind="board")
    scheme = factories.SchemeFactory(department=office)
    verified = factories.connected_handle(department=office)
    recorded = factories.HandleFactory(department=office)
    closed = factories.HandleFactory(department=office, state=HandleState.CLOSED)
    post = factories.published_post(department=office)
    text = client.get(f"/en/departments/{office.slug}/").text
    for expected in (
        *(body.name_en, scheme.title_en, verified.name, recorded.name, post.title_en),
        *("Verified by the portal", "Official account on record", "https://example.up.gov.in/"),
    ):
        assert expected in text
    assert closed.url not in text
    assert office.name_en in client.get(f"/en/departments/{body.slug}/").text


def test_a_link_that_leaves_is_marked_in_words(client):
    office = factories.DepartmentFactory()
    handle = factories.HandleFactory(department=office)
    text = client.get(f"/en/departments/{office.slug}/").text
    link = re.search(rf'<a [^>]*href="{re.escape(handle.url)}"[^>]*>.*?</a>', text, re.DOTALL)
    assert link
    assert "noopener" in link[0]
    assert re.search(r"external|leaves|another website", link[0], re.IGNORECASE)


def test_an_unknown_department_is_not_found(client):
    assert client.get("/departments/no-such/").status_code == 404


def test_a_department_takes_the_same_queries_at_every_size(client, django_assert_max_num_queries):
    counts = []
    for number in (1, 30):
        office = factories.DepartmentFactory()
        factories.SchemeFactory.create_batch(number, department=office)
        factories.HandleFactory.create_batch(min(number, 8), department=office)
        for _n in range(min(number, 4)):
            factories.published_post(department=office)
        with django_assert_max_num_queries(12) as taken:
            client.get(f"/departments/{office.slug}/")
        counts.append(len(taken))
    assert counts[0] == counts[1]


# --- posts ----------------------------------------------------------------------------------------


def test_a_post_shows_what_went_out_and_where(client):
    post = factories.published_post(scheme=factories.SchemeFactory())
    text = client.get(f"/en/posts/{post.pk}/").text
    delivery = post.message.deliveries.get()
    for expected in (
        *(post.title_en, post.text_en, post.department.name_en, post.scheme.title_en),
        *(delivery.handle.name, delivery.permalink, "IST"),
    ):
        assert expected in text
    for hidden in (post.author.name, post.author.email, post.seal, "released"):
        assert hidden not in text


@pytest.mark.parametrize("state", PostState.values)
def test_a_post_that_is_not_out_is_not_found(client, state):
    seal = factories.SEAL if state in (PostState.APPROVED, PostState.RELEASED) else ""
    post = factories.PostFactory(state=state, seal=seal)
    handle = factories.connected_handle(department=post.department)
    factories.sent_delivery(
        factories.message_of(post),
        handle,
        state=DeliveryState.QUEUED,
        sent_at=None,
        platform_id="",
    )
    assert client.get(f"/posts/{post.pk}/").status_code == 404


def test_only_what_was_sent_is_listed(client):
    post = factories.published_post()
    failed = factories.connected_handle(department=post.department)
    factories.sent_delivery(
        post.message,
        failed,
        state=DeliveryState.FAILED,
        problem="page_refused",
        permalink="https://x.com/never",
    )
    text = client.get(f"/posts/{post.pk}/").text
    assert failed.name not in text
    assert "page_refused" not in text
    assert "https://x.com/never" not in text


@pytest.mark.parametrize("pk", ["0", "99999999", "999999999999999999", "9" * 30, "abc", "-1"])
def test_a_post_number_of_any_size_is_only_not_found(client, pk):
    assert client.get(f"/posts/{pk}/").status_code == 404


def test_a_post_without_english_says_so(client):
    post = factories.published_post(title_en="", text_en="")
    text = client.get(f"/en/posts/{post.pk}/").text
    assert post.text_hi in text
    assert 'lang="hi"' in text
    assert "Translation pending" in text
    assert "Translation pending" not in client.get(f"/posts/{post.pk}/").text


def test_hostile_text_of_a_post_is_text_and_its_links_are_links(client):
    post = factories.published_post(
        title_hi=HOSTILE,
        text_hi=f"{HOSTILE} https://example.up.gov.in/apply?a=1&b=2। javascript:alert(1)",
        text_ur=HOSTILE,
    )
    text = client.get(f"/posts/{post.pk}/").text
    assert "<script>alert" not in text
    assert 'href="https://example.up.gov.in/apply?a=1&amp;b=2"' in text
    assert 'href="javascript' not in text


def test_the_photo_has_its_words(client):
    post = factories.published_post()
    photo = Media.objects.create(
        department=post.department,
        kind="photo",
        file="1/ab/photo.jpg",
        thumbnail="1/ab/photo-small.jpg",
        sha256="0" * 64,
        mime="image/jpeg",
        suffix=".jpg",
        size=1000,
        width=1200,
        height=800,
        alt_hi="शिविर में आवेदन करती महिलाएँ",
        added_by=post.author,
    )
    PostPhoto.objects.replace(post, [photo])
    text = client.get(f"/en/posts/{post.pk}/").text
    assert f'alt="{photo.alt_hi}" lang="hi"' in text
    assert reverse("publishing:media", args=[photo.pk, "full"]) in text


# --- weight ---------------------------------------------------------------------------------------


def test_a_page_with_its_styles_and_scripts_is_light(client, settings):
    """At most 60 kB compressed, 15 requests (design.md 9)."""
    factories.SchemeFactory.create_batch(40, summary_hi="पात्र परिवारों को सहायता। " * 8)
    factories.DistrictFactory.create_batch(75)
    answer = client.get("/schemes/")
    assets = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', answer.text))
    weight = len(gzip.compress(answer.content))
    for asset in assets:
        file = settings.BASE_DIR / "static" / asset.removeprefix("/static/")
        weight += len(gzip.compress(file.read_bytes()))
    assert assets
    assert weight <= 60 * 1024
    assert len(assets) + 1 <= 15
