"""Colours: every pair that carries words reaches WCAG 2.2 AA, in both themes; the two dark blocks are one."""

from __future__ import annotations

import re

import pytest
from ui_reading import UI

CSS = (UI / "static" / "safeconduct.css").read_text("utf-8")
TOKEN = re.compile(r"(--[\w-]+):\s*(#[0-9a-f]{6}|#[0-9a-f]{3})\b")


def block(selector: str) -> str:
    start = CSS.index(selector) + len(selector)
    return CSS[CSS.index("{", start) + 1 : CSS.index("}", start)]


LIGHT = dict(TOKEN.findall(block("\n:root ")))
DARK = dict(TOKEN.findall(block(':root[data-theme="dark"]')))
DARK_BY_SYSTEM = block(':root:not([data-theme="light"])')

SOFT = [(f"--{t}", f"--{t}-soft") for t in ("good", "warn", "bad", "info", "violet", "accent")]
INKS = ("--ink", "--ink-2", "--ink-3", "--accent", "--good", "--warn", "--bad", "--info", "--violet")
WORDS = [(ink, ground) for ink in INKS for ground in ("--surface", "--sunken")]
WORDS += [(ink, "--paper") for ink in ("--ink", "--ink-2", "--ink-3", "--accent", "--good", "--warn", "--bad")]
WORDS += [*SOFT, ("--on-accent", "--accent"), *(("--ink", soft) for _tone, soft in SOFT)]
WORDS += [("--ink-2", "--accent-soft"), ("--ink-2", "--warn-soft"), ("--ink-2", "--paper")]
SHAPES = [(f"--fill-{t}", "--surface") for t in ("accent", "good", "warn", "bad", "info", "violet")]
SHAPES += [("--edge", "--surface"), ("--accent", "--paper"), ("--edge", "--paper")]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_the_measure_knows_black_on_white() -> None:
    assert contrast("#000000", "#fff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), WORDS)
def test_words_can_be_read(theme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_and_borders_of_fields_can_be_seen(theme: dict[str, str], shape: str, ground: str) -> None:
    assert contrast(theme[shape], theme[ground]) >= 3


def test_dark_by_choice_and_dark_by_system_are_the_same() -> None:
    def plain(text: str) -> list[str]:
        return re.findall(r"[^;]+", re.sub(r"\s+", " ", text))

    assert [d.strip() for d in plain(DARK_BY_SYSTEM) if d.strip()] == [
        d.strip() for d in plain(block(':root[data-theme="dark"]')) if d.strip()
    ]


def test_every_colour_of_the_light_theme_has_a_dark_one() -> None:
    assert set(LIGHT) == set(DARK)


def test_no_part_uses_a_colour_that_is_not_a_token() -> None:
    screen = CSS[CSS.index("/* Ground */") : CSS.index("@media print")]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", screen)) <= {"#fff"}  # the white a QR code needs
