"""A real browser, and the whole portal as `make run` starts it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from .stack import Stack, own_database, own_redis, running_stack

DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=740)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing but this machine
]


# What a test asks for whose outcome may depend on the database beneath.
DATABASE = frozenset({"db", "transactional_db", "client", "portal_stack", "own_stack"})


class BrowserTests:
    """With REQUIRE_BROWSER=1, a browser test that was skipped, or that none ran, is a failure."""

    def __init__(self) -> None:
        self.skipped: list[str] = []
        self.ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if "browser" in report.keywords:
            self.skipped += [report.nodeid] if report.skipped else []
            self.ran += report.when == "call"

    @property
    def fault(self) -> str:
        if self.skipped:
            return f"browser tests were skipped: {', '.join(self.skipped)}"
        return "" if self.ran else "no browser test ran"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.fault and not session.config.option.collectonly:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.fault:
            terminalreporter.write_sep("=", f"REQUIRE_BROWSER=1: {self.fault}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    watches = not hasattr(config, "workerinput")  # with xdist, only the process that reports
    if watches and os.environ.get("REQUIRE_BROWSER") == "1":
        config.pluginmanager.register(BrowserTests())


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file that run the whole portal stay in one process, where they share it."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or DATABASE & fixtures:
            item.add_marker(pytest.mark.database)
        if {"portal_stack", "own_stack"} & fixtures:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    # They mostly wait, so they begin first and the others run beside them.
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Were the groups not kept, every process would start portals of its own, one after another."""
    if getattr(session.config.option, "loadgroup", False):
        grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
        assert all("@" in item.nodeid for item in grouped), "xdist did not take up the groups"


def free_redis(first: int) -> int:
    """The number of a Redis database that no other process of this run uses, of four from here."""
    return first + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found and Path(found).exists():
        return found
    reason = "no Chromium: `apt install chromium`, or name one in CHROMIUM"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    # Not for the whole session: while Playwright's loop runs, Django refuses the database.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Each page it opens is another person: cookies of its own. Script errors fail the test."""
    contexts, errors = [], []

    def open_one(size: ViewportSize = DESK, **options: object) -> Page:
        context = browser.new_context(viewport=size, locale="hi-IN", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(DESK)


@pytest.fixture
def phone(open_page: OpenPage) -> Page:
    return open_page(PHONE)


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], Path]:
    """Keeps the whole page in var/screenshots/<name>.png."""
    folder = settings.VAR_DIR / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> Path:
        file = folder / f"{name}.png"
        page.screenshot(path=file, full_page=True)
        return file

    return keep


@pytest.fixture(scope="session")
def portal_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web, worker and rehearsal with example data, for every test that wants them."""
    with own_database(f"samvad_stack_{os.getpid()}") as database:
        stack = Stack(tmp_path_factory.mktemp("stack"), database, own_redis(free_redis(8)))
        with running_stack(stack):
            yield stack


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    """Not started: for tests about starting and stopping."""
    with own_database(f"samvad_own_{os.getpid()}") as database:
        yield Stack(tmp_path / "own", database, own_redis(free_redis(12)))
