"""A protection for tests with one neutral kind of case. Its effects keep an account of what they were asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from safeconduct.kernel.cases.kinds import CaseKind
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.protection import Protection
from safeconduct.kernel.scope import query

TEXT = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")


def _pays(name: str):  # type: ignore[no-untyped-def]
    def effect(moved: Sequence[Moved], at: datetime) -> None:
        # A leaf is what every login of the house may write: it serves as the account of what was paid.
        for one in moved:
            query(
                "INSERT INTO leaf (kind, subject, body, created_at) VALUES ('paid', %s, jsonb_build_object('what', %s::text), %s)",
                [one.case_id, name, at],
            )

    return effect


def _never_on_friday(moved: Sequence[Moved], at: datetime) -> Mapping[str, str]:
    return {one.case_id: "nobody contests on a Friday; come back tomorrow" for one in moved if at.weekday() == 4}


EXAMPLE = CaseKind(
    "example", TEXT.replace("        needs: [words]\n      withdraw:", "        needs: [words]\n        guards: [not_on_friday]\n      withdraw:"),
    effects={name: _pays(name) for name in ("refund", "release", "execute_outcome", "fund_pays", "correct")},
    guards={"not_on_friday": _never_on_friday},
    url="/portal/example/{id}",
    restricts=True,
)  # fmt: skip
PROTECTION = Protection("neutral", "Neutral", "scales", case_kinds=(EXAMPLE,))
