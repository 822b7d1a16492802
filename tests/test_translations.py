"""Every text that people see has Hindi (H18): whole, in Devanagari, with the same placeholders."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import allauth
import django
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.forms import BaseForm, ChoiceField, Field
from django.urls import get_resolver
from django.utils.translation import override
from django.utils.translation.template import templatize

OURS = ("portal", "departments", "publishing", "schemes", "engagement", "templates")
NOT_SHOWN = {"tests", "migrations", "__pycache__"}
HINDI = Path("locale/hi/LC_MESSAGES/django.po")
BORROWED = Path("portal/borrowed_texts.py")

KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}

# What of Django and allauth a person can meet here, and what in it they cannot.
DJANGO = Path(django.__file__).parent
ALLAUTH = Path(allauth.__file__).parent
PARTS = [
    *(ALLAUTH / name for name in ("account", "mfa", "usersessions", "core")),
    *(ALLAUTH / "templates" / name for name in ("account", "mfa", "usersessions", "allauth")),
    *(DJANGO / name for name in ("forms", "core/validators.py", "utils/ipv6.py")),
    *(DJANGO / name for name in ("utils/text.py", "utils/timesince.py", "utils/dates.py")),
    DJANGO / "contrib/auth/password_validation.py",
    DJANGO / "template/defaultfilters.py",
    *(DJANGO / "db/models" / name for name in ("base.py", "constraints.py", "fields")),
]
NOT_MET = re.compile(
    r"allauth/\w+/(admin|apps|models)\.py$"  # names in Django's own admin
    r"|phone|/signup(?!_closed)|account_already_exists|unknown_account"  # nobody signs up
    r"|login_code|email_change|email_verification_code|password_reset_code"  # codes are off
    r"|layouts/"  # the portal has its own
)
# Format fields and signs, which Django's translators leave alone in most languages.
SIGNS = re.compile(r"[\W\d_]*|%\(truncated_text\)s…|IPv[46]")

# Names, abbreviations and things typed letter by letter; H9 has the rest in Devanagari.
LATIN = frozenset(
    re.findall(
        r"\w+",
        """X KB MB GB JPEG PNG WebP GIF MOV MKV WebM srt vtt MP H CSV JSON
        Lines XLSX UTF gzip NUL IP IPv URL UUID TOTP QR PIN
        JavaScript object objects True False None YYYY MM DD HH ss uuuuuu TZ myScheme
        hi en state central joint district load_starter store port https a z UP Enter j k r u""",
    )
)
PLACEHOLDER = re.compile(r"%\([\w.]+\)[#0\- +]*[\d.]*[a-zA-Z]|%[sdr]|%%|\{\w*\}")
TAG = re.compile(r"</?[a-z][^<>]*>")


class Text(NamedTuple):
    context: str | None
    singular: str
    plural: str | None = None


def texts_in(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Templates keep the indentation of HTML, which Python's tokenizer would refuse.
        marked = templatize(source, origin=str(path)).splitlines()
        source = "\n".join(line.lstrip() for line in marked)
    for _line, found, _comments, context in extract(
        "python", io.BytesIO(source.encode()), KEYWORDS
    ):
        yield Text(context, *found) if isinstance(found, tuple) else Text(context, found)


def files_under(places: Iterable[Path], *suffixes: str) -> Iterator[Path]:
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            inside = path.relative_to(place.parent).parts
            if path.suffix in suffixes and not NOT_SHOWN.intersection(inside):
                yield path


@cache
def our_texts() -> dict[Text, str]:
    """Each text and a file it is in."""
    places = [settings.BASE_DIR / name for name in OURS]
    return {
        text: str(path.relative_to(settings.BASE_DIR))
        for path in files_under((p for p in places if p.is_dir()), ".py", ".html", ".txt", ".xml")
        for text in texts_in(path)
    }


@cache
def borrowed() -> frozenset[Text]:
    return frozenset(texts_in(settings.BASE_DIR / BORROWED))


@cache
def texts_of_parts() -> dict[Text, str]:
    return {
        text: str(path)
        for path in files_under(PARTS, ".py", ".html", ".txt")
        if not NOT_MET.search(path.as_posix())
        for text in texts_in(path)
        if not SIGNS.fullmatch(text.singular)
    }


def read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale="hi")


@cache
def catalogue() -> Catalog:
    return read(settings.BASE_DIR / HINDI)


def forms(message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple) else [message.string]


def key(message) -> tuple[str | None, str]:
    return message.context, message.id[0] if isinstance(message.id, tuple) else message.id


def translated(catalogues: Iterable[Catalog]) -> set[tuple[str | None, str]]:
    return {
        key(message)
        for messages in catalogues
        for message in messages
        if message.id and not message.fuzzy and all(forms(message))
    }


def entries() -> list:
    return [message for message in catalogue() if message.id]


def test_every_text_is_in_the_catalogue():
    known = {key(message) for message in entries()}
    lacking = {text: place for text, place in our_texts().items() if text[:2] not in known}
    assert lacking == {}, "add them as docs/hindi.md says"


def test_no_entry_has_lost_its_text():
    used = {text[:2] for text in our_texts()}
    assert [key(message) for message in entries() if key(message) not in used] == []


def test_no_entry_is_empty_or_a_guess():
    done = translated([catalogue()])
    assert [key(message) for message in entries() if key(message) not in done] == []


def test_every_plural_text_has_both_forms():
    plural = {text[:2]: text.plural for text in our_texts() if text.plural}
    ids = {key(message): message.id for message in entries()}
    wrong = {k: ids[k] for k, words in plural.items() if k in ids and ids[k] != (k[1], words)}
    assert wrong == {}


def test_no_text_is_both_alone_and_counted():
    """A catalogue has one entry for both, and Python 3.11.2 finds its Hindi only when counting."""
    counted = {text[:2] for text in our_texts() if text.plural}
    alone = {text[:2] for text in our_texts() if not text.plural}
    assert counted & alone == set(), "give one of them a context"


def fields_of(text: str) -> list[str]:
    """Placeholders and tags. Order is free: Hindi puts words elsewhere."""
    return sorted(PLACEHOLDER.findall(text) + TAG.findall(PLACEHOLDER.sub("", text)))


def test_placeholders_are_the_same():
    wrong = []
    for message in entries():
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        allowed = [fields_of(english) for english in ids]
        wrong += [f for f in forms(message)[:-1] if fields_of(f) not in allowed]
        wrong += [f for f in forms(message)[-1:] if fields_of(f) != allowed[-1]]
    assert wrong == []


def latin_words(hindi: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]+", TAG.sub("", PLACEHOLDER.sub("", hindi)))) - LATIN


def test_hindi_is_in_devanagari():
    wrong = {form: found for m in entries() for form in forms(m) if (found := latin_words(form))}
    assert wrong == {}


def test_hindi_is_in_one_normal_form():
    text = (settings.BASE_DIR / HINDI).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if unicodedata.normalize("NFC", line) != line] == []
    assert not set(text) & set("\u200b\u200e\u200f\ufeff"), "invisible signs"
    assert not re.search("[०-९]", text), "digits are 0-9 (N1)"


def test_sentences_end_as_in_hindi():
    """A full stop becomes a danda; what has none in English, a label or button, gets none."""
    wrong = [
        form
        for message in entries()
        if message.context != "abbrev. month"
        for form, english in zip(forms(message), [message.id], strict=False)
        if isinstance(english, str) and english.rstrip().endswith(".") != form.endswith("।")
    ]
    assert wrong == []


def test_catalogue_compiles():
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    translations = GNUTranslations(compiled)
    assert translations.gettext("Head of department") == "विभागाध्यक्ष"
    assert translations.ngettext("%(counter)s scheme", "%(counter)s schemes", 2).endswith("योजनाएँ")
    assert [str(e) for m in entries() for e in m.check(catalogue())] == []


def test_compiled_catalogues_are_not_in_git():
    listed = subprocess.run(
        ["git", "ls-files", "*.mo"], cwd=settings.BASE_DIR, check=True, capture_output=True
    )
    assert listed.stdout == b""


# --- texts of Django and allauth ------------------------------------------------------------------


@cache
def hindi_of_parts() -> set[tuple[str | None, str]]:
    """What Django itself says in Hindi; allauth speaks none."""
    places = [DJANGO / "conf", DJANGO / "contrib/auth"]
    return translated(read(place / HINDI) for place in places)


def test_allauth_still_has_no_hindi_of_its_own():
    assert not (ALLAUTH / "locale/hi").exists(), "count it in hindi_of_parts()"


def test_every_text_of_the_parts_has_hindi():
    known = hindi_of_parts() | translated([catalogue()])
    lacking = {text: place for text, place in texts_of_parts().items() if text[:2] not in known}
    assert lacking == {}, f"add them to {BORROWED}, then as docs/hindi.md says"


def test_nothing_is_borrowed_that_the_parts_no_longer_say():
    assert borrowed() - set(texts_of_parts()) == set()


# --- what was translated too early ----------------------------------------------------------------

LAZY = {"_", "gettext_lazy", "ngettext_lazy", "pgettext_lazy", "npgettext_lazy"}
# Methods and functions that make a finished text of a lazy one.
FINISHING = {"str", "sorted", "join", "format", "lower", "upper", "capitalize", "title", "replace"}


class Early(ast.NodeVisitor):
    """Finds texts finished while a module is read: they stay in that moment's language."""

    def __init__(self, module: ast.Module) -> None:
        lazy = {
            alias.asname or alias.name
            for node in ast.walk(module)
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
            for alias in node.names
            if alias.name in LAZY
        }
        self.lazy, self.found = lazy, set[int]()
        self.visit(module)

    def visit_function(self, node: ast.FunctionDef) -> None:
        """What runs later is no matter; its decorators and defaults run now."""
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function  # noqa: N815 - ast's names

    def visit_Lambda(self, node: ast.Lambda) -> None:
        pass

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.note(node, self.is_text(node.left) or self.is_text(node.right))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.note(node, any(self.is_text(part) for part in ast.walk(node)))

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else name_of(node.func)
        finishes = name in FINISHING and any(self.is_text(part) for part in ast.walk(node))
        self.note(node, finishes or (name in KEYWORDS and name not in self.lazy))

    def is_text(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and name_of(node.func) in KEYWORDS

    def note(self, node: ast.expr, wrong: bool) -> None:
        if wrong:
            self.found.add(node.lineno)
        self.generic_visit(node)


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def test_no_text_is_translated_while_a_module_is_read():
    places = [settings.BASE_DIR / name for name in OURS if name != "templates"]
    found = {
        str(path.relative_to(settings.BASE_DIR)): sorted(lines)
        for path in files_under((p for p in places if p.is_dir()), ".py")
        if (lines := Early(ast.parse(path.read_text(encoding="utf-8"))).found)
    }
    assert found == {}, "use format_lazy, or say it in a function"


@pytest.mark.parametrize(
    "line",
    [
        '_("%(count)d characters") % {"count": 15}',
        "f'{_(\"Name\")}: '",
        '", ".join([_("Name"), _("Link")])',
        'str(_("Name"))',
        'gettext("Name")',
        '_("Name").lower()',
        '_("Name") + ":"',
    ],
)
@pytest.mark.parametrize("before", ["TEXT = ", "class A:\n    text = ", "def f(text="])
def test_a_text_translated_too_early_is_found(before, line):
    imports = "from django.utils.translation import gettext, gettext_lazy as _\n"
    after = "): ..." if "(" in before else ""
    assert Early(ast.parse(imports + before + line + after)).found


def all_forms(kind: type = BaseForm) -> Iterator[type[BaseForm]]:
    for one in kind.__subclasses__():
        if one.__module__.partition(".")[0] in OURS and one.__name__ != "Form":
            yield one
        yield from all_forms(one)


def said_by(field: Field) -> Iterator[str]:
    """What a field says of itself; what officers have entered is not among it."""
    yield from (str(field.label or ""), str(field.help_text or ""))
    yield str(getattr(field, "empty_label", "") or "")
    yield from (str(words) for words in field.widget.attrs.values())
    if isinstance(field, ChoiceField) and not hasattr(field, "queryset"):
        yield from (str(label) for _value, label in field.choices)


def test_every_form_speaks_the_language_of_its_page():
    assert get_resolver().url_patterns  # reads every view, and so every form
    forms_of_apps = set(all_forms())
    assert {"HandleForm", "PostForm", "SchemeForm"} <= {form.__name__ for form in forms_of_apps}
    wrong = []
    with override("en"):
        for form in forms_of_apps:
            for name, field in form.base_fields.items():
                wrong += [(form.__name__, name, w) for w in said_by(field) if has_hindi(w)]
    assert wrong == []


def has_hindi(text: str) -> bool:
    return bool(re.search("[\u0904-\u0963]", text))


# --- what was never marked for translation ------------------------------------------------------

SPOKEN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}
# The same in both languages, or said in the language it names or searches in.
UNMARKED = {
    "हिन्दी",
    "English",
    "HTTP",
    "CSV",
    "XLSX",
    "DD",
    "MM",
    "YYYY",
    "pension",
    "छात्रवृत्ति",
    "kanya",
}
# Pages shown when nothing may work, and the rehearsal's wall, say all in both languages.
BOTH = {"400.html", "500.html", "maintenance.html", "wall.html"}


