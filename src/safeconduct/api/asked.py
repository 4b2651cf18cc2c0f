"""Query parameters that an operation does not have are refused: whoever misspells a filter must not take all rows for
the few that were asked for."""

from __future__ import annotations

from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from safeconduct.api.gate import View
from safeconduct.foundation.policy.diagnostics import choices, suggest
from safeconduct.kernel.operations.problems import KINDS, Code, FieldError, Problem

#: How many are named, and how much of each.
_NAMED: Final = 20
_LETTERS: Final = 60


def known_alone(run: View) -> View:
    """Puts the check before an operation's own reading of its parameters. ``run``: ninja's, which knows them."""

    @wraps(run)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET:
            _refuse_unknown(request, _parameters(run))
        return run(request, *args, **kwargs)

    return checked


def _parameters(run: View) -> frozenset[str]:
    models = run.__self__.models  # type: ignore[attr-defined]
    return frozenset(
        name for model in models if model.__ninja_param_source__ == "query" for name in model.__ninja_flatten_map__
    )


def _refuse_unknown(request: HttpRequest, known: frozenset[str]) -> None:
    unknown = [name[:_LETTERS] for name in request.GET if name not in known][:_NAMED]
    if unknown:
        said = "there is no such query parameter here; "
        errors = [FieldError(name, said + _way_out(name, known)) for name in unknown]
        raise Problem(Code.INVALID, f"{KINDS[Code.INVALID].title}: {', '.join(unknown)}", errors=errors)


def _way_out(name: str, known: frozenset[str]) -> str:
    if not known:
        return "this address takes none"
    return suggest(name, known) or f"there is {choices(known, 20)}"
