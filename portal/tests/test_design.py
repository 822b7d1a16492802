"""The style sheets and templates as text: what standards.md 3, 4, 5 and 11 ask of them."""

from __future__ import annotations

import gzip
import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
SHEETS = sorted((STATIC / "css").glob("*.css"))
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
ALL_TEMPLATES = sorted(TEMPLATES.rglob("*.html"))

# The Blue group and the functional colours of DBIM (standards.md 4.1).
BLUE = {"#162f6a", "#214aab", "#5279d7", "#a3bbf3", "#d2dfff"}
FUNCTIONAL = {
    "#ffffff", "#ebeaea", "#150202", "#000000", "#198754", "#ffc107",
    "#dc3545", "#0d6efd", "#c6c6c6", "#8e8e8e", "#606060",
}  # fmt: skip
TINT = "#f3f6ff"  # the lightest blue over the page

TEXT_PAIRS = [
    ("--text", "--page"), ("--text", "--tint"), ("--text", "--linen"), ("--text", "--key-5"),
    ("--text-2", "--page"), ("--text-2", "--tint"), ("--text-2", "--linen"),
    ("--key", "--page"), ("--key", "--tint"), ("--key", "--key-5"),
    ("--link", "--page"), ("--link", "--tint"), ("--link", "--key-5"), ("--link-hover", "--page"),
    ("--on-key", "--key"), ("--on-key", "--key-2"),
    ("--on-bar", "--bar"), ("--on-bar-2", "--bar"), ("--on-bar", "--bar-hover"),
    ("--success", "--page"), ("--error", "--page"), ("--on-warning", "--warning"),
]  # fmt: skip
MARK_PAIRS = [
    ("--edge", "--page"), ("--key-2", "--page"), ("--focus", "--page"), ("--focus", "--tint"),
    ("--on-key", "--key"), ("--success", "--page"), ("--error", "--page"), ("--on-bar", "--bar"),
]  # fmt: skip


def text_of(sheet: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)