class Words(HTMLParser):
    """Collects words that stand in a template outside every translation tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def note(self, text: str | None) -> None:
        self.found += re.findall(r"[A-Za-z\u0904-\u0963]{2,}", text or "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style"}
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and not (value or "").startswith("https://"):
                self.note(value)

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)


def bare_words(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    for block in ("comment", "blocktranslate", "block \\w+_class"):
        end = block.split()[0]
        text = re.sub(rf"{{% {block}\b.*?{{% end{end} %}}", "", text, flags=re.DOTALL)
    # A letter in place of every template tag keeps <{{ heading }} class="..."> an HTML tag.
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "q", text, flags=re.DOTALL)
    words = Words()
    words.feed(text)
    return {word for word in words.found if word.strip("q")} - UNMARKED


def test_templates_have_no_words_outside_translation():
    pages = settings.BASE_DIR / "templates/pages"  # whole pages, one file for each language
    places = [settings.BASE_DIR / name for name in OURS]
    found = {
        str(path.relative_to(settings.BASE_DIR)): words
        for path in files_under((p for p in places if p.is_dir()), ".html")
        if path.parent.parent != pages and path.name not in BOTH and (words := bare_words(path))
    }
    assert found == {}


@pytest.mark.parametrize("folder", ["static/js"])
def test_scripts_have_no_texts_of_their_own(folder):
    files = list((settings.BASE_DIR / folder).glob("*.js"))
    assert files
    spoken = re.compile(r"[\u0900-\u097f]|\bgettext\(|\balert\(|\bconfirm\(")
    assert [path.name for path in files if spoken.search(path.read_text(encoding="utf-8"))] == []
