"""JSON is read by one parser at the door and by another inside; what the door lets in says the same to both."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.api.bodies import parse
from safeconduct.foundation import compact_json
from safeconduct.kernel.operations.problems import Problem

#: Texts of numbers as senders write them, right and wrong.
_NUMBERS = st.sampled_from(
    ["0", "-0", "-0.0", "1.0", "1E5", "1e+2", "5e-324", "1e-400", "1e308", "1e309", "18446744073709551616", "1" * 300,
     "-9223372036854775809", "123456789012345678901234567890.5", "01", "1.", ".5", "+1", "0x1", "NaN", "-Infinity", "١"]
) | st.floats().map(repr) | st.integers().map(str)  # fmt: skip
_WORDS = st.sampled_from(
    ['"a"', '"\\u0061"', '"\\/"', '"\\ud83d\\ude00"', '"\t"', '"\\x"', '"é"', '"\x7f"', "'a'", "true", "False", "null",
     '""', '"__proto__"', "", "/**/"]
)  # fmt: skip


def _objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects, most of them with a key twice, once in other letters."""
    pairs = st.lists(st.tuples(st.sampled_from(['"a"', '"\\u0061"', '"b"', '""']), inner), max_size=5)
    return st.tuples(pairs, st.sampled_from([",", " , ", ",,"])).map(
        lambda told: "{" + told[1].join(f"{key}:{value}" for key, value in told[0]) + "}"
    )


_TEXTS = st.recursive(
    _NUMBERS | _WORDS,
    lambda inner: st.lists(inner, max_size=4).map(lambda values: "[" + ",".join(values) + "]") | _objects(inner),
    max_leaves=12,
)


@given(_TEXTS)
def test_what_the_door_lets_in_is_read_alike_inside(text: str) -> None:
    raw = text.encode()
    try:
        value = parse(raw)
    except Problem:
        return
    inside = compact_json.loads(raw)
    assert (value, repr(value)) == (inside, repr(inside)), "kinds of numbers, and the key that was there last, too"


def test_the_last_of_two_keys_holds_for_both() -> None:
    text = b'{"amount": 1, "\\u0061mount": 2}'
    assert parse(text) == compact_json.loads(text) == {"amount": 2}
