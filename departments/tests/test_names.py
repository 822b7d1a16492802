"""Lists of names in the alphabet of the reader's language (H12), and the names we start with."""

import pytest
from django import forms
from django.db import connection
from django.utils.translation import override

from departments.fields import NamedField, NamedRecordsField
from departments.forms import officers_of
from departments.models import Department, Handle
from departments.names import name_order
from departments.platforms import Platform, may_be_named
from departments.roles import STATE_WIDE, Role
from departments.starter_data import load_starter_data

from . import factories as make

pytestmark = pytest.mark.django_db

# Hindi name, English name: each in another place in the other language.
NAMES = [("कृषि", "Zeta"), ("फ़सल", "Mu"), ("मत्स्य", "Beta"), ("वन", "Alpha")]


def named(names: list[tuple[str, str]]) -> None:
    for hindi, english in names:
        make.department(name_hi=hindi, name_en=english)


@pytest.mark.parametrize(
    ("language", "found"),
    [("hi", ["कृषि", "फ़सल", "मत्स्य", "वन"]), ("en", ["वन", "मत्स्य", "फ़सल", "कृषि"])],
)
def test_names_are_in_the_alphabet_of_the_language(language, found):
    named(NAMES[::-1])
    with override(language):
        assert [d.name_hi for d in Department.objects.order_by(name_order())] == found


def test_hindi_is_sorted_as_hindi():
    """H12. SQLite has no Hindi collation and goes by code point."""
    by_hindi = ["कंचन", "क्षय", "ख़ाली", "खेल", "हिंदी"]
    named([(name, name) for name in reversed(by_hindi)])
    with override("hi"):
        names = [d.name_hi for d in Department.objects.order_by(name_order())]
    assert names == (by_hindi if connection.vendor == "postgresql" else sorted(by_hindi))


@pytest.mark.parametrize("kind", [NamedField, NamedRecordsField])
def test_a_field_follows_the_language_of_each_page(kind):
    named(NAMES)

    class One(forms.Form):
        department = kind(Department.objects.all(), required=True)

    for language, first in (("hi", "कृषि"), ("en", "Alpha"), ("hi", "कृषि")):
        with override(language):
            labels = [str(label) for value, label in One()["department"].field.choices if value]
            assert labels[0] == first


def test_officers_are_offered_by_name():
    department = make.department()
    for name in ("विनोद", "अनीता", "कमल"):
        make.person(where=department, name=name)
    assert [name for _key, name in officers_of(department)] == ["अनीता", "कमल", "विनोद"]


@pytest.mark.parametrize("role", Role.values)
def test_a_charge_is_called_by_its_department_unless_the_role_says_it(role):
    charge = make.person(role).charges.get()
    assert (charge.department.name in charge.title) is (role not in STATE_WIDE)
    assert charge.get_role_display() in charge.title


def test_every_known_handle_is_loaded_and_could_be_registered():
    load_starter_data()
    on_x = Handle.objects.filter(platform=Platform.X)
    assert on_x.count() == 27
    assert [handle.name for handle in on_x if not may_be_named(handle.platform, handle.name)] == []
