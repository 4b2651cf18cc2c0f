"""A workflow is data: who acts in which state, by when, what happens on silence, and what each step does to money.

It is written as YAML and read by `reading`, which puts a marketplace's own numbers in; `lint` says what is wrong with
it beyond its form, `pictures` draws it. docs/cases.md describes the language. This module knows no Django and no
database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from safeconduct.foundation.clocks.terms import Term
from safeconduct.kernel.cases.words import PLATFORM, SEATS, Liability, Remedy, Role, Standing, Status

Sentence = Mapping[str, str]
"""The same sentence by language: ``{"en": …, "zh": …, "es": …}``."""

LANGUAGES: Final = ("en", "zh", "es")
#: What a step can be refused for the lack of.
NEEDS: Final = frozenset({"words", "outcome", "evidence"})
#: The step that leaves money where it is.
NO_MONEY: Final = "none"
#: The step that ends a case where the platform missed its own clock twice.
BACKSTOP: Final = "backstop"
#: The step by which a closed case gets a new decision after an outside body has found for the seller (`referrals`). It
#: is in no text, so that cases of every age have it.
OUTSIDE: Final = "outside_result"
#: The effect on money of that step: a kind of case that has none by this name is not referred.
CORRECT: Final = "correct"
_OUTSIDE_TITLE: Final = {
    "en": "New decision after an outside body", "zh": "外部机构裁决后的新决定",
    "es": "Nueva decisión tras un organismo externo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """An outcome that needs nobody's judgement, such as that of a case that was withdrawn: its three parts and why."""

    remedy: Remedy
    liability: Liability
    standing: Standing
    because: Sentence


@dataclass(frozen=True, slots=True)
class Transition:
    """A step from one state to another. ``each``: every role of `by` has to take it before the state changes.
    ``money``: the name of the effect on money, or "none". ``does``: what law may forbid, in words of `floors`."""

    name: str
    by: tuple[Role, ...]
    to: str
    money: str
    title: Sentence
    each: bool = False
    guards: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    ending: Ending | None = None
    does: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """How long the one who acts has. ``key``: the name under which a preset gives another term. ``floor``: what law
    fixes of it, in words of `floors`. ``starts_on``: the event it waits for; after `else_after` it starts without it.
    """

    key: str
    term: Term
    of: Role
    floor: str = ""
    starts_on: str = ""
    else_after: Term | None = None
    extensions: int = 0
    extension: Term | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """What happens when nobody acts: a step, or with None the platform's own escalation. ``preset`` and ``instead``:
    the name under which a preset can choose another step; ``otherwise``: the workflow's own, where a preset has chosen
    and a condition of that step does not hold in a case, such as that law allows it there."""

    do: str | None
    preset: str = ""
    instead: str = ""
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A state: who acts, until when, what then. End states have neither."""

    name: str
    title: Sentence
    status: Status
    acts: tuple[Role, ...] = ()
    clock: Clock | None = None
    silence: Silence | None = None
    moves: Mapping[str, Transition] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether a case is over here."""
        return self.status is Status.CLOSED

    @property
    def of_platform(self) -> bool:
        """Whether the platform acts here, and nobody else."""
        return bool(self.acts) and all(role in PLATFORM for role in self.acts)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow whole. ``version`` names its text and the preset that was put in; ``money``: what opening a case does
    to money. ``second_above``: currency → minor units at stake above which a second person confirms what somebody in
    a seat decides; None: one person decides, whatever the amount. ``says_second``: whether the text says either."""

    name: str
    title: Sentence
    parties: tuple[Role, ...]
    start: str
    states: Mapping[str, State]
    backstop: Transition | None
    version: str
    money: str = NO_MONEY
    markets: tuple[str, ...] = ()
    says_second: bool = False
    second_above: Mapping[str, int] | None = None

    def state(self, name: str) -> State:
        """A state by name; one that is in no workflow is a mistake of the program."""
        return self.states[name]

    def transitions(self) -> Iterator[tuple[State, Transition]]:
        """Every step with the state it leaves; the backstop leaves all states of the platform."""
        for state in self.states.values():
            for move in state.moves.values():
                yield state, move
            if self.backstop is not None and state.of_platform:
                yield state, self.backstop

    def step(self, state: str, name: str) -> Transition | None:
        """The step of this name out of a state, if there is one."""
        here = self.states[state]
        if name == BACKSTOP:
            return self.backstop if here.of_platform else None
        if name == OUTSIDE:
            needs = frozenset({"outcome"})
            return (
                Transition(OUTSIDE, (Role.REVIEWER,), state, CORRECT, _OUTSIDE_TITLE, needs=needs)
                if here.ends
                else None
            )
        return here.moves.get(name)

    def second_person_above(self, currency: str) -> int | None:
        """The minor units at stake above which a decision needs a second person; None where it never does. In a
        currency that nobody gave an amount for, it is asked for whenever money is at stake."""
        return None if self.second_above is None else self.second_above.get(currency, 0)

    @property
    def decisions(self) -> tuple[Transition, ...]:
        """The steps by which a person in a seat decides."""
        return tuple(
            move
            for state in self.states.values()
            for move in state.moves.values()
            if "outcome" in move.needs and any(role in SEATS for role in move.by)
        )


def version_of(*texts: str) -> str:
    """The name of a text: the first 80 bits of its SHA-256, in hex."""
    return hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:20]


def is_against_the_seller(ending: Ending | None) -> bool:
    """Whether an outcome is the seller's loss: they pay, or it counts."""
    return ending is not None and (
        ending.liability in (Liability.SELLER, Liability.SHARED) or ending.standing is Standing.COUNTS
    )
