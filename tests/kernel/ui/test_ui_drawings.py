"""Drawings: nothing unescaped gets in, no broken number gets out."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.ui import charts
from safeconduct.kernel.ui.charts import Series
from safeconduct.kernel.ui.icons import PATHS, icon
from safeconduct.kernel.ui.svg import element, number, path, tone_class

NASTY = '</title><script>alert(1)</script>" onload="x&\''
labels = st.text('ab "<&>你', max_size=12)
values = st.one_of(st.none(), st.floats(min_value=0, max_value=1e12))


def well_formed(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def test_text_and_attributes_are_escaped() -> None:
    drawn = element("text", NASTY, class_=NASTY)
    assert "<script" not in drawn
    assert well_formed(drawn).text == NASTY
    assert well_formed(drawn).get("class") == NASTY


def test_a_safe_child_is_kept_but_a_safe_attribute_is_escaped_all_the_same() -> None:
    inner = element("b", "x")
    assert "<b>x</b>" in element("p", inner)
    assert "&lt;b&gt;" in element("p", title=inner)


@pytest.mark.parametrize("attribute", ["style", "onclick", "onload"])
def test_script_and_style_attributes_are_refused(attribute: str) -> None:
    with pytest.raises(ValueError, match="content policy"):
        element("rect", **{attribute: "x"})


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_broken_number_never_reaches_a_drawing(broken: float) -> None:
    with pytest.raises(ValueError, match="cannot use the number"):
        element("rect", x=broken)
    with pytest.raises(ValueError, match="cannot use the number"):
        path([(0.0, broken)])


def test_numbers_are_short_and_have_no_negative_zero() -> None:
    assert [number(v) for v in (1.0, 0.5, 1 / 3, -0.001, 1e6)] == ["1", "0.5", "0.33", "0", "1000000"]


def test_an_unknown_tone_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="use one of accent"):
        tone_class("red")


@pytest.mark.parametrize("name", sorted(PATHS))
def test_every_icon_is_well_formed_and_hidden_unless_it_has_a_name(name: str) -> None:
    assert well_formed(icon(name)).get("aria-hidden") == "true"
    assert well_formed(icon(name, "Close")).get("role") == "img"
    assert re.fullmatch(r"[MmLlHhVvCcSsQqTtAaZz0-9 .,\-]+", PATHS[name])


@given(st.lists(st.tuples(labels, values, values), max_size=30))
def test_any_series_gives_a_whole_chart_with_all_its_values_in_the_table(
    rows: list[tuple[str, float | None, float | None]],
) -> None:
    names = [re.sub(r"[^\w ]", "", label) for label, _a, _b in rows]
    series = [Series("one", [a for _l, a, _b in rows], "good"), Series("two", [b for _l, _a, b in rows], "bad")]
    for draw in (charts.bar_chart, charts.line_chart):
        chart = draw("Title", names, series)
        assert not re.search(r"nan|inf", re.sub(r">[^<]*<", "><", chart))
        assert len(well_formed(chart).findall(".//tbody/tr")) == len(rows)


@given(st.floats(min_value=1e-6, max_value=1e15))
def test_an_axis_holds_its_greatest_value_without_wasting_half_of_itself(value: float) -> None:
    top = charts.ceiling(value)
    assert value <= top * (1 + 1e-9)
    assert top <= max(value * 2.6, 4)


def test_an_axis_of_counts_is_not_cut_into_fractions() -> None:
    assert [charts.ceiling(v) for v in (1, 3, 4, 5, 9, 11, 100, 0)] == [4, 4, 4, 8, 12, 12, 100, 1]


def test_bars_refuse_what_they_cannot_show() -> None:
    with pytest.raises(ValueError, match="negative"):
        charts.bar_chart("T", ["a"], [Series("s", [-1])])
    with pytest.raises(ValueError, match="2 values for 1 labels"):
        charts.bar_chart("T", ["a"], [Series("s", [1, 2])])


def test_a_gap_in_the_measurements_stays_a_gap_in_the_line() -> None:
    chart = charts.line_chart("T", ["a", "b", "c", "d"], [Series("s", [1, None, 2, 3])])
    assert chart.count('class="stroke"') == 2


def test_what_spoke_against_grows_to_the_end_and_what_spoke_in_favour_to_the_start() -> None:
    against, favour = (well_formed(charts.signed_bar(w, 0.4, "x")).find("g/rect") for w in (0.4, -0.2))
    assert against is not None and favour is not None
    assert (against.get("x"), against.get("width")) == ("50", "50")
    assert (favour.get("x"), favour.get("width")) == ("25", "25")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(min_value=0, max_value=1e9))
def test_a_meter_never_leaves_its_track(value: float, limit: float) -> None:
    bar = well_formed(charts.meter_bar(value, "x", limit=limit)).find("g/rect")
    assert bar is not None
    assert 0 <= float(bar.get("width", "-1")) <= 100


@pytest.mark.parametrize("points", [[], [1.0], [None], [2.0, 2.0], [None, 1.0, 5.0]])
def test_a_sparkline_draws_any_number_of_points(points: list[float | None]) -> None:
    drawn = well_formed(charts.sparkline(points, "Trend")).findall(".//path")
    assert len(drawn) == (3 if any(point is not None for point in points) else 0), "ground, line and last point"
    heights = [float(y) for one in drawn for y in re.findall(r"[ML]\S+ (-?[\d.]+)", one.get("d", ""))]
    assert bool(heights) == bool(drawn) and all(0 <= height <= 28 for height in heights)
