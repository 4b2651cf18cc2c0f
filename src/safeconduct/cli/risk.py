"""`risk rba`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from safeconduct.cli.given import json_line
from safeconduct.cli.output import OK, emit_json, fail
from safeconduct.foundation.login_risk import History, Levels, Seen, own_counts, risk_score, weights_of

_PARTS: Final = ("columns", "weights", "rows", "cases")
_MOST_BYTES: Final = 500_000_000


def rba(file: Path, *, as_json: bool) -> int:
    """Scores the cases of a file: `columns` and `rows` of sign-ins (the person first), `weights` of the levels of each
    feature, and `cases`, each the row that is scored and the rows that are the person's history.

    The counters over everybody hold all rows, as in the reference; `num_users`, where it is given, is how many people.
    """
    given = _read(file)
    try:
        scored = _score(given)
        told_scores = [row for row in scored if row["expected"] is not None]
        errors = [_error(row["score"], row["expected"]) for row in told_scores if row["score"] is not None]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
        fail(f"{file}: {type(problem).__name__} {problem}; the format is described in docs/account-risk.md")
    told = {
        "file": str(file), "cases": len(scored), "compared": len(errors),
        "without_history": len(told_scores) - len(errors), "max_relative_error": max(errors, default=None),
        "scores": scored,
    }  # fmt: skip
    if as_json:
        emit_json(told)
    else:
        for row in scored:
            sys.stdout.write(f"{row['user']}\t{row['attempt_row']}\t{row['score']}\n")
        sys.stdout.write(f"{len(scored)} scored; largest relative error: {told['max_relative_error']}\n")
    return OK


def _read(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            fail(f"{file} is larger than {_MOST_BYTES} bytes; score it in parts")
        given = json_line(file.read_bytes())
    except OSError as problem:
        fail(f"{file} cannot be read ({problem.strerror}); name a file that is there")
    except ValueError as problem:
        fail(f"{file} is not JSON: {problem}")
    if not isinstance(given, dict) or (missing := [part for part in _PARTS if part not in given]):
        fail(
            f"{file} has no {', '.join(missing) if isinstance(given, dict) else 'object'}; it needs {', '.join(_PARTS)}"
        )
    return given


def _score(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    places = {name: position for position, name in enumerate(given["columns"])}
    features = weights_of(given["weights"])
    columns = [[places[level] for level in levels] for levels, _ in features.values()]
    rows: Sequence[Sequence[Any]] = given["rows"]
    sign_ins: list[list[Levels]] = [[tuple(row[place] for place in places) for places in columns] for row in rows]
    history = History(*(weights for _, weights in features.values()))
    for row, levels in zip(rows, sign_ins, strict=True):
        history.learn(row[0], levels)
    people = int(given.get("num_users", history.people))
    scored = []
    for case in given["cases"]:
        attempt = sign_ins[_place(case["attempt_row"], rows)]
        past = [sign_ins[_place(place, rows)] for place in case["history_rows"]]
        seen = [
            Seen(one.weights, one.everywhere, own, one.coarse_values, one.inside)
            for one, own in zip(history.seen(case["user"], attempt), own_counts(past, attempt), strict=True)
        ]
        score = risk_score(seen, logins=history.logins, own_logins=len(past), people=people)
        expected = case.get("score")
        scored.append(
            {"user": case["user"], "attempt_row": case["attempt_row"], "score": score, "expected": expected}
        )  # fmt: skip
    return scored


def _place(given: Any, rows: Sequence[Any]) -> int:
    """A row's number. Python would take a negative one from the end."""
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < len(rows):
        raise ValueError(f"there is no row {given!r} among {len(rows)}")
    return given


def _error(score: float, expected: float) -> float:
    return abs(score - expected) / abs(expected) if expected else abs(score)
