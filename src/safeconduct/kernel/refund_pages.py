"""Refunds that are to be sent, as the pages of staff and sellers show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.labels import LIABILITIES
from safeconduct.kernel.cases.words import Liability
from safeconduct.kernel.claim_pages import CASES, CHANNELS
from safeconduct.kernel.claims.due import DueRefund, DueSum, Group, When
from safeconduct.kernel.claims.words import ChannelKind, Item
from safeconduct.kernel.ui.parts import Choice, Filter

Text = str | Promise

#: What a file of refunds has of each, behind what tells the order and the seller.
CSV_HEAD: Final = ("refund", "claim", "line", "item", "amount_minor", "currency", "due_at", "requested_at", "borne_by")
ITEMS: Final[Mapping[Item, Text]] = {
    Item.REFUND: lazy("Refund"),
    Item.STATUTORY_DAMAGES: lazy("Damages by law"),
    Item.RETURN_FREIGHT: lazy("Cost of sending back"),
}
_BANK: Final = lazy("a bank decides")
#: Why there is no date.
_NO_DUTY: Final = lazy("not a duty with a time by law")
_NO_LAW: Final = lazy("no law on file gives a time for the buyer's country")
_WHENS: Final[Mapping[When, Text]] = {When.OVERDUE: lazy("overdue"), When.SOON: lazy("next 7 days")}


@dataclass(frozen=True, slots=True)
class RefundShown:
    """A line of a list. ``bears``: who owes it; ``way``, ``url``: what asked for it, and its page; ``why``: why it has
    no date."""

    refund: DueRefund
    item: Text
    bears: Text
    way: Text
    url: str
    why: Text

    @property
    def claim(self) -> str:
        """The claim's id, as short as it still tells one from another."""
        return f"\N{HORIZONTAL ELLIPSIS}{self.refund.claim_id[-8:]}"


@dataclass(frozen=True, slots=True)
class Total:
    """What is owed in a currency, in minor units: all of it, and of it what is overdue, due soon, without a date and
    with a bank."""

    currency: str
    minor: int = 0
    refunds: int = 0
    overdue: int = 0
    overdue_minor: int = 0
    soon: int = 0
    soon_minor: int = 0
    undated_minor: int = 0
    bank_minor: int = 0


def shown(found: Sequence[DueRefund], group: Group, *, staff: bool) -> list[RefundShown]:
    """Lines of a list, for staff or for the seller."""
    return [_shown(one, group, staff) for one in found]


def totals(sums: Sequence[DueSum]) -> list[Total]:
    """The sums of each currency, in the order of their codes."""
    found: list[Total] = []
    for currency in sorted({one.currency for one in sums}):
        of = {one.group: one for one in sums if one.currency == currency}
        dated, undated, bank = (of.get(group) for group in (Group.DATED, Group.UNDATED, Group.WITH_A_BANK))
        found.append(
            Total(
                currency, sum(one.minor for one in of.values()), sum(one.refunds for one in of.values()),
                dated.overdue if dated else 0, dated.overdue_minor if dated else 0, dated.soon if dated else 0,
                dated.soon_minor if dated else 0, undated.minor if undated else 0, bank.minor if bank else 0,
            )
        )  # fmt: skip
    return found


def when_of(text: str) -> When | None:
    """The filter that an address asks for."""
    return When(text) if text in set(When) else None


def group_of(text: str) -> Group:
    """The list that an address asks for; the one with dates where it names none."""
    return Group(text) if text in set(Group) else Group.DATED


def filters(group: Group, when: When | None) -> list[Filter]:
    """The filters of a list: only what has a date is asked for by date."""
    if group is not Group.DATED:
        return []
    choices = [Choice(one.value, word) for one, word in _WHENS.items()]
    return [Filter("when", lazy("Time by law"), choices, when.value if when else "", everything=lazy("any"))]


def csv_columns(one: DueRefund, group: Group) -> tuple[str | int, ...]:
    """The fields of `CSV_HEAD`: codes and UTC times, for a program."""
    bears = "bank" if group is Group.WITH_A_BANK else one.liability or Liability.SELLER.value
    return (
        one.id, one.claim_id, one.line, one.item, one.to_send_minor, one.currency,
        one.due_at.isoformat() if one.due_at else "", one.requested_at.isoformat(), bears,
    )  # fmt: skip


def _shown(one: DueRefund, group: Group, staff: bool) -> RefundShown:
    with_a_bank = group is Group.WITH_A_BANK
    bears = _BANK if with_a_bank else LIABILITIES[Liability(one.liability or Liability.SELLER)]
    way = CHANNELS[ChannelKind(one.way)] if one.way else ""
    why = "" if one.due_at or with_a_bank else _NO_LAW if one.matter else _NO_DUTY
    return RefundShown(one, ITEMS[Item(one.item)], bears, way, _url(one, staff), why)


def _url(one: DueRefund, staff: bool) -> str:
    kind = kinds().get(CASES.get(ChannelKind(one.way), "")) if one.way else None
    if kind is None or not one.case_id:
        return ""
    return (kind.console_url if staff else kind.url).format(id=one.case_id)
