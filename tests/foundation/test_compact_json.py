"""JSON on the hot path says what the standard library's says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.foundation import compact_json

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_what_is_written_is_read_back_by_both(value: object) -> None:
    text = compact_json.dumps(value)
    assert json.loads(text) == value
    assert compact_json.loads(text) == value
    assert compact_json.loads(json.dumps(value)) == value


def test_a_number_beyond_a_double_is_read_as_the_standard_library_reads_it() -> None:
    assert compact_json.loads(b"[1e400]") == [float("inf")]


def test_half_a_pair_and_what_json_does_not_have_are_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        compact_json.dumps("\ud800")
    with pytest.raises(TypeError):
        compact_json.dumps(object())
    with pytest.raises(ValueError, match=r"malformed|truncated"):
        compact_json.loads(b"{")
