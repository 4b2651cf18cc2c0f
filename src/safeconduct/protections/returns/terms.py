"""A marketplace's numbers for returns, as they were on a day: windows, the most that can be taken off, tolerances."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from ruamel.yaml import YAML

from safeconduct.foundation.money import Money

_SURE: Final = ("published", "reported", "memory", "ours")
_SHARE: Final = re.compile(r"([0-9]{1,3})%")


class TermsMalformed(ValueError):
    """The file of terms is wrong; the message names the preset, the field and the way out."""

    def __init__(self, preset: str, field: str, problem: str) -> None:
        super().__init__(f"terms.yaml: {preset}: {field}: {problem}")


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers of one preset from a day on.

    ``window_days``: in which a return can be asked for, from delivery. ``late_most_bp``, ``used_most_bp``: the most
    that can be taken off, in hundredths of a percent. ``weight_share_bp``, ``weight_grams``: how far a parcel's weight
    may be off, the larger of both. ``photo_bits``: how far hashes of copies of one picture are apart.
    ``written_rule_most``: up to what a buyer may keep goods by the written rule, minor units by currency.
    ``file_within_days``: of a seller's claim on the fund; ``fund_most``, ``damage_most_bp``: what it pays at most.
    ``sources``: field → (source, how sure).
    """

    preset: str
    valid_from: date
    window_days: int
    late_most_bp: int
    used_most_bp: int
    weight_share_bp: int
    weight_grams: int
    photo_bits: int
    written_rule_most: Mapping[str, int]
    file_within_days: int
    fund_most: Mapping[str, int]
    damage_most_bp: int
    sources: Mapping[str, tuple[str, str]]

    @property
    def version(self) -> str:
        """The name of these numbers in a statement of reasons."""
        return f"{self.preset}/{self.valid_from.isoformat()}"


@lru_cache(maxsize=1)
def all_terms() -> Mapping[str, Sequence[Terms]]:
    """Preset → its versions, the earliest first, as they are shipped."""
    return read((files(__package__) / "terms.yaml").read_text(encoding="utf-8"))


def terms_on(preset: str, day: date) -> Terms:
    """The numbers of a preset on a day; before its first version, that one. Raises TermsMalformed for no such one."""
    versions = all_terms().get(preset)
    if versions is None:
        raise TermsMalformed(preset[:40], "preset", f"has no terms for returns; there are {', '.join(all_terms())}")
    return next((one for one in reversed(versions) if one.valid_from <= day), versions[0])


def read(text: str) -> dict[str, Sequence[Terms]]:
    """The terms a text says. Raises TermsMalformed."""
    found: dict[str, Sequence[Terms]] = {}
    for preset, versions in YAML(typ="safe", pure=True).load(text).items():
        read_ones = [_terms(preset, raw) for raw in versions]
        days = [one.valid_from for one in read_ones]
        if not days or sorted(set(days)) != days:
            raise TermsMalformed(preset, "valid_from", "each version begins on a later day than the one before it")
        found[preset] = read_ones
    return found


def _terms(preset: str, raw: Mapping[str, Any]) -> Terms:
    sources = {}
    for name, part in raw.items():
        if name != "valid_from":
            if not part.get("source") or part.get("sure") not in _SURE:
                raise TermsMalformed(preset, name, f"needs a source, and sure as one of {', '.join(_SURE)}")
            sources[name] = (part["source"], part["sure"])
    fund = raw["reimbursement"]
    return Terms(
        preset, raw["valid_from"], raw["window"]["days"],
        _share(preset, "late", raw["late"]["most"]), _share(preset, "used", raw["used"]["most"]),
        _share(preset, "weight", raw["weight"]["share"]), raw["weight"]["grams"], raw["photo"]["bits"],
        _amounts(raw["written_rule"]["most"]), fund["file_within_days"], _amounts(fund["most"]),
        _share(preset, "reimbursement", fund["damage"]), sources,
    )  # fmt: skip


def _share(preset: str, name: str, text: str) -> int:
    found = _SHARE.fullmatch(str(text))
    if found is None or int(found[1]) > 100:
        raise TermsMalformed(preset, name, "write a whole share from 0% to 100%")
    return int(found[1]) * 100


def _amounts(texts: Sequence[str]) -> dict[str, int]:
    amounts = [Money.parse(*text.split()) for text in texts]
    return {amount.currency: amount.minor for amount in amounts}
