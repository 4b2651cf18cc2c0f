"""Whatever went wrong, as a problem document."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

from safeconduct.api import outage
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.claims.errors import ClaimsError
from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.decisions.running import PolicyBroken
from safeconduct.kernel.events.log import BatchTooLarge
from safeconduct.kernel.notices.errors import NoticesError
from safeconduct.kernel.operations.problems import KINDS, Code, FieldError, Problem
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.vault.errors import KeyProcessUnavailable

logger = logging.getLogger(__name__)

_BY_STATUS = {
    400: Code.MALFORMED, 403: Code.FORBIDDEN, 404: Code.NOT_FOUND, 409: Code.CONFLICT, 422: Code.INVALID,
}  # fmt: skip
#: Words of pydantic for where a value was looked for, which are no part of a field's name.
_PLACES = frozenset({"body", "query", "path", "header"})


def refusal(request: HttpRequest, problem: Exception) -> HttpResponse:
    """The answer to a request that could not be done. What is not expected is logged under an id, and told as it."""
    told = problem_of(request, problem)
    request.refused_as = told.code.value  # type: ignore[attr-defined]
    return told.response()


def problem_of(request: HttpRequest, problem: Exception) -> Problem:
    """An exception as a problem."""
    match problem:
        case Problem():
            return problem
        case ValidationError():
            return _validation(problem)
        case BatchTooLarge():
            return Problem(Code.TOO_LARGE, str(problem))
        case DecisionsError():
            code = _BY_STATUS.get(problem.status, Code.CONFLICT)
            return Problem(code, str(problem), more={"code": problem.code})
        case NoticesError() | CasesError() | ClaimsError() | Refusal() if problem.status < 500:
            code = _BY_STATUS.get(problem.status, Code.CONFLICT)
            field = getattr(problem, "field", "")
            errors = [FieldError(field, str(problem))] if field else []
            return Problem(code, str(problem), errors=errors, more={"code": problem.code})
        case Http404():
            return Problem(Code.NOT_FOUND, "there is nothing at this address")
        case HttpError():
            return Problem(_BY_STATUS.get(problem.status_code, Code.MALFORMED), problem.message)
        case SuspiciousOperation() | BadRequest():
            return Problem(Code.MALFORMED, "the request is not as expected")
    if isinstance(problem, PolicyBroken):  # nothing was taken in; sources send it again until a lead has mended it
        logger.error("a live policy does not read any more: %s %s", request.method, request.path)
        return outage.unavailable()
    if isinstance(problem, KeyProcessUnavailable):
        logger.error("%s: %s %s", problem, request.method, request.path)
        return outage.unavailable()
    if outage.is_database_failure(problem):
        outage.note(problem)
        logger.warning(
            "the database failed %s %s (%s)",
            request.method,
            request.path,
            type(problem).__name__,
            extra={"request": request, "status_code": 503},
        )
        return outage.unavailable()
    instance = f"fault-{secrets.token_hex(6)}"
    logger.error(
        "%s: %s %s",
        instance,
        request.method,
        request.path,
        exc_info=problem,
        extra={"request": request, "status_code": 500, "facts": {"key": getattr(request, "key_id", "")}},
    )
    return Problem(Code.FAULT, "the request was not carried out as asked", more={"instance": instance})


def not_allowed(allow: str) -> Problem:
    """The address exists, but not for this method."""
    return Problem(Code.METHOD_NOT_ALLOWED, f"this address answers {allow}", headers={"Allow": allow})


def _validation(problem: ValidationError) -> Problem:
    errors = []
    for error in problem.errors[:100]:
        place = [str(part) for part in error["loc"]]
        if place and place[0] in _PLACES:
            place = place[1:]
        # ninja names the argument that holds the body; callers do not know it
        if place and place[0] in ("sent", "asked"):
            place = place[1:]
        errors.append(FieldError(".".join(place), _said(error)))
    named = ", ".join(dict.fromkeys(error.field or "body" for error in errors))
    return Problem(Code.INVALID, f"{KINDS[Code.INVALID].title}: {named}", errors=errors)


def _said(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, in words of ours where pydantic's speak of its workings."""
    bounds = error.get("ctx", {})
    unit = "letters" if isinstance(error.get("input"), str) else "items"
    match error["type"]:
        case "missing":
            return "this field is needed"
        case "extra_forbidden":
            return "there is no such field here"
        case "too_short" | "string_too_short":
            return f"is shorter than {bounds['min_length']} {unit}" if bounds["min_length"] > 1 else "is empty"
        case "too_long" | "string_too_long":
            return f"is longer than {bounds['max_length']} {unit}"
        case "timezone_aware":
            return "has no time zone; add Z or an offset such as +08:00"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
        case _:
            return str(error["msg"])
