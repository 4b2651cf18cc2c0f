"""Amounts in `postings.yaml`: names, whole numbers, sums, differences and ``share(a, b, c)``; nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from safeconduct.kernel.ledger.errors import PostingsMalformed

_TERM = re.compile(r"\s*([+-])?\s*(?:share\(\s*(\w+)\s*,\s*(\w+)\s*,\s*(\w+)\s*\)|(\w+))\s*")


@dataclass(frozen=True, slots=True)
class Share:
    """``part × times ÷ whole``, rounded half to even."""

    part: str
    times: str
    whole: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of signed terms. Text that is all digits is a number, other text is a name."""

    terms: tuple[tuple[int, str | Share], ...]

    def value(self, amounts: Mapping[str, int]) -> int:
        """The amount in minor units; a name that is absent counts as zero."""
        return sum(sign * _term(term, amounts) for sign, term in self.terms)

    def names(self) -> Iterator[str]:
        """The names it reads."""
        for _, term in self.terms:
            for name in (term.part, term.times, term.whole) if isinstance(term, Share) else (term,):
                if not name.isdigit():
                    yield name


def read_amount(text: str) -> Amount:
    """Reads an amount. Raises PostingsMalformed."""
    terms: list[tuple[int, str | Share]] = []
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None or (terms and not found[1]):
            raise PostingsMalformed(f"{text!r} is not an amount; write names, share(a, b, c), + and -")
        sign = -1 if found[1] == "-" else 1
        terms.append((sign, found[5] if found[5] else Share(found[2], found[3], found[4])))
        at = found.end()
    if not terms:
        raise PostingsMalformed("an amount is empty")
    return Amount(tuple(terms))


def _term(term: str | Share, amounts: Mapping[str, int]) -> int:
    if isinstance(term, str):
        return _number(term, amounts)
    whole = _number(term.whole, amounts)
    if whole == 0:
        return 0
    return round(Fraction(_number(term.part, amounts) * _number(term.times, amounts), whole))


def _number(name: str, amounts: Mapping[str, int]) -> int:
    return int(name) if name.isdigit() else amounts.get(name, 0)
