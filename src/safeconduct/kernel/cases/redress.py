"""Where a seller or a buyer can turn outside after a decision: what law gives them as dated data with sources, and the
sentence by which every statement of reasons names the bodies that the marketplace has named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from safeconduct.foundation.clocks.terms import Term, read_term
from safeconduct.kernel.cases.floors import UNION, Route
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.outside_models import OutsideBody
from safeconduct.kernel.cases.words import BodyWay, Role, Status
from safeconduct.kernel.cases.workflow import CORRECT, LANGUAGES, Sentence

_FILE: Final = Path(__file__).resolve().parent / "redress.yaml"
_GROUPS: Final[Mapping[str, frozenset[str]]] = {"EU": UNION}
#: Bodies that a statement of reasons names: more would be a list, which the page of the case has.
_MOST_NAMED: Final = 5
#: How many bodies can be in force at a time.
MOST_BODIES: Final = 100


@dataclass(frozen=True, slots=True)
class Law:
    """What is fixed of one kind of body. ``by``: who can turn to it. ``after_appeal``: only the decision on appeal can
    be taken there. ``decides``: within which time the body answers, and ``more`` by how much it may extend that.
    ``checked``: found in public sources; else counsel has to confirm it."""

    way: BodyWay
    restrictions: bool
    sellers: frozenset[str]
    buyers: frozenset[str]
    since: date
    until: date | None
    after_appeal: bool
    platform: Sentence
    pays: Sentence
    source: str
    read: date
    checked: bool
    decides: Term | None = None
    more: Term | None = None
    by: frozenset[Role] = frozenset({Role.SELLER})

    def holds_for(self, route: Route, on: date, *, restricts: bool) -> bool:
        """Whether it is there for a decision of this sort, between these countries, on a day."""
        return (
            self.since <= on
            and (self.until is None or on < self.until)
            and (restricts or not self.restrictions)
            and (not self.sellers or route.seller in self.sellers)
            and (not self.buyers or route.buyer in self.buyers)
        )


@lru_cache(maxsize=1)
def laws() -> Mapping[BodyWay, tuple[Law, ...]]:
    """What is fixed, by the kind of body, as it is shipped."""
    found: dict[BodyWay, tuple[Law, ...]] = dict.fromkeys(BodyWay, ())
    for raw in YAML(typ="safe", pure=True).load(_FILE):
        law = _read(raw)
        found[law.way] = (*found[law.way], law)
    return found


def law_of(body: OutsideBody, kind: str, route: Route, on: date, role: Role = Role.SELLER) -> Law | None:
    """By what a body is open to a party to cases of a kind between these countries on a day; None where it is not."""
    if role not in body.takes_from:
        return None
    if body.kinds and kind not in body.kinds or body.sellers and route.seller not in body.sellers:
        return None
    if body.certified_until is not None and body.certified_until < on:
        return None
    restricts = kind_of(kind).restricts
    there = (law for law in laws()[BodyWay(body.way)] if role in law.by)
    return next((law for law in there if law.holds_for(route, on, restricts=restricts)), None)


def bodies_in_force() -> list[OutsideBody]:
    """The bodies that the marketplace names now, by name. One query."""
    return list(OutsideBody.objects.filter(ended_at=None).order_by("name", "id")[:MOST_BODIES])


def route_of(case: Mapping[str, Any], parties: Sequence[Mapping[str, Any]]) -> Route:
    """Between which countries a case is."""
    countries = {party["role"]: party["country"] for party in parties}
    return Route(countries.get(Role.BUYER, ""), countries.get(Role.SELLER, ""), case["route"])


def name(decided: Sequence[Moved], at: datetime) -> None:
    """Writes into new outcomes that nobody agreed to where the seller can turn outside; one query for all of them."""
    wanted = [one for one in decided if _can_be_taken_on(one)]
    if not wanted:
        return
    bodies = bodies_in_force()
    for one in wanted:
        assert one.outcome is not None
        route, on = route_of(one.case, one.parties), at.astimezone(UTC).date()
        own: Mapping[str, str] = one.outcome["redress"]
        sentences = [own]
        for role in (Role(party["role"]) for party in one.parties if party["role"] in _NOW):
            open_to = [
                (body, law) for body in bodies if (law := law_of(body, one.case["kind"], route, on, role)) is not None
            ]
            sentences.append(_sentence(open_to, role, appealed=bool(one.outcome["replaces"])))
        if any(sentences[1:]):
            sentences.append(_COURT)
        one.outcome["redress"] = {
            language: " ".join(said[language] for said in sentences if said.get(language))
            for language in {language: True for said in sentences for language in said}
        }


def _can_be_taken_on(one: Moved) -> bool:
    """A decision of a person or, while it can be appealed, of a rule; nothing that the parties have agreed to."""
    assert one.outcome is not None
    by_somebody = one.outcome["decided_by"] is not None or one.target.status is Status.DECIDED
    return by_somebody and CORRECT in kind_of(one.case["kind"]).effects


def _sentence(open_to: Sequence[tuple[OutsideBody, Law]], role: Role, *, appealed: bool) -> dict[str, str]:
    now = [body for body, law in open_to if appealed or not law.after_appeal]
    later = [body for body, law in open_to if not appealed and law.after_appeal]
    found: dict[str, str] = {}
    for language in LANGUAGES:
        parts = [_NOW[role][language].format(_list(now, language))] if now else []
        parts += [_LATER[role][language].format(_list(later, language))] if later else []
        if parts:
            found[language] = " ".join(parts)
    return found


def _list(bodies: Sequence[OutsideBody], language: str) -> str:
    return _AND[language].join(f"{body.name} ({body.url})" for body in bodies[:_MOST_NAMED])


def _read(raw: Mapping[str, Any]) -> Law:
    return Law(
        BodyWay(raw["way"]), bool(raw["restrictions"]), _countries(raw.get("sellers")), _countries(raw.get("buyers")),
        raw["since"], raw.get("until"), raw["after"] == "appeal", raw["platform"], raw.get("pays") or {},
        raw["source"], raw["read"], raw["sure"] == "checked", _term(raw.get("decides")), _term(raw.get("more")),
        frozenset(Role(name) for name in raw.get("by", ["seller"])),
    )  # fmt: skip


def _countries(names: Sequence[str] | None) -> frozenset[str]:
    return frozenset(country for name in names or () for country in _GROUPS.get(name, frozenset({name})))


def _term(text: str | None) -> Term | None:
    return None if text is None else read_term(text)


_NOW: Final[Mapping[str, Sentence]] = {
    Role.SELLER: {
        "en": "The seller can take this to an outside body: {}.",
        "zh": "卖家可就此提请外部机构处理：{}。",
        "es": "El vendedor puede llevar esto a un organismo externo: {}.",
    },
    Role.BUYER: {
        "en": "The buyer can take this to an outside body: {}.",
        "zh": "买家可就此提请外部机构处理：{}。",
        "es": "El comprador puede llevar esto a un organismo externo: {}.",
    },
}
_LATER: Final[Mapping[str, Sentence]] = {
    Role.SELLER: {
        "en": "After an appeal is decided, the seller can turn to an outside body: {}.",
        "zh": "申诉裁决后，卖家可提请外部机构处理：{}。",
        "es": "Una vez resuelta una apelación, el vendedor puede acudir a un organismo externo: {}.",
    },
    Role.BUYER: {
        "en": "After an appeal is decided, the buyer can turn to an outside body: {}.",
        "zh": "申诉裁决后，买家可提请外部机构处理：{}。",
        "es": "Una vez resuelta una apelación, el comprador puede acudir a un organismo externo: {}.",
    },
}
_COURT: Final[Sentence] = {
    "en": "Going to court stays open.", "zh": "仍可诉诸法院。", "es": "Queda abierta la vía judicial.",
}  # fmt: skip
_AND: Final[Sentence] = {"en": "; ", "zh": "；", "es": "; "}
