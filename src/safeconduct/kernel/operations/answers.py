"""Answers as JSON: their language, their times, and rows to make them of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation.trans_real import parse_accept_lang_header

from safeconduct.kernel.decisions.reasons import LANGUAGES
from safeconduct.kernel.scope import query

DEFAULT_LANGUAGE = "en"
#: Set on an answer that is not kept for a retry: a better one will exist soon, or nobody should keep what it holds.
PASSING = "_passing"
#: PostgreSQL's number of the type jsonb.
_JSONB = 3802


def language_of(request: HttpRequest) -> str:
    """The first language of Accept-Language in which reasons are written; English otherwise."""
    for wanted, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500].lower()):
        short = wanted.partition("-")[0]
        if short in LANGUAGES:
            return short
    return DEFAULT_LANGUAGE


def respond(document: Any, *, status: int = 200, language: str = "") -> HttpResponse:
    """A JSON answer."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    response = HttpResponse(body, status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    if language:
        response["Content-Language"] = language
        response["Vary"] = "Accept-Language"
    return response


def written(at: datetime | None) -> str | None:
    """A time as RFC 3339 in UTC, to the microsecond."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read(statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows by column name. Needs an open scope."""
    cursor = query(statement, parameters)
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    # Django's connections leave JSON as text, for its own fields to read.
    documents = [column.name for column in cursor.description if column.type_code == _JSONB]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    for row in rows:
        for name in documents:
            if isinstance(row[name], str):
                row[name] = json.loads(row[name])
    return rows


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return written(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
