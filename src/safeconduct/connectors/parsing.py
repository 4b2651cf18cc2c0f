"""Bytes to JSON, exactly: decimals stay decimals, and what cannot be read is refused with its position."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256

from safeconduct.connectors.results import RefusalReason, RefusedItem


def parse(raw: bytes) -> dict[str, object] | RefusedItem:
    """The JSON object of a body, its decimals exact; or why it is none, with the position."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8 at byte {error.start}"
        return RefusedItem(body_id(raw), RefusalReason.NOT_TEXT, "", detail, position=f"byte {error.start}")
    return parse_text(text, raw)


def parse_text(text: str, raw: bytes) -> dict[str, object] | RefusedItem:
    """As `parse`, of text already decoded."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        detail = f"the body is not JSON at {position}: {error.msg}"
        return RefusedItem(body_id(raw), RefusalReason.NOT_JSON, "", detail, position=position)
    except RecursionError:
        return too_deep(raw)
    except (ValueError, ArithmeticError) as error:
        return RefusedItem(body_id(raw), RefusalReason.NOT_JSON, "", f"the body is not JSON: {str(error)[:120]}")
    if not isinstance(value, dict):
        detail = "the body is JSON, and not an object; send one object with its fields"
        return RefusedItem(body_id(raw), RefusalReason.NOT_AN_OBJECT, "", detail)
    return value


def no_constant(word: str) -> object:
    """Refuses NaN and Infinity, which Python reads and JSON does not have. Raises ValueError."""
    raise ValueError(f"{word} is not a number of JSON")


def digest(raw: bytes) -> str:
    """Half of the SHA-256 of a body, in hex: its id where it has none of its own."""
    return sha256(raw).hexdigest()[:32]


def body_id(raw: bytes) -> str:
    """The id of a body that gives none: ``sha256-`` and its digest. The same bytes have the same id."""
    return f"sha256-{digest(raw)}"


def too_deep(raw: bytes) -> RefusedItem:
    """The refusal of a body nested beyond what can be read."""
    detail = "the body is nested too deeply to be read; no source sends such a body"
    return RefusedItem(body_id(raw), RefusalReason.TOO_DEEP, "", detail)
