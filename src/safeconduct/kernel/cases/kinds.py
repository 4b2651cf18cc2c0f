"""What kinds of cases there are: each a workflow, and functions for its conditions and its effects on money.

Protections bring theirs in `Protection.case_kinds`; this room knows them only by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol, cast

from safeconduct.kernel.cases.dsa import Restriction
from safeconduct.kernel.cases.errors import NoSuchKind, WorkflowRefused
from safeconduct.kernel.cases.lint import checked
from safeconduct.kernel.cases.models import Case, StoredOutcome
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.reading import Preset, read_preset
from safeconduct.kernel.cases.words import Remedy
from safeconduct.kernel.cases.workflow import NO_MONEY, Workflow
from safeconduct.kernel.decisions.reactions import reactions

Effect = Callable[[Sequence[Moved], datetime], None]
"""What steps do to money, listings or accounts, for all cases of a batch, in the transaction of the step."""

Guard = Callable[[Sequence[Moved], datetime], Mapping[str, str]]
"""A condition: the ids of cases in which it does not hold, each with a sentence that says what would help."""

Restricting = Callable[[Sequence[StoredOutcome]], Mapping[str, Restriction]]
"""What outcomes (ids) restrict in the sense of article 17 of the DSA; one that it does not name restricts nothing. The
countries are filled in by `dsa_export`."""

Holding = Callable[[Sequence[Case]], Mapping[str, Restriction]]
"""Which cases (ids) hold a payment of the seller, while they run, for what is said of the seller's offer: read as
`Restricting`, and wider still, for nobody has found anything yet."""


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of case. ``text``: its workflow as shipped. ``effects``: by the names that `money:` uses. ``after``: told
    of every step, for what a protection keeps beside a case. ``url``: the path of a seller's page of a case, with
    ``{id}``; "" while there is none. ``console_url``: likewise of the staff's. ``remedies``: what somebody who decides
    can give. ``says``: what a case (its id) is about, in a sentence of a language, for who judges without its page.
    ``restricts``: its decisions restrict content, money, service or account of the seller (DSA, article 20(1)).
    ``restricting``: which of its outcomes are exported as statements of reasons, which is read more widely;
    ``holding``: likewise which of its cases hold money while they run, told only where somebody asks for it.
    ``names``: what people call cases (ids), such as DSP-15; of those it does not name, the end of the id is shown.
    ``hosted``: the name of the address under which a buyer follows a case, by the order's token; "" for none.
    """

    name: str
    text: str
    effects: Mapping[str, Effect] = field(default_factory=dict)
    guards: Mapping[str, Guard] = field(default_factory=dict)
    after: Effect | None = None
    url: str = ""
    console_url: str = ""
    says: Callable[[str, str], str] | None = None
    names: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    remedies: tuple[Remedy, ...] = (Remedy.NOTHING, Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN)
    restricts: bool = False
    restricting: Restricting | None = None
    holding: Holding | None = None
    hosted: str = ""

    def workflow(self, preset_text: str = "") -> Workflow:
        """Its workflow with a preset, checked: also that every effect and condition it names is there."""
        preset: Preset | None = read_preset(preset_text) if preset_text else None
        return self.bound(checked(self.text, preset))

    def bound(self, workflow: Workflow) -> Workflow:
        """The same workflow. Raises WorkflowRefused where it names an effect or a condition that is not there."""
        missing = (
            [f"opening: no effect is called {money}" for money in {workflow.money} - {NO_MONEY, *self.effects}]
            + [
                f"step {move.name} of {state.name}: no effect is called {move.money}"
                for state, move in workflow.transitions()
                if move.money != NO_MONEY and move.money not in self.effects
            ]
            + [
                f"step {move.name} of {state.name}: no condition is called {guard}"
                for state, move in workflow.transitions()
                for guard in move.guards
                if guard not in self.guards
            ]
        )
        if missing:
            raise WorkflowRefused(self.name, missing)
        return workflow


class _BringsCases(Protocol):
    case_kinds: tuple[CaseKind, ...]


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, CaseKind]:
    """All kinds by name, of the protections that are built."""
    return {kind.name: kind for brings in cast("tuple[_BringsCases, ...]", reactions()) for kind in brings.case_kinds}


def names_of(cases: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What people call cases, given as their kinds and ids; those without a name are left out. One query a kind."""
    ids: dict[str, list[str]] = {}
    for kind, case_id in cases:
        ids.setdefault(kind, []).append(case_id)
    found: dict[str, str] = {}
    for kind, those in ids.items():
        named = kind_of(kind).names
        found |= {} if named is None else named(those)
    return {case_id: name for case_id, name in found.items() if name}


def kind_of(name: str) -> CaseKind:
    """A kind by name. Raises NoSuchKind."""
    try:
        return kinds()[name]
    except KeyError:
        raise NoSuchKind(name, list(kinds())) from None
