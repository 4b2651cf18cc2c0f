"""Conditions cut into tokens, within limits that are checked before anything else is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from safeconduct.foundation.policy.yaml_reader import Scalar

#: The longest real condition seen in fraud policies has a few hundred characters; these leave room tenfold.
MAX_CHARACTERS = 4_000
MAX_TOKENS = 800
MAX_TEXT = 200

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>--|/\*|\*/|\#)
  | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<text>'(?:[^']|'')*')
  | (?P<foreign>==|=~|->)
  | (?P<operator><=|>=|<>|!=|[-+*/=<>(),])
    """,
    re.VERBOSE | re.ASCII,
)

#: What people write who come from another language, longest first: what to write instead.
_FOREIGN = {
    "{{": "templates are not filled in; write the name of a feature, score or field itself",
    "}}": "templates are not filled in; write the name of a feature, score or field itself",
    "{%": "templates are not filled in; write the condition itself",
    "${": "templates are not filled in; write the name itself",
    "::": "there are no casts; every value has its type already",
    "==": "write `=`",
    "&&": "write `AND`",
    "||": "write `OR` between conditions, concat(a, b) between texts",
    "->": "there is no JSON here; the event's fields are plain values",
    "=~": "there are no patterns; use starts_with(), ends_with() or contains()",
    "!~": "there are no patterns; use starts_with(), ends_with() or contains()",
    ";": "a condition is one expression; end it without `;`",
    ".": "there are no tables and no paths; write the field's name alone",
    "!": "write `NOT`",
    "%": "write mod(a, b)",
    "^": "write the product out",
    "~": "there are no patterns; use starts_with(), ends_with() or contains()",
    "&": "write `AND`",
    "|": "write `OR`",
    '"': "a text stands in single quotes: 'text'",
    "`": "write the name without quotes",
    "$": "there are no parameters; write the name itself",
    "?": "there are no parameters; write the name itself",
    ":": "there are no parameters; write the name itself",
    "@": "an operator's list is asked with in_list('name', value)",
    "[": "a set of values stands in parentheses: x IN ('a', 'b')",
    "]": "a set of values stands in parentheses: x IN ('a', 'b')",
    "{": "templates are not filled in; write the name itself",
    "}": "templates are not filled in; write the name itself",
}


#: Signs of mathematics that stand for ours.
_ALIKE = {"\u2265": ">=", "\u2264": "<=", "\u2260": "<>", "\u00d7": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-"}


class Kind(StrEnum):
    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A token. `word`: the name in lower case, the operator, the number's digits or the text without its quotes.
    `start` and `end` are offsets in the policy file; `raw` is as it was written."""

    kind: Kind
    word: str
    raw: str
    start: int
    end: int

    @property
    def at(self) -> tuple[int, int]:
        return self.start, self.end


class ExpressionError(Exception):
    """Why a condition cannot be read, where, and what to write instead."""

    def __init__(self, at: tuple[int, int], code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.code = code
        self.message = message
        self.hint = hint


def tokens(text: Scalar) -> list[Token]:
    """The tokens of a condition, with an END at last. Raises ExpressionError; takes time linear in the text."""
    value = text.value
    if len(value) > MAX_CHARACTERS:
        raise ExpressionError(
            text.piece(0, 20),
            "too-long",
            f"the condition has {len(value):,} characters; at most {MAX_CHARACTERS:,} are allowed",
            "split it into several rules; long sets of values belong into an operator's list, see in_list()",
        )
    found: list[Token] = []
    at = 0
    while at < len(value):
        match = _TOKEN.match(value, at)
        if match is None or match.lastgroup == "foreign":
            raise _foreign(text, at)
        kind, raw = str(match.lastgroup), match.group()
        if kind == "comment":
            raise ExpressionError(
                text.piece(at, match.end()), "comment", "comments do not belong into a condition",
                "put it after `#` outside of the quotes, or into `because`",
            )  # fmt: skip
        if kind != "space":
            found.append(_token(text, kind, raw, at, match.end()))
            if len(found) > MAX_TOKENS:
                raise ExpressionError(
                    found[-1].at, "too-long", f"the condition has more than {MAX_TOKENS} words and signs",
                    "split it into several rules",
                )  # fmt: skip
        at = match.end()
    end = text.place(len(value))
    found.append(Token(Kind.END, "", "", end, end + 1))
    return found


def _token(text: Scalar, kind: str, raw: str, start: int, end: int) -> Token:
    at = text.piece(start, end)
    following = text.value[end : end + 1]
    if kind == "text":
        return Token(Kind.TEXT, _text(text, raw, start), raw, *at)
    if kind == "number":
        if following.isalnum() or following == "_" or following == ".":
            raise ExpressionError(
                text.piece(start, end + 1), "number", f"`{raw}{following}` is not a number",
                "numbers are written 42 or 0.6, without exponents, signs of grouping or units",
            )  # fmt: skip
        if not raw[0].isdigit():
            raise ExpressionError(at, "number", f"`{raw}` is not a number", f"write 0{raw}")
        return Token(Kind.NUMBER, raw, raw, *at)
    if kind == "name":
        if following == "'" and raw.lower() in ("e", "b", "x", "n", "u"):
            raise ExpressionError(at, "text", f"texts have no prefix `{raw}`", "write 'text', and '' for a quote in it")
        return Token(Kind.NAME, raw.lower(), raw, *at)
    return Token(Kind.OPERATOR, "<>" if raw == "!=" else raw, raw, *at)


def _text(text: Scalar, raw: str, start: int) -> str:
    value = raw[1:-1].replace("''", "'")
    if len(value) > MAX_TEXT:
        raise ExpressionError(
            text.piece(start, start + 10), "too-long", f"a text of {len(value):,} characters; at most {MAX_TEXT}",
            "compare a shorter text, for example with starts_with()",
        )  # fmt: skip
    for index, letter in enumerate(raw):
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            raise ExpressionError(
                text.piece(start + index, start + index + 1),
                "invisible",
                f"an invisible character ({_name(letter)}) stands in this text",
                "remove it: what a reviewer cannot see must not decide",
            )
    return value


def _foreign(text: Scalar, at: int) -> ExpressionError:
    value = text.value
    if value[at] == "'":
        return ExpressionError(
            text.piece(at, at + 1),
            "text",
            "this text has no closing quote",
            "close it with ', and write '' for a quote in it",
        )
    for sign, hint in _FOREIGN.items():
        if value.startswith(sign, at):
            return ExpressionError(
                text.piece(at, at + len(sign)), "sign", f"`{sign}` is not part of the policy language", hint
            )
    letter = value[at]
    plain = unicodedata.normalize("NFKC", letter)
    hint = "names consist of a to z, 0 to 9 and _; other letters only stand in texts: '…'"
    if letter in _ALIKE:
        hint = f"write `{_ALIKE[letter]}`"
    elif letter.isspace():
        hint = "write an ordinary space"
    elif letter in "\u2018\u2019\u201c\u201d":
        hint = "write a straight single quote: '"
    elif plain != letter and _TOKEN.fullmatch(plain):
        hint = f"write `{plain}`"
    return ExpressionError(
        text.piece(at, at + 1), "character", f"the character {_name(letter)} cannot stand here", hint
    )


def _name(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return f"U+{ord(letter):04X}" + (f" {name}" if name else "")
