"""What a bank wants to see for a reason code, and how much of it is there.

Data of `packs.yaml`: required documents, lists of which one is enough, and documents that help. The levels are those
of Adyen's defence documents (Required, AlternativeRequired, Optional).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Final

from safeconduct.kernel.cases.evidence_kinds import STRIPE, EvidenceKind
from safeconduct.protections.transactions.chargebacks.reading import Part, Texts, parse, read_file
from safeconduct.protections.transactions.chargebacks.reason_codes import ReasonCode

_FILE: Final = "packs.yaml"
_LEVELS: Final = ("required", "any_of", "optional")
#: What must be there weighs twice as much in the score as what helps. Ours: the score is a guide, `complete` decides.
_MUST, _HELPS = 2, 1


@dataclass(frozen=True, slots=True)
class Document:
    """Something that can be shown. ``stripe``: the field of a dispute's evidence that takes it."""

    name: str
    kind: EvidenceKind
    stripe: str
    title: Texts


@dataclass(frozen=True, slots=True)
class Pack:
    """What is wanted for one reason code. ``any_of``: of each list one is enough."""

    name: str
    required: tuple[str, ...]
    any_of: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """All documents, the most important first, each once."""
        return tuple(dict.fromkeys((*self.required, *(one for group in self.any_of for one in group), *self.optional)))


@dataclass(frozen=True, slots=True)
class Score:
    """How complete a pack is. ``missing``: required ones; ``open_groups``: lists of which none is there;
    ``would_help``: the rest. ``percent``: a guide for people; whether it may be sent by itself is `complete`.
    """

    percent: int
    missing: tuple[str, ...]
    open_groups: tuple[tuple[str, ...], ...]
    would_help: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Nothing that must be there is missing."""
        return not self.missing and not self.open_groups


@dataclass(frozen=True, slots=True)
class Packs:
    """The file, read."""

    version: date
    documents: Mapping[str, Document]
    packs: Mapping[str, Pack]
    of_code: Mapping[str, Pack]

    def of(self, code: ReasonCode | None) -> Pack:
        """The pack of a code; of one that is not known, what helps against any complaint."""
        if code is None:
            return self.packs["not_known"]
        return self.of_code.get(code.key) or self.packs[code.pack]


def score(pack: Pack, present: Collection[str]) -> Score:
    """How much of a pack is there."""
    there = frozenset(present)
    missing = tuple(one for one in pack.required if one not in there)
    open_groups = tuple(group for group in pack.any_of if not there & set(group))
    must = len(pack.required) + len(pack.any_of)
    met = must - len(missing) - len(open_groups)
    helping = sum(one in there for one in pack.optional)
    percent = Fraction(100 * (_MUST * met + _HELPS * helping), _MUST * must + _HELPS * len(pack.optional))
    # 100 is said only of what is whole, and never of what lacks something by rounding.
    return Score(int(percent), missing, open_groups, tuple(one for one in pack.optional if one not in there))


@lru_cache(maxsize=1)
def packs() -> Packs:
    """The packs that come along. Raises DataMalformed."""
    return read(read_file(_FILE), _FILE)


def read(text: str, file: str) -> Packs:
    """Reads a file of packs. Raises DataMalformed."""
    top = parse(text, file)
    top.only("version", "documents", "packs", "codes")
    documents = {name: _document(name, part) for name, part in top.named("documents").items()}
    found = {name: _pack(name, part, documents) for name, part in top.named("packs").items()}
    if "not_known" not in found:
        raise top.wrong("packs", "needs one called `not_known`, for codes that are in no table")
    of_code: dict[str, Pack] = {}
    for key, part in top.named("codes").items():
        part.only("pack", optional=_LEVELS)
        base = found.get(part.text("pack"))
        if base is None:
            raise part.wrong("pack", f"there is no such pack; there are {', '.join(found)}")
        own = _pack(key, Part(file, part.place, {k: v for k, v in part.raw.items() if k != "pack"}), documents)
        of_code[key] = Pack(
            base.name,
            (*base.required, *own.required),
            own.any_of or base.any_of,
            tuple(one for one in dict.fromkeys((*base.optional, *own.optional)) if one not in own.required),
        )
    return Packs(top.day("version"), documents, found, of_code)


def _document(name: str, part: Part) -> Document:
    part.only("kind", "stripe", "title")
    field = part.text("stripe")
    if field not in STRIPE:
        raise part.wrong("stripe", "is no field of a Stripe dispute's evidence")
    return Document(name, part.word("kind", EvidenceKind), field, part.texts("title"))


def _pack(name: str, part: Part, documents: Mapping[str, Document]) -> Pack:
    part.only(optional=_LEVELS)
    given = part.raw.get("any_of", [])
    if not isinstance(given, list) or not all(isinstance(group, list) for group in given):
        raise part.wrong("any_of", "must be a list of lists")
    groups = tuple(Part(part.file, part.place, {"any_of": group}).words("any_of") for group in given)
    pack = Pack(name, part.words("required"), groups, part.words("optional"))
    for one in pack.wanted:
        if one not in documents:
            raise part.wrong("required, any_of or optional", f"`{one}` is no document; add it under `documents`")
    return pack
