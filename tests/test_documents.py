"""What the documents list is what the code has: nothing missing, nothing gone."""

from __future__ import annotations

import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location

import environ
import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from portal.audit.names import LABELS
from publishing.connectors import consent_for

OURS = ("portal", "departments", "publishing", "schemes", "engagement")
MODULES = ("base", "local", "production")
NEEDED = {
    "SECRET_KEY": "for reading the settings only",
    "CREDENTIAL_KEYS": "key",
    "ALLOWED_HOSTS": "portal.example",
    "MEDIA_URL_BASE": "https://portal.example",
}


def listed(document: str, pattern: str) -> set[str]:
    """First cells, in backquotes, of the document's table rows."""
    text = (settings.BASE_DIR / "docs" / document).read_text()
    return set(re.findall(rf"^\| `({pattern})", text, re.MULTILINE))


@pytest.fixture
def asked(monkeypatch) -> set[str]:
    """The environment variables that the settings ask for, noted while they are read."""
    names: set[str] = set()
    get_value = environ.Env.get_value

    def note(self, var, *args, **kwargs):
        names.add(str(var))
        return get_value(self, var, *args, **kwargs)

    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environ.Env, "get_value", note)
    for module in MODULES:
        read_again(module)
    return names


def read_again(module: str) -> None:
    """Under another name: the settings that the suite runs on stay as they are."""
    file = settings.BASE_DIR / "portal" / "settings" / f"{module}.py"
    spec = spec_from_file_location(f"portal.settings.{module}_read_again", file)
    spec.loader.exec_module(module_from_spec(spec))


def test_every_environment_variable_is_documented(asked):
    assert listed("settings.md", "[A-Z0-9_]+") == asked


def test_every_command_is_documented():
    ours = {name for name, app in get_commands().items() if app.partition(".")[0] in OURS}
    assert listed("commands.md", "[a-z_]+") == ours


def test_every_command_says_what_it_does():
    for name, app in get_commands().items():
        if app.partition(".")[0] in OURS:
            assert load_command_class(app, name).help, name


def test_every_audit_name_is_documented():
    assert listed("audit.md", "[a-z_.]+") == set(LABELS)


PLATFORM_PAGES = sorted(path.name for path in (settings.BASE_DIR / "docs/platforms").glob("*.md"))
# How a setting is told from other words in capitals, which are the platforms'.
ENDINGS = (
    "APP_ID|APP_SECRET|CALLBACK_SECRET|API_URL|TIER|PRICES|STYLE|DAYS|UPLOADS|UNITS|WEBHOOK_ID"
)
SETTING = rf"`([A-Z]+(?:_[A-Z]+)*_(?:{ENDINGS}|VERIFY_TOKEN|BEARER_TOKEN|URL_BASE)|METRICS)`"


@pytest.mark.parametrize("page", PLATFORM_PAGES)
def test_pages_of_platforms_name_only_what_exists(page, asked):
    text = (settings.BASE_DIR / "docs/platforms" / page).read_text()
    rows = text.partition("## What to enter")[2].partition("\n## ")[0].split("\n|")
    entered = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row.split("|")[0])}
    assert entered | set(re.findall(SETTING, text)) <= asked
    assert entered or page == "README.md"
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= set(get_commands())
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (settings.BASE_DIR / "docs/platforms" / target).exists(), target


@pytest.mark.parametrize("page", sorted(settings.CONNECTORS))
def test_pages_of_platforms_name_all_that_check_platforms_asks_for(page):
    text = (settings.BASE_DIR / "docs/platforms" / f"{page}.md").read_text()
    consent = consent_for(page)
    for name in (*consent.needs, *consent.needs_to_register):
        assert f"`{name}`" in text


def test_readme_names_only_targets_that_exist():
    makefile = (settings.BASE_DIR / "Makefile").read_text()
    readme = (settings.BASE_DIR / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^    |=\d+ )make ([a-z-]+)", readme, re.MULTILINE))
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("document", ["README.md", *("docs/" + n for n in ("production.md",))])
def test_links_lead_somewhere(document):
    file = settings.BASE_DIR / document
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
        assert (file.parent / target).exists(), target


def test_changelog_knows_this_version():
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    assert f"## {project['version']}" in (settings.BASE_DIR / "CHANGELOG.md").read_text()
