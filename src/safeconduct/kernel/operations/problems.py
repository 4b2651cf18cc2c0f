"""Problem documents (RFC 9457): every refusal says what is wrong, where, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http import HttpResponse

MEDIA_TYPE = "application/problem+json"


class Code(StrEnum):
    """The stable codes of problems; the last part of a problem's `type`."""

    MALFORMED = "malformed"
    KEY_MISSING = "key-missing"
    KEY_UNKNOWN = "key-unknown"
    KEY_REVOKED = "key-revoked"
    KEY_EXPIRED = "key-expired"
    KEY_ELSEWHERE = "key-elsewhere"
    SIGNATURE_REFUSED = "signature-refused"
    SCOPE_MISSING = "scope-missing"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    CONFLICT = "conflict"
    EXISTS = "exists"
    KEY_REUSED = "idempotency-key-reused"
    IN_FLIGHT = "in-flight"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "media-type"
    INVALID = "invalid"
    RATE_LIMITED = "rate-limited"
    FAULT = "fault"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a code stands for: its HTTP status, its title, and what the caller can do."""

    status: int
    title: str
    way_out: str


KINDS: Mapping[Code, Kind] = {
    Code.MALFORMED: Kind(400, "The request cannot be read", "Send one JSON value in UTF-8, as the reference shows."),
    Code.KEY_MISSING: Kind(401, "No API key", "Send `Authorization: Bearer sck_…`."),
    Code.KEY_UNKNOWN: Kind(401, "Unknown API key", "Check that the whole key was copied; keys are shown only once."),
    Code.KEY_REVOKED: Kind(401, "The API key was revoked", "Use another key, or have a new one made."),
    Code.KEY_EXPIRED: Kind(401, "The API key has expired", "Have a new one made."),
    Code.KEY_ELSEWHERE: Kind(
        403, "The API key is not for this address", "Use it from one of its networks, or have one made for yours."
    ),
    Code.SIGNATURE_REFUSED: Kind(
        401, "The signature does not hold", "Check the connector's secret; sign the raw bytes of the body."
    ),
    Code.SCOPE_MISSING: Kind(403, "The API key lacks a scope", "Use a key that has the scope the detail names."),
    Code.FORBIDDEN: Kind(403, "This person may not do that", "Name a member of staff whose role includes it."),
    Code.NOT_FOUND: Kind(404, "There is nothing here", "Check the id or the address."),
    Code.METHOD_NOT_ALLOWED: Kind(405, "Method not allowed", "Use a method that the header Allow names."),
    Code.CONFLICT: Kind(409, "The state is another one", "Read the present state, then decide anew."),
    Code.EXISTS: Kind(409, "It exists already", "Use it, or choose another name."),
    Code.KEY_REUSED: Kind(
        409, "Idempotency-Key used for another request", "Use a new key for each request; repeat it only for retries."
    ),
    Code.IN_FLIGHT: Kind(
        409, "The first request with this key is not done", "Wait as long as Retry-After says, then send it again."
    ),
    Code.TOO_LARGE: Kind(413, "The request is too large", "Send it in parts; the detail names the limit."),
    Code.MEDIA_TYPE: Kind(415, "Media type not understood", "Send `Content-Type: application/json`."),
    Code.INVALID: Kind(422, "A field is wrong", "Correct the fields that `errors` names."),
    Code.RATE_LIMITED: Kind(429, "Too many requests", "Wait as long as Retry-After says."),
    Code.FAULT: Kind(500, "Something broke on our side", "Retry; if it stays, report the `instance`."),
    Code.UNAVAILABLE: Kind(
        503, "The database or the keys do not answer",
        "Retry after Retry-After with the same ids. Until then act as `fallback_action` says.",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong: where in the request, and what to do about it."""

    field: str
    problem: str


class Problem(Exception):
    """A refusal. `detail` is a sentence for people; `more` are further members of the document."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def response(self) -> HttpResponse:
        """The problem as an answer."""
        kind = KINDS[self.code]
        document: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "way_out": kind.way_out,
        }
        if self.errors:
            document["errors"] = [{"field": error.field, "problem": error.problem} for error in self.errors]
        document |= self.more
        body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        response = HttpResponse(body, status=kind.status, content_type=MEDIA_TYPE, headers=self.headers)
        response["Cache-Control"] = "no-store"
        return response


def invalid(field: str, problem: str) -> Problem:
    """One field of the request is wrong."""
    return Problem(Code.INVALID, f"{field}: {problem}" if field else problem, errors=[FieldError(field, problem)])


def not_found(what: str, name: str) -> Problem:
    """Nothing of this name or id."""
    return Problem(Code.NOT_FOUND, f"there is no {what} {name[:200]}")
