"""A template's author is told where, what, and the way out."""

from __future__ import annotations

from importlib.resources import files

import pytest

from safeconduct.protections.transactions.coverage.reading import TemplateError, read_template
from safeconduct.protections.transactions.coverage.shipped import shipped_templates

TEXT = (files("safeconduct.protections.transactions") / "templates" / "jd-like.yaml").read_text(encoding="utf-8")


def refused(before: str, after: str) -> str:
    assert before in TEXT
    with pytest.raises(TemplateError) as caught:
        read_template(TEXT.replace(before, after, 1), "mine.yaml")
    return str(caught.value)


def test_every_shipped_template_is_accepted_and_says_where_its_figures_come_from() -> None:
    for template in shipped_templates().values():
        for condition in template.conditions.values():
            assert len(condition.origin.source) > 5


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("within: 48 hours", "within: 2 fortnights", "`2 fortnights` is not a length of time"),
        ("kind: shipped", "kind: shiped", "did you mean `shipped`?"),
        ("order: 250 USD", "order: 250 dollars", "write an amount such as `250 USD`"),
        ("share: 50%", "share: half", "write 1% to 99%"),
        ("    sure: ours\n", "    sure: certain\n", "there are"),
        ("[accepted, in_transit, customs,", "[accepted, in_tranzit, customs,", "did you mean `in_transit`?"),
        ("valid_from: 2020-01-01", "valid_from: soon", "year-month-day"),
        ("not_as_described:\n", "not_as_described_at_all:\n", "did you mean `not_as_described`?"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_the_way_out(before: str, after: str, said: str) -> None:
    text = refused(before, after)
    assert said in text
    line = TEXT[: TEXT.index(before)].count("\n") + 1
    assert f"mine.yaml:{line}:" in text


def test_a_figure_without_a_source_is_not_accepted() -> None:
    assert "lacks `source`" in refused("    source: jd.hk rule pages, shipping\n", "")


def test_a_cause_nobody_speaks_of_is_not_accepted() -> None:
    cut = TEXT[TEXT.index("excludes:") :]
    assert "nothing is said about `not_as_described`" in refused(cut, "")


def test_a_condition_that_does_not_exist_cannot_be_asked_for() -> None:
    assert "did you mean `tracking`?" in refused("ship_by, tracking, pickup_scan", "ship_by, traking, pickup_scan")


@pytest.mark.parametrize("text", ["", "- a\n- b", "template: x", "{", "template: [1"])
def test_whatever_is_given_is_refused_with_words(text: str) -> None:
    with pytest.raises(TemplateError):
        read_template(text)