def tokens(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r" \{(.*?)\}", text_of(STATIC / "css/tokens.css"), re.S)
    assert block
    return dict(re.findall(r"(--[\w-]+): ([^;]+);", block[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


USUAL = tokens(":root")
DARK = USUAL | tokens(".display-contrast")


def test_contrast_is_computed_as_the_standard_does():
    assert round(contrast("#162f6a", "#ffffff"), 1) == 12.7
    assert round(contrast("#606060", "#ebeaea"), 1) == 5.2


@pytest.mark.parametrize("scheme", [USUAL, DARK], ids=["usual", "dark contrast"])
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids=" on ".join)
def test_a7_text_stands_out(scheme: dict[str, str], pair: tuple[str, str]):
    text, ground = pair
    assert contrast(scheme[text], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [USUAL, DARK], ids=["usual", "dark contrast"])
@pytest.mark.parametrize("pair", MARK_PAIRS, ids=" on ".join)
def test_a7_controls_and_focus_ring_stand_out(scheme: dict[str, str], pair: tuple[str, str]):
    mark, ground = pair
    assert contrast(scheme[mark], scheme[ground]) >= 3


def rules(sheet: Path) -> list[tuple[str, dict[str, str]]]:
    found = re.findall(r"([^{}]+)\{([^{}]*)\}", text_of(sheet))
    return [(name.strip(), dict(re.findall(r"([\w-]+): ([^;]+)", body))) for name, body in found]


@pytest.mark.parametrize("scheme", [USUAL, DARK], ids=["usual", "dark contrast"])
@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a7_text_stands_out_on_the_ground_its_rule_gives_it(sheet: Path, scheme: dict[str, str]):
    for name, body in rules(sheet):
        text, ground = (
            scheme.get(body.get(part, "").removeprefix("var(").removesuffix(")"))
            for part in ("color", "background")
        )
        if text and ground:
            assert contrast(text, ground) >= 4.5, name


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_f8_colours_of_a_mode_are_set_once(sheet: Path):
    """A token set anew for one part, such as the header, would also reach a panel within it."""
    for name, body in rules(sheet):
        reset = {key for key in body if key in USUAL and USUAL[key].startswith("#")}
        assert not reset or (sheet.name, name) in {
            ("tokens.css", ":root"), ("tokens.css", ".display-contrast"),
        }  # fmt: skip


def test_only_one_colour_group_and_functional_colours():
    usual = {value for value in USUAL.values() if value.startswith("#")}
    assert usual >= BLUE
    assert usual <= BLUE | FUNCTIONAL | {TINT}
    for sheet in SHEETS:
        if sheet.name != "tokens.css":
            assert set(re.findall(r"#[0-9a-f]{6}", text_of(sheet))) <= BLUE | FUNCTIONAL, sheet


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_h3_h6_nothing_breaks_devanagari(sheet: Path):
    style = text_of(sheet)
    for refused in ("letter-spacing", "text-transform", "italic", "justify;", "hyphens: auto"):
        assert refused not in style.replace("text-align: justify", "justify;")
    assert "font-weight: 800" not in style
    assert "word-break: break-all" not in style


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_h16_layout_can_turn_right_to_left(sheet: Path):
    physical = r"(?:margin|padding|border)-(?:left|right)|(?<![\w-])(?:left|right)\s*:"
    physical += r"|(?:text-align|float):\s*(?:left|right)"
    assert not re.findall(physical, text_of(sheet))


@pytest.mark.parametrize("name", ["tokens", "base", "public", "desk"])
def test_no_type_below_twelve_pixels(name: str):
    sheet = STATIC / f"css/{name}.css"
    sizes = re.findall(r"(?:font-size|--size-\w+): ([\d.]+)(rem|px)", text_of(sheet))
    sizes += re.findall(r"font: \d+ ([\d.]+)(rem|px)", text_of(sheet))
    assert sizes or name == "desk"
    for size, unit in sizes:
        assert float(size) * (16 if unit == "rem" else 1) >= 12


def test_h4_hindi_lines_are_taller():
    assert float(tokens(":lang(hi)")["--lh-body"]) >= 1.6
    assert 1.35 <= float(tokens(":lang(hi)")["--lh-head"]) <= 1.5


def test_a14_focus_ring_is_wide_and_kept():
    base = text_of(STATIC / "css/base.css")
    ring = re.search(r":focus-visible \{(.*?)\}", base, re.S)
    assert ring
    assert "outline: 3px solid" in ring[1]
    assert "outline-offset: 2px" in ring[1]
    for sheet in SHEETS:
        removed = re.findall(r"([^{}]+)\{[^{}]*outline: (?:none|0)", text_of(sheet))
        assert [selector.strip() for selector in removed] in ([], ["main:focus"])


def test_a12_motion_only_for_those_who_accept_it():
    for sheet in SHEETS:
        calm = re.sub(
            r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "",
            text_of(sheet), flags=re.S,
        )  # fmt: skip
        assert not re.search(r"animation|transition", calm)


def test_style_and_script_stay_light():
    sheets = b"".join(sheet.read_bytes() for sheet in SHEETS)
    assert len(gzip.compress(sheets)) < 25_000
    assert len(gzip.compress((STATIC / "js/portal.js").read_bytes())) < 5_000


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda file: file.name)
def test_component_lists_its_variables(component: Path):
    assert component.read_text().startswith("{% comment %}")


@pytest.mark.parametrize(
    "template", ALL_TEMPLATES, ids=lambda file: str(file.relative_to(TEMPLATES))
)
def test_s2_nothing_inline(template: Path):
    text = template.read_text()
    assert "<style" not in text
    assert not re.search(r"<[^>]*\sstyle=", text)
    assert not re.search(r"<[a-z][^>]*\son[a-z]+=", text)
    for script in re.findall(r"<script\b([^>]*)>", text):
        assert "src=" in script or "json" in script or "nonce=" in script


def test_every_icon_named_is_drawn():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img/icons.svg").read_text()))
    named: set[str] = set()
    for template in ALL_TEMPLATES:
        named |= set(re.findall(r'{% icon "([\w-]+)"', template.read_text()))
    assert named
    assert named <= drawn


def test_headings_shrink_on_phones_in_order():
    sizes = [float(USUAL[f"--size-h{level}"].removesuffix("rem")) for level in (1, 2, 3)]
    assert all(larger > smaller for larger, smaller in pairwise(sizes))
