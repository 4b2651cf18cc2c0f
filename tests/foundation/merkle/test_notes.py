"""Signed notes, checkpoints and canonical JSON, against published answers."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.foundation.canonical_json import LARGEST, NotCanonical, canonical
from safeconduct.foundation.signed_note import (
    COSIGNATURE,
    Checkpoint,
    Note,
    NoteRefused,
    VerifierKey,
    cosign,
    sign,
    signature_line,
    witnessed_at,
)

# The example of the C2SP signed-note specification.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"a key of these tests").digest())
MINE = VerifierKey("shop.example/record", KEY.public_key().public_bytes_raw())
HEAD = Checkpoint("shop.example/record", 42, sha256(b"root").digest())


def test_the_example_of_the_specification_is_verified() -> None:
    key = VerifierKey.parse(VKEY)
    assert str(key) == VKEY
    assert Note.parse(NOTE).verified([key]) == (key,)
    assert str(Note.parse(NOTE)) == NOTE


@pytest.mark.parametrize(
    "changed", [NOTE.replace("an example", "our example"), NOTE.replace("Uw2QOkn8", "Uw2QOkn9"), NOTE + "\n"]
)
def test_a_note_that_was_changed_is_refused(changed: str) -> None:
    with pytest.raises(NoteRefused):
        Note.parse(changed).verified([VerifierKey.parse(VKEY)])


def test_a_signature_of_an_unknown_key_proves_nothing() -> None:
    with pytest.raises(NoteRefused, match="none of the known keys"):
        Note.parse(NOTE).verified([MINE])


def test_a_checkpoint_survives_signing_and_reading() -> None:
    note = sign(str(HEAD), MINE.name, KEY)
    again = Note.parse(str(note))
    assert again.verified([MINE]) == (MINE,)
    assert Checkpoint.parse(again.text) == HEAD
    assert VerifierKey.parse(str(MINE)) == MINE


def test_a_witness_signs_the_time_at_which_it_saw_a_checkpoint() -> None:
    witness = VerifierKey("partner.example", MINE.public, COSIGNATURE)
    line = cosign(str(HEAD), witness.name, KEY, 1_780_000_000)
    note = sign(str(HEAD), MINE.name, KEY).with_lines([line])
    assert Note.parse(str(note)).verified([MINE, witness]) == (MINE, witness)
    assert witnessed_at(signature_line(str(line))) == 1_780_000_000
    later = (1_780_000_001).to_bytes(8, "big") + line.signature[8:]
    with pytest.raises(NoteRefused, match="does not fit"):
        Note(note.text, (type(line)(line.name, line.id, later),)).verified([witness])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAAA\n",
        "a\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1\nAAAA\n",
        "\n1\nx\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


@pytest.mark.parametrize("text", ["", "a", "a+b+c", VKEY[:-4], VKEY.replace("530d903a", "530d903b")])
def test_a_verifier_key_copied_badly_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(text)


def test_keys_are_sorted_as_rfc_8785_shows() -> None:
    # RFC 8785, 3.2.3: the order of UTF-16 code units, in which an emoji comes before U+FB33.
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    body = ",".join(f'"{name}":1'.replace("\r", "\\r") for name in expected)
    assert canonical(dict.fromkeys(names, 1)) == ("{" + body + "}").encode()


def test_text_is_escaped_as_rfc_8785_shows() -> None:
    # RFC 8785, 3.2.2: the string of its example.
    assert (
        canonical("\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f")
        == rb'"' + "€$".encode() + rb"\u000f\nA'B\"\\\\\"/" + b'"'
    )
    assert canonical({"b": [None, True, False], "a": {}}) == b'{"a":{},"b":[null,true,false]}'


@pytest.mark.parametrize("value", [1.0, LARGEST + 1, -LARGEST - 1, {1: 2}, {"a": [0.5]}, b"x", "\ud800", {"\ud800": 1}])
def test_what_readers_of_json_do_not_agree_on_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_the_canonical_form_is_json_of_the_same_value_and_does_not_depend_on_the_order(value: object) -> None:
    import json

    def turned(part: object) -> object:
        if isinstance(part, dict):
            return {key: turned(part[key]) for key in reversed(part)}
        return [turned(one) for one in part] if isinstance(part, list) else part

    assert json.loads(canonical(value)) == value
    assert canonical(turned(value)) == canonical(value)
