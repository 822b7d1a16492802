import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from departments.credentials import read_secrets
from departments.models import Department, District, Division, Handle, Member, User
from departments.starter_data import FOLDER as DEPARTMENT_FOLDER
from departments.states import HandleState
from portal.audit.models import AuditEntry
from publishing.rehearsal.store import Store
from schemes.cleaning import clean_rich
from schemes.models import Category, Persona, Progress, Scheme
from schemes.starter_data import FOLDER


def run(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


@pytest.fixture
def starter(db) -> str:
    return run("load_starter")


def test_everything_of_the_starter_files_is_there(starter):
    counts = {
        Department: 157,
        Division: 18,
        District: 75,
        Handle: 42,
        Category: 15,
        Persona: 24,
        Scheme: 100,
    }
    assert {model: model.objects.count() for model in counts} == counts
    assert Scheme.objects.public().count() == 100
    with (DEPARTMENT_FOLDER / "departments.csv").open(encoding="utf-8", newline="") as lines:
        parents = {row["slug"]: row["parent"] for row in csv.DictReader(lines)}
    stored = Department.objects.values_list("slug", "parent__slug")
    assert {slug: parent or "" for slug, parent in stored} == parents
    assert "schemes: 100 created, 100 in all" in starter


def test_known_handles_are_registered_and_nothing_more(starter):
    assert set(Handle.objects.values_list("state", flat=True)) == {HandleState.REGISTERED}
    assert Handle.objects.filter(url="").count() == 2
    assert not Handle.objects.filter(source="").exists()
    assert not Handle.objects.filter(confidence="").exists()
    assert not Handle.objects.exclude(external_id="").exists()


def test_every_scheme_says_what_its_file_says(starter):
    rows = json.loads((FOLDER / "schemes-up.json").read_text())
    for row in rows:
        scheme = Scheme.objects.get(slug=row["slug"])
        assert scheme.title_hi == row["name_hi"]
        assert scheme.summary_en == row["benefit_summary_en"]
        assert scheme.department.slug == row["department"]
        assert scheme.documents == row["documents"]
        assert scheme.personas.count() == len(row["beneficiaries"])
        assert scheme.categories.exists()
        assert scheme.launched == row["launched"]
        assert clean_rich(scheme.eligibility_hi) == scheme.eligibility_hi


def test_a_second_load_leaves_alone_what_was_changed(starter):
    Department.objects.filter(slug="agriculture").update(name_hi="बदला हुआ", parent=None)
    Handle.objects.filter(name="UPGovt").update(state=HandleState.CLOSED)
    Scheme.objects.filter(slug="pm-kisan").update(title_hi="बदली हुई", is_public=False)
    District.objects.get(slug="agra").delete()
    entries = AuditEntry.objects.count()
    again = run("load_starter")
    assert "districts: 1 created, 75 in all" in again
    assert "schemes: 0 created, 100 in all" in again
    assert Department.objects.get(slug="agriculture").name_hi == "बदला हुआ"
    assert Handle.objects.get(name="UPGovt").state == HandleState.CLOSED
    assert Scheme.objects.get(slug="pm-kisan").title_hi == "बदली हुई"
    assert not Scheme.objects.get(slug="pm-kisan").is_public
    assert AuditEntry.objects.count() == entries


# --- demo -----------------------------------------------------------------------------------------


@pytest.fixture
def demo(settings, tmp_path: Path) -> Path:
    settings.DEMO = True
    settings.DEMO_PASSWORD = "a-password-for-tests"
    settings.REHEARSAL_PORT = 8100
    settings.REHEARSAL_STORE = tmp_path / "rehearsal.sqlite3"
    return settings.REHEARSAL_STORE


def test_demo_data_is_refused_on_a_real_portal(starter, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="known password"):
        run("load_demo")
    assert not User.objects.exists()


@pytest.mark.usefixtures("starter")
def test_demo_officers_can_sign_in_and_hold_their_charges(demo):
    said = run("load_demo")
    assert User.objects.count() == Member.objects.count() == 14
    for user in User.objects.all():
        assert user.email in said
        assert user.email.endswith("@demo.invalid")
        assert user.check_password("a-password-for-tests")
    roles = set(Member.objects.values_list("role", flat=True))
    assert len(roles) == 8


@pytest.mark.usefixtures("starter")
def test_demo_handles_are_connected_to_the_rehearsal_and_to_nothing_else(demo):
    run("load_demo")
    connected = Handle.objects.connected()
    assert connected.count() == 20
    store = Store(demo)
    for handle in connected:
        assert handle.url == "http://127.0.0.1:8100/"
        assert handle.name.endswith("Demo")
        assert len(handle.name) <= 15
        account = store.account_by_token(handle.platform, read_secrets(handle).token)
        assert account is not None
        assert account.id == handle.external_id
    store.close()
    others = Handle.objects.exclude(pk__in=connected)
    assert set(others.values_list("state", flat=True)) == {HandleState.REGISTERED}


@pytest.mark.usefixtures("starter")
def test_demo_readings_say_that_they_are_invented(demo):
    run("load_demo")
    assert Progress.objects.count() == 7
    assert set(Progress.objects.values_list("source_en", flat=True)) == {
        "Demo data: invented figures"
    }


@pytest.mark.usefixtures("starter")
def test_a_second_demo_load_changes_nothing_and_mends_a_lost_rehearsal(demo):
    run("load_demo")
    user = User.objects.get(email="director@demo.invalid")
    user.set_password("my-own-password")
    user.save()
    handle = Handle.objects.connected().first()
    token = read_secrets(handle).token
    entries = AuditEntry.objects.count()
    demo.unlink()
    run("load_demo")
    assert AuditEntry.objects.count() == entries
    assert User.objects.get(pk=user.pk).check_password("my-own-password")
    assert read_secrets(handle).token == token
    store = Store(demo)
    assert store.account_by_token(handle.platform, token) is not None
    store.close()
