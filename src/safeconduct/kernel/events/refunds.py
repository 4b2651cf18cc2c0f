"""Which refunds an order has had: sources tell one refund in several forms, and one that was sent can fail.

Stripe tells a refund by itself (`refund.created`, of all refunds since API version 2024-10-28; `charge.refund.updated`
before), and by what its charge has given back so far (`charge.refunded`, without its list of refunds since 2022-11-15).
An endpoint can be sent either, or both, in any order. What follows depends on what was told alone.
Source: docs.stripe.com/changelog/2022-11-15/deprecates-charges-auto-expand, …/acacia/2024-10-28/refund-webhook-update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from safeconduct.foundation.moments import micros
from safeconduct.kernel.events.envelope import read_time
from safeconduct.kernel.events.lines import named


class Told(NamedTuple):
    """A payment, refund or cancellation. ``minor`` None: the whole order; its ``currency`` is empty then. ``lines``: of
    a refund, the lines that it names, with the amount that it says about each; ``failed_us``: when it turned out that
    it, or a part of it, had not arrived, which its ``minor`` leaves out."""

    moment: int
    at_us: int
    minor: int | None
    currency: str
    lines: Mapping[str, int | None] = {}
    failed_us: int | None = None


class Statement(NamedTuple):
    """What one event says. ``told``: the refund, or of one that failed, what failed, by the time of this news.

    ``refund``: its id, "" where the source gives none. ``charge``: of which charge, "" where it says none.
    ``so_far_minor``: what the charge had given back by then, None where the event tells no sum. ``sent_us``: when the
    refund was sent. ``failed``: it did not arrive.
    """

    told: Told
    refund: str = ""
    charge: str = ""
    so_far_minor: int | None = None
    sent_us: int = 0
    failed: bool = False


def statement(moment: int, at_us: int, data: Mapping[str, Any], *, failed: bool) -> Statement:
    """What an event of a refund says. ``data``: its canonical fields; ``failed``: it is a `refund.failed`."""
    minor, currency = amount_of(data.get("amount"))
    so_far, _ = amount_of(data.get("refunded"))
    refund, charge = str(data.get("refund") or ""), str(data.get("charge") or "")
    told = Told(moment, at_us, minor, currency, named(data))
    if not failed:
        return Statement(told, refund, charge, so_far if charge and not refund else None, at_us)
    sent_at = data.get("sent_at")
    return Statement(told, refund, charge, None, read_time("sent_at", sent_at) if sent_at else at_us, True)


def amount_of(given: Mapping[str, Any] | None) -> tuple[int | None, str]:
    """The minor units and the currency of a canonical amount; None and "" where there is none."""
    if not isinstance(given, Mapping) or not isinstance(given.get("minor"), int):
        return None, ""
    return max(0, given["minor"]), str(given.get("currency") or "")


def arrived(events: Sequence[tuple[datetime, Mapping[str, Any], bool]]) -> dict[int, dict[str, Any]]:
    """Place among these events → the fields of a refund that went back and did not fail, with what it comes to. Events
    are given by when they happened, their fields, and whether they say that a refund failed."""
    told = [statement(place, micros(at), data, failed=failed) for place, (at, data, failed) in enumerate(events)]
    found = {}
    for one in fold(told):
        data = dict(events[one.moment][1])
        if one.minor is not None and "amount" in data:
            data["amount"] = {**data["amount"], "minor": one.minor}
        if one.minor != 0 and not events[one.moment][2]:
            found[one.moment] = data
    return found


def fold(statements: Sequence[Statement]) -> list[Told]:
    """The refunds, each with what it comes to: nothing where it is told elsewhere, or failed.

    They are counted in the order of `moment`: what one came to stays with it when the same refund is told again later.
    """
    charges: dict[tuple[str, str], _Charge] = {}
    of_refund = {one.refund: one.charge for one in statements if one.refund and one.charge}
    for one in sorted(statements, key=lambda one: one.told.moment):
        charge = one.charge or of_refund.get(one.refund, "")
        # Without a charge a refund stands by itself; without an id as well it is told once.
        place = (charge, "") if charge else ("", _name(one))
        charges.setdefault(place, _Charge()).hear(one)
    found = [told for charge in charges.values() for told in charge.arrived()]
    return sorted(found, key=lambda told: (told.at_us, told.moment))


def _name(one: Statement) -> str:
    return one.refund or f"#{one.told.moment}"


@dataclass(slots=True)
class _Charge:
    """What was told of one charge. ``sent``: refund → its amount (None: the whole order), and when it was sent.
    ``sums``: what the charge had given back, and when; ``told``: each statement with what it added to all before it;
    ``places``: refund → where it is told; ``failed``: refund → when it failed."""

    sent: dict[str, tuple[int | None, int]] = field(default_factory=dict)
    sums: list[tuple[int, int]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    def hear(self, one: Statement) -> None:
        before, name = self._in_all(), _name(one)
        if one.so_far_minor is not None:
            self.sums.append((one.so_far_minor, one.told.at_us))
        is_new = name not in self.sent
        if one.so_far_minor is None and is_new:
            self.sent[name] = (one.told.minor, one.sent_us)
            self.places[name] = len(self.told)
        whole = one.told.minor is None and is_new and one.so_far_minor is None
        self.told.append(one.told if whole else one.told._replace(minor=self._in_all() - before))
        if one.failed:
            self.failed.setdefault(name, one.told.at_us)

    def arrived(self) -> list[Told]:
        """What was told, less what failed: taken off where that refund is told, and what is told elsewhere off there,
        first where as much is."""
        found = list(self.told)
        for name, at_us in self.failed.items():
            own, (rest, _) = self.places[name], self.sent[name]
            if rest is None or found[own].minor is None:  # the whole order's
                found[own] = found[own]._replace(minor=0, failed_us=at_us)
                continue
            for place in sorted(range(len(found)), key=lambda n: (n != own, found[n].minor != rest, -n)):
                there = found[place].minor or 0
                off = min(rest, there)
                if off:
                    found[place] = found[place]._replace(minor=there - off, failed_us=at_us)
                    rest -= off
        return found

    def _in_all(self) -> int:
        """What was sent as far as amounts are told, whether it arrived or not. A sum holds every refund that had been
        sent by then; what was sent later comes on top of it."""
        known = [(minor or 0, sent_us) for minor, sent_us in self.sent.values()]
        beyond = (total - sum(minor for minor, sent_us in known if sent_us <= at_us) for total, at_us in self.sums)
        return sum(minor for minor, _ in known) + max(0, max(beyond, default=0))
