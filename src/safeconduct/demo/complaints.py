"""What each complaint truly was: rows that lie beside the world, for scoring alone, like those of `truth`.

A buyer complains to the marketplace, to the bank, or sends goods back. The world knows who did wrong, whether a bank's
dispute can be answered with earlier payments, and which buyers open a dispute of their own; the product finds out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from safeconduct.demo.orders import Order


class Channel(StrEnum):
    """Where a buyer complains."""

    MARKETPLACE = "marketplace"
    BANK = "bank"
    RETURN = "return"


class Fault(StrEnum):
    """Who did wrong; nobody did where the post or the customs had the parcel."""

    BUYER = "buyer"
    SELLER = "seller"
    CARRIER = "carrier"


class EarlierPayments(StrEnum):
    """Whether Visa's Compelling Evidence 3.0 answers a bank's dispute, or by what it is missed."""

    ANSWER = "answer"
    A_DAY_TOO_YOUNG = "a_day_too_young"
    ANOTHER_DEVICE = "another_device"
    ONLY_ONE = "only_one"
    REPORTED = "one_was_reported"


@dataclass(frozen=True, slots=True)
class Grievance:
    """A complaint while the world is being made. ``opens``: the type of the dispute that the buyer opens on the
    marketplace's pages at that time, "" where they do not. ``earlier``: None where the dispute is about no fraud.
    ``paid``: the shop sends the money back of its own accord.
    """

    order: Order
    at: int
    channel: Channel
    fault: Fault
    cause: str
    incident: int
    opens: str
    earlier: EarlierPayments | None
    paid: bool


@dataclass(frozen=True, slots=True)
class Complaint:
    """One row. ``cause``: the attack or the honest look-alikes it comes from. ``incident``: the ring, thief or liar
    within it. ``at``: RFC 3339. ``earlier``: as in `EarlierPayments`, or "". ``paid``: the shop sends the money back of
    its own accord."""

    order_id: str
    at: str
    channel: Channel
    fault: Fault
    cause: str
    incident: str
    opens: str
    earlier: str
    paid: bool
    amount_minor: int
    currency: str

    @property
    def abuse(self) -> bool:
        """Whether the buyer is the one who did wrong."""
        return self.fault is Fault.BUYER


_FIELDS = tuple(f.name for f in fields(Complaint))


def complaint_lines(rows: Iterable[Complaint]) -> Iterator[str]:
    """Each row as one line of JSON, without the line's end."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return (encode({name: getattr(row, name) for name in _FIELDS}) for row in rows)


def write_complaints(rows: Iterable[Complaint], path: Path) -> int:
    """Write the rows as JSON lines and answer how many. Keep the file away from the product's database."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for line in complaint_lines(rows):
            out.write(line + "\n")
            count += 1
    return count


def read_complaints(path: Path) -> list[Complaint]:
    """The rows of a file written by `write_complaints`. Raises ValueError naming the line that is not such a row."""
    rows = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                given = json.loads(line)
                channel, fault = Channel(given["channel"]), Fault(given["fault"])
                rows.append(Complaint(**{**given, "channel": channel, "fault": fault}))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: not a complaint ({error})") from error
    return rows
