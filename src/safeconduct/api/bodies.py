"""Bytes to JSON, strictly: bounded in size and depth, and no number that JSON does not have."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from safeconduct.foundation.json_depth import MAX_DEPTH, is_too_deep
from safeconduct.kernel.operations.problems import Code, Problem

MAX_BYTES = 10 * 1024 * 1024
_JSON_TYPES = frozenset(
    {"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"}
)  # fmt: skip


def raw_body(request: HttpRequest, limit: int = MAX_BYTES) -> bytes:
    """The body. Raises Problem above the limit, or where it did not arrive whole."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not str(length).isascii() or not str(length).isdigit():
        raise Problem(Code.MALFORMED, "the header Content-Length is not a number")
    if int(length) > limit:
        raise _too_large(limit)
    try:
        body = request.body
    except RequestDataTooBig:
        raise _too_large(limit) from None
    except UnreadablePostError:
        raise Problem(Code.MALFORMED, "the body did not arrive whole; send it again") from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


def json_body(request: HttpRequest, raw: bytes) -> Any:
    """The JSON value of a body. Raises Problem, with the position, for what is none."""
    if not raw:
        raise Problem(Code.MALFORMED, "the body is empty; send JSON")
    given = (request.content_type or "").lower()
    if given not in _JSON_TYPES:
        raise Problem(Code.MEDIA_TYPE, f"{given[:80] or 'no Content-Type'} is not application/json")
    return parse(raw)


def parse(raw: bytes) -> Any:
    """As `json_body`, of bytes. Duplicate keys: the last one holds."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Problem(Code.MALFORMED, f"the body is not UTF-8 at byte {wrong.start}") from None
    try:
        value = json.loads(text, parse_float=_float, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        raise Problem(Code.MALFORMED, f"the body is not JSON at {where}: {wrong.msg}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as wrong:
        said = "a number has too many digits" if "digits" in str(wrong) else str(wrong)[:120]
        raise Problem(Code.MALFORMED, f"the body is not JSON: {said}") from None
    if is_too_deep(value, raw):
        raise _too_deep()
    return value


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number")
    return number


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number of JSON")


def _too_deep() -> Problem:
    return Problem(Code.MALFORMED, f"the body is nested more than {MAX_DEPTH} levels deep; no request needs that")


def _too_large(limit: int) -> Problem:
    return Problem(Code.TOO_LARGE, f"a body holds at most {limit} bytes; send it in parts")
