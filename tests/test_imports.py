"""Who may import whom: design.md section 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

APPS = ["portal", "departments", "publishing", "schemes", "engagement"]  # each may use those before
ASSEMBLED = {"portal.urls"}  # puts the apps together, so it names them all
LAYERS = [
    {"states", "workflow", "roles"},
    {"models"},
    {"access"},
    {"actions"},
    {"views", "admin", "tasks", "commands"},
]


def modules(root: Path) -> dict[str, Path]:
    """Every module of the apps by its dotted name; tests may import what they please."""
    found = {}
    for app in APPS:
        for file in root.glob(f"{app}/**/*.py"):
            parts = file.relative_to(root).with_suffix("").parts
            if "tests" not in parts:
                found[".".join(part for part in parts if part != "__init__")] = file
    return found


def imported(name: str, file: Path, known: set[str]) -> Iterator[str]:
    """Names of the modules that this one imports anywhere, also inside functions."""
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base


def layer(name: str) -> int | None:
    """The height of a module inside its app; None where the rule does not name it."""
    parts = set(name.split(".")[1:])
    return next((height for height, names in enumerate(LAYERS) if names & parts), None)


def wrong_arrow(importer: str, target: str) -> bool:
    source_app, target_app = importer.partition(".")[0], target.partition(".")[0]
    if target_app not in APPS or importer in ASSEMBLED:
        return False
    if source_app != target_app:
        return APPS.index(target_app) > APPS.index(source_app)
    source, height = layer(importer), layer(target)
    return source is not None and height is not None and height > source


def wrong_arrows(root: Path) -> list[str]:
    known = modules(root)
    return sorted(
        {
            f"{name} -> {target}"
            for name, file in known.items()
            for target in imported(name, file, set(known))
            if wrong_arrow(name, target)
        }
    )


def test_imports_follow_the_arrows():
    assert wrong_arrows(settings.BASE_DIR) == []


def test_every_app_is_read():
    read = {name.partition(".")[0] for name in modules(settings.BASE_DIR)}
    assert {"portal", "departments", "publishing", "schemes"} <= read


def test_foreign_keys_follow_the_arrows():
    ours = [config for config in apps.get_app_configs() if config.name.partition(".")[0] in APPS]
    wrong = [
        f"{field} -> {field.related_model.__module__}"
        for config in ours
        for model in config.get_models()
        for field in model._meta.get_fields()
        if field.concrete
        and field.is_relation
        and wrong_arrow(model.__module__, field.related_model.__module__)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("file", "line", "arrow"),
    [
        ("departments/models.py", "from schemes.models import Post", "schemes.models"),
        ("departments/links.py", "import publishing.models", "publishing.models"),
        ("publishing/retry.py", "def f():\n    from schemes import seal", "schemes.seal"),
        ("portal/web/paging.py", "from departments.models import User", "departments.models"),
        ("portal/checks.py", "import schemes", "schemes"),
        ("schemes/models/post.py", "from ..actions import approve_post", "schemes.actions"),
        ("schemes/access.py", "from . import actions", "schemes.actions"),
        ("schemes/actions.py", "from .views.desk import home", "schemes.views.desk"),
        ("schemes/workflow.py", "from .models import Post", "schemes.models"),
        (
            "publishing/actions.py",
            "from .management.commands import rehearse",
            "publishing.management.commands.rehearse",
        ),
    ],
)
def test_wrong_arrow_is_found(tmp_path, file, line, arrow):
    for name in (file, "schemes/seal.py", "schemes/actions.py", "schemes/models/__init__.py"):
        plant(tmp_path / name)
    plant(tmp_path / "publishing/management/commands/rehearse.py")
    plant(tmp_path / file, line)
    importer = file.removesuffix(".py").replace("/", ".")
    assert wrong_arrows(tmp_path) == [f"{importer} -> {arrow}"]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("schemes/actions.py", "from publishing.actions import queue_message"),
        ("schemes/views/desk.py", "from ..actions import approve_post"),
        ("schemes/models/__init__.py", "from .post import Post"),
        ("departments/models.py", "from portal.audit.models import AuditEntry"),
        ("departments/tests/test_story.py", "from schemes.models import Post"),
        ("portal/urls.py", "from schemes.urls_desk import urlpatterns"),
    ],
)
def test_right_arrow_is_not(tmp_path, file, line):
    plant(tmp_path / file, line)
    assert wrong_arrows(tmp_path) == []


def plant(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")
