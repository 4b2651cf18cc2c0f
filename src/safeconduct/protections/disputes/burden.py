"""Who has to prove what, by what is claimed: data of `burden.yaml`, read strictly, shown to both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from safeconduct.kernel.cases import floors
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.cases.workflow import LANGUAGES, Sentence

_FILE: Final = Path(__file__).resolve().parent / "burden.yaml"


class ClaimType(StrEnum):
    """What a buyer says is wrong."""

    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    DAMAGED = "damaged"
    WRONG_OR_MISSING = "wrong_or_missing"
    NOT_GENUINE = "not_genuine"
    REFUND_NOT_PAID = "refund_not_paid"


class Need(StrEnum):
    """How much a piece of evidence weighs: without it the burden is not met; it helps; it would help most."""

    REQUIRED = "required"
    MOST = "most"
    HELPS = "helps"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A piece of evidence that decides a claim of this type, and whose it is to bring."""

    kind: EvidenceKind
    of: Role
    need: Need
    shows: Sentence


@dataclass(frozen=True, slots=True)
class Burden:
    """What is to be proved in a claim of a type. ``proves``: the side that loses where nothing is proved. ``law``: the
    matter in words of `floors`, "" where law says nothing we know of."""

    type: ClaimType
    title: Sentence
    proves: Role
    law: str
    source: str
    rule: Sentence
    pieces: tuple[Wanted, ...]


@lru_cache(maxsize=1)
def burdens() -> Mapping[ClaimType, Burden]:
    """Every type with its burden, as it is shipped. Raises ValueError, which names the place, for a faulty file."""
    raw = YAML(typ="safe", pure=True).load(_FILE)
    missing = set(ClaimType) ^ set(raw)
    if missing:
        raise ValueError(f"burden.yaml: {', '.join(sorted(missing))} is missing or unknown")
    return {kind: _read(kind, raw[kind]) for kind in ClaimType}


def proves(kind: ClaimType, route: Route, on: date) -> tuple[Role, str]:
    """Who proves on this route on this day, and by which source: the law's side where it fixes one."""
    burden = burdens()[kind]
    law = floors.burden(burden.law, route, on) if burden.law else []
    if law:
        return Role(law[0].burden), law[0].source if law[0].acts else f"{law[0].source} (counsel to confirm)"
    return burden.proves, burden.source


def type_of(reason: str) -> ClaimType | None:
    """The type that a shop's own reason stands for; None where it names none that we know."""
    return _REASONS.get(reason.strip().lower().replace("-", "_").replace(" ", "_"))


#: Reasons that shop systems and processors give → types. A type stands for itself.
_REASONS: Final[Mapping[str, ClaimType]] = {
    **{kind.value: kind for kind in ClaimType},
    "product_not_received": ClaimType.NOT_RECEIVED, "item_not_received": ClaimType.NOT_RECEIVED,
    "lost": ClaimType.NOT_RECEIVED, "product_unacceptable": ClaimType.NOT_AS_DESCRIBED,
    "defective": ClaimType.NOT_AS_DESCRIBED, "quality": ClaimType.NOT_AS_DESCRIBED, "spoiled": ClaimType.DAMAGED,
    "arrived_damaged": ClaimType.DAMAGED, "wrong_item": ClaimType.WRONG_OR_MISSING,
    "missing_parts": ClaimType.WRONG_OR_MISSING, "empty_box": ClaimType.WRONG_OR_MISSING,
    "counterfeit": ClaimType.NOT_GENUINE, "credit_not_processed": ClaimType.REFUND_NOT_PAID,
    # PayPal's, of the dispute and of its items (dispute API, ec4d8f3, read 2026-11): what is about goods
    "merchandise_or_service_not_received": ClaimType.NOT_RECEIVED,
    "merchandise_or_service_not_as_described": ClaimType.NOT_AS_DESCRIBED, "different": ClaimType.WRONG_OR_MISSING,
    "incomplete": ClaimType.WRONG_OR_MISSING,
}  # fmt: skip


def _read(kind: ClaimType, raw: Mapping[str, Any]) -> Burden:
    return Burden(
        kind, _sentence(kind, "title", raw), Role(raw["proves"]), raw["law"], raw["source"],
        _sentence(kind, "rule", raw),
        tuple(
            Wanted(EvidenceKind(piece["kind"]), Role(piece["of"]), Need(piece["need"]), _sentence(kind, "shows", piece))
            for piece in raw["pieces"]
        ),
    )  # fmt: skip


def _sentence(kind: ClaimType, name: str, raw: Mapping[str, Any]) -> Sentence:
    words: Sentence = raw[name]
    if any(not words.get(language) for language in LANGUAGES):
        raise ValueError(f"burden.yaml: {kind}.{name} is a sentence in each of {', '.join(LANGUAGES)}")
    return words
