"""Lists reach PostgreSQL as they are, whichever way they go."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.builders import START

from safeconduct.foundation.pg_arrays import Blobs, Numbers, Texts, quick
from safeconduct.kernel.scope import engine_scope, query

INT8 = st.integers(-(2**63), 2**63 - 1)


def there_and_back(placeholder: str, kind: str, values: list[Any]) -> list[Any]:
    with engine_scope():
        row = query(f"SELECT {placeholder}::{kind}[]", [values]).fetchone()
    assert row is not None
    return list(row[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(INT8, min_size=1, max_size=200))
def test_whole_numbers_come_back_as_text_and_as_bytes(values: list[int]) -> None:
    assert type(quick([values])[0]) is Numbers
    assert there_and_back("%s", "bigint", values) == values == there_and_back("%b", "bigint", values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=60))
def test_texts_come_back_with_quotes_backslashes_braces_and_the_word_null(values: list[str]) -> None:
    for listed in (values, [*values, "NULL", "", "{a,b}", " ", "日本"], [*values, 'say "\\"']):
        assert there_and_back("%s", "text", listed) == listed == there_and_back("%b", "text", listed)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=60))
def test_bytes_come_back(values: list[bytes]) -> None:
    assert type(quick([values])[0]) is Blobs
    assert there_and_back("%b", "bytea", values) == values


def test_only_plain_lists_go_the_quick_way() -> None:
    plain: list[Any] = ["a"] * 3
    assert type(quick([plain])[0]) is Texts
    unlike = ([], [*plain, None], [*plain, 1], [*plain, '"'], [*plain, "\\"], [True], [START], [2**63], [-(2**63) - 1])
    for other in unlike:
        assert quick([other])[0] is other


def test_times_come_back_in_utc() -> None:
    with engine_scope():
        row = query("SELECT %s::timestamptz", [START]).fetchone()
    assert row is not None and row[0] == START and row[0].utcoffset() == START.utcoffset()
