"""`postings.yaml` and `reasons.yaml`, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from safeconduct.kernel.ledger.accounts import PLATFORM_KINDS, Kind
from safeconduct.kernel.ledger.amounts import Amount, read_amount
from safeconduct.kernel.ledger.errors import PostingsMalformed

_FOLDER: Final = Path(__file__).resolve().parent
#: The target of what was held: where the hold's money came from.
SOURCE: Final = "source"
REST_OF_HOLD: Final = "rest_of_hold"
OTHER_CURRENCY: Final = "other_currency"
LANGUAGES: Final = ("en", "es", "zh")


@dataclass(frozen=True, slots=True)
class Leg:
    """Money from the first accounts that have it to the first that take it. An empty ``into`` is `SOURCE`.

    ``other_currency``: the leg is in the second currency of the event.
    """

    out_of: tuple[Kind, ...]
    into: tuple[Kind, ...]
    amount: Amount
    other_currency: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What one event posts. ``provisional``: it may be taken back, and is shown so. ``by``: the one function that posts
    it, empty where `actions.post` does. ``by_hand``: people may book it (`by_hand.book`)."""

    event: str
    says: str
    required: frozenset[str]
    optional: frozenset[str]
    legs: tuple[Leg, ...]
    provisional: bool
    needs_memo: bool
    by: str
    by_hand: bool

    @property
    def needs_seller(self) -> bool:
        """Whether a seller's account is touched."""
        return any(not leg.into or {*leg.out_of, *leg.into} - set(PLATFORM_KINDS) for leg in self.legs)


class Shortfall(StrEnum):
    """What happens where a seller has less than is to be held."""

    OWE = "owe"
    WHAT_IS_THERE = "what_is_there"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why money is held, in the seller's languages."""

    code: str
    says: Mapping[str, str]
    shortfall: Shortfall


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """The events that move money. Raises PostingsMalformed where the file is wrong."""
    return {str(event): _rule(str(event), given) for event, given in _read("postings.yaml").items()}


@lru_cache(maxsize=1)
def reasons() -> Mapping[str, Reason]:
    """Why money may be held, by code."""
    found = {}
    for code, given in _read("reasons.yaml")["reasons"].items():
        found[str(code)] = Reason(str(code), _says(code, given), Shortfall(given["shortfall"]))
    return found


@lru_cache(maxsize=1)
def releases() -> Mapping[str, Mapping[str, str]]:
    """What would release a hold: code → sentence by language."""
    return {str(code): _says(code, given) for code, given in _read("reasons.yaml")["releases"].items()}


def known_language(language: str) -> str:
    """The language of `LANGUAGES` that is meant, English for others."""
    short = language.lower().split("-")[0].split("_")[0]
    return short if short in LANGUAGES else "en"


def _rule(event: str, given: Mapping[str, Any]) -> Rule:
    unknown = set(given) - {"says", "amounts", "legs", "provisional", "memo", "by", "by_hand"}
    if unknown:
        raise PostingsMalformed(f"{event}: {', '.join(sorted(unknown))} is not known here")
    required = frozenset(name for name in given["amounts"] if not name.endswith("?"))
    optional = frozenset(name[:-1] for name in given["amounts"] if name.endswith("?"))
    legs = tuple(_leg(event, leg) for leg in given["legs"])
    for leg in legs:
        stray = set(leg.amount.names()) - required - optional - {REST_OF_HOLD}
        if stray:
            raise PostingsMalformed(f"{event}: {', '.join(sorted(stray))} is not among the amounts")
    return Rule(
        event, str(given["says"]), required, optional, legs,
        provisional=bool(given.get("provisional", False)), needs_memo=given.get("memo") == "required",
        by=str(given.get("by", "")), by_hand=bool(given.get("by_hand", False)),
    )  # fmt: skip


def _leg(event: str, given: Mapping[str, Any]) -> Leg:
    unknown = set(given) - {"from", "to", "amount", "in"}
    if unknown or given.get("in", OTHER_CURRENCY) != OTHER_CURRENCY:
        raise PostingsMalformed(f"{event}: a leg has from, to, amount, and may have `in: {OTHER_CURRENCY}`")
    try:
        into = () if given["to"] == SOURCE else _kinds(given["to"])
        leg = Leg(_kinds(given["from"]), into, read_amount(str(given["amount"])), "in" in given)
    except (KeyError, ValueError) as problem:
        raise PostingsMalformed(f"{event}: {problem}") from problem
    if not leg.into and leg.out_of != (Kind.ON_HOLD,):
        raise PostingsMalformed(f"{event}: only what is held can go back to its source")
    return leg


def _kinds(given: str | list[str]) -> tuple[Kind, ...]:
    return tuple(Kind(name) for name in ([given] if isinstance(given, str) else given))


def _says(code: str, given: Mapping[str, Any]) -> Mapping[str, str]:
    says = given["says"]
    if set(says) != set(LANGUAGES):
        raise PostingsMalformed(f"{code}: a sentence is wanted in {', '.join(LANGUAGES)}")
    return {str(language): str(text) for language, text in says.items()}


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((_FOLDER / name).read_text(encoding="utf-8"))
    return found
