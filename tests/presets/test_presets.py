"""The marketplace's numbers: read strictly, dated, each with its source."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from safeconduct.presets import numbers
from safeconduct.presets.numbers import PresetMalformed, preset, read
from safeconduct.protections.transactions.coverage.shipped import shipped_templates

FILE = Path(numbers.__file__).parent / "jd-like.yaml"
TEXT = FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", numbers.names())
def test_every_preset_that_comes_along_is_whole_and_names_a_template_there_is(name: str) -> None:
    found = preset(name)
    assert found.name == name
    for version in found.versions:
        assert version.coverage in shipped_templates()
        parts = (version.commission, version.protection_fee, version.release, version.review, version.holds)
        for part in (*parts, version.payouts):
            assert part.origin.source and part.origin.sure
        assert version.review.longest > timedelta(0)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("commission:", "comission:", r"versions\[0\].comission: is not known here; there are .*commission"),
        ("share: 8%", "share: 8", "commission.share: write a share such as 8%"),
        ("share: 8%", "share: 8.125%", "commission.share: write a share"),
        ("share: 8%", "share: 99.8%", "takes the whole sale"),
        ("after_delivery: 7 days", "after_delivery: soon", "release.after_delivery: `soon` is not a length"),
        ("before_lapse: 24 hours", "before_lapse: 8 days", "review.before_lapse: leaves no time"),
        ("sure: ours", "sure: certain", "sure: can be published, reported, memory, ours"),
        ("weekday: thursday", "weekday: someday", "payouts.weekday: must be one of monday"),
        ("every: week", "every: day", "payouts.weekday: has a meaning only with"),
        ("hour: 6", "hour: 25", "payouts.hour"),
        ("[10 USD,", "[10 USX,", "payouts.minimums: 'USX' is not a currency code"),
        ("[10 USD,", "[10.001 USD,", "payouts.minimums"),
        ("valid_from: 2020-01-01", "valid_from: soon", "valid_from: must be a day"),
        ("versions:", "versions: []\nmore:", "more: is not known here"),
        ("    holds:", "    #holds:", "holds: is missing; add"),
        ("preset: jd-like", "preset: [", "is no YAML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_the_way_out(before: str, after: str, says: str) -> None:
    assert before in TEXT
    with pytest.raises(PresetMalformed) as refused:
        read(TEXT.replace(before, after, 1), "mine.yaml")
    assert re.search(says, str(refused.value)), refused.value
    assert str(refused.value).startswith("mine.yaml: ")


def test_a_preset_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(PresetMalformed, match=r"SAFECONDUCT_PRESET.*eu-fair, jd-like"):
        preset("jd_like")


def test_an_order_has_the_numbers_of_its_day() -> None:
    later = TEXT[TEXT.index("  - valid_from") :].replace("2020-01-01", "2026-07-01").replace("share: 8%", "share: 9.5%")
    found = read(TEXT + later, "mine.yaml")
    assert found.on(date(2026, 6, 30)).commission.of(10_000) == 800
    assert found.on(date(2026, 7, 1)).commission.of(10_000) == 950
    assert found.on(date(2019, 1, 1)).commission.of(10_000) == 800
    with pytest.raises(PresetMalformed, match="later day"):
        read(TEXT + later.replace("2026-07-01", "2019-07-01"), "mine.yaml")


def test_payouts_are_due_on_their_weekday_at_their_hour() -> None:
    weekly = preset("jd-like").on(date(2026, 6, 1)).payouts  # Thursdays at six
    thursday = datetime(2026, 6, 4, 6, tzinfo=UTC)
    assert weekly.due(thursday) == thursday
    assert weekly.due(thursday - timedelta(seconds=1)) == thursday - timedelta(days=7)
    assert weekly.following(thursday) == thursday + timedelta(days=7)
    daily = preset("eu-fair").on(date(2026, 6, 1)).payouts
    assert daily.due(thursday) == thursday.replace(hour=5)
    assert daily.following(thursday) == thursday.replace(hour=5) + timedelta(days=1)


def test_shares_are_rounded_half_to_even() -> None:
    share = preset("jd-like").on(date(2026, 6, 1)).protection_fee
    assert [share.of(minor) for minor in (0, 100, 500, 1_500, 10_000)] == [0, 0, 2, 4, 30]
