"""With REQUIRE_SECOND_FACTOR the desk opens only to who has one (K2)."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from .factories import person

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_without_one_an_officer_is_sent_to_set_it_up(settings):
    settings.REQUIRE_SECOND_FACTOR = True
    answer = signed_in(person()).get("/desk/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/")


def test_with_one_the_desk_opens(settings):
    settings.REQUIRE_SECOND_FACTOR = True
    officer = person()
    TOTP.activate(officer, generate_totp_secret())
    assert signed_in(officer).get("/desk/").status_code == 200


def test_where_it_is_not_required_the_desk_opens(settings):
    settings.REQUIRE_SECOND_FACTOR = False
    assert signed_in(person()).get("/desk/").status_code == 200
