"""What a page shows of the claims about an order: the ways in which the same money is asked for, and where it stands.

In a seller's scope row-level security leaves that seller's lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.claims import queries
from safeconduct.kernel.claims.models import Channel
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.events.orders import order_names
from safeconduct.kernel.ledger.rules import known_language, reasons, releases
from safeconduct.kernel.ui import formats

Text = str | Promise

CHANNELS: Final[Mapping[ChannelKind, Text]] = {
    ChannelKind.PLATFORM_DISPUTE: lazy("Dispute here"), ChannelKind.INQUIRY: lazy("Question of the bank"),
    ChannelKind.CHARGEBACK: lazy("Chargeback of the bank"), ChannelKind.PRE_DISPUTE: lazy("Refund before a dispute"),
    ChannelKind.RETURN: lazy("Return"), ChannelKind.REFUND_REQUEST: lazy("Request for a refund"),
}  # fmt: skip
#: How a channel ended, for the seller: tone and words.
OUTCOMES: Final[Mapping[ChannelOutcome, tuple[str, Text]]] = {
    ChannelOutcome.WON: ("good", lazy("ended for the seller")),
    ChannelOutcome.LOST: ("bad", lazy("ended for the buyer")),
    ChannelOutcome.ACCEPTED: ("", lazy("accepted by the seller")),
    ChannelOutcome.WITHDRAWN: ("good", lazy("withdrawn")),
    ChannelOutcome.SETTLED: ("", lazy("settled")),
    ChannelOutcome.MOVED: ("", lazy("goes on as another one")),
}
_OPEN: Final = ("warn", lazy("open"))
#: Channels that are cases: the name of their kind.
CASES: Final = {ChannelKind.PLATFORM_DISPUTE: "dispute", ChannelKind.RETURN: "return"}
#: An order has a claim or two, in a way or two each. Of one with more a page shows the newest; the API has all.
_MOST_CLAIMS, _MOST_WAYS = 6, 6


@dataclass(frozen=True, slots=True)
class Way:
    """One channel. ``here``: it is what the page is about; ``url``: its own page, "" for none."""

    name: Text
    tone: str
    word: Text
    amount_minor: int
    opened_at: datetime
    ended_at: datetime | None
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """A claim of one order line. ``order``: the shop's id of an order that is not the page's, else "". ``sums``: where
    its money stands, names and amounts in writing; ``held``: why money is held and what releases it, None where none
    is; ``frozen``: refunds stand still because a bank decides; ``staff``: it is read by the marketplace's staff, and
    not by those whom its sentences address."""

    order: str
    line: str
    currency: str
    ways: Sequence[Way]
    sums: Sequence[tuple[Text, str]]
    held: tuple[str, str, datetime | None] | None
    frozen: bool
    closed: bool
    staff: bool


def claims_of(
    order_key: int | None, language: str, *, here: str = "", staff: bool = False,
    url_of: Callable[[Channel], str] | None = None,
) -> list[ClaimShown]:  # fmt: skip
    """The claims about an order, the oldest first; in the scope that is open. ``here``: the matter the page is about,
    as its channel names it; ``url_of``: pages of channels that are no cases."""
    if order_key is None:
        return []
    newest = queries.of_order(order_key)[-_MOST_CLAIMS:]
    return [_shown(one, "", language, here, staff, url_of) for one in queries.overview(newest)]


def claims_of_bank(about: int, order_key: int | None, language: str, *, staff: bool = False) -> list[ClaimShown]:
    """The claims that a bank's dispute has joined: of the order that the page is about, and of the others that its
    payment paid; those of the scope that is open."""
    here = str(about)
    mine = claims_of(order_key, language, here=here, staff=staff)
    others = [one for one in queries.overview(queries.joined_by(here)) if one.claim.order_key != order_key]
    names = order_names({one.claim.order_key for one in others})
    return mine + [_shown(one, names.get(one.claim.order_key, ""), language, here, staff, None) for one in others]


def _shown(
    one: queries.Overview, order: str, language: str, here: str, staff: bool, url_of: Callable[[Channel], str] | None
) -> ClaimShown:
    def written(minor: int) -> str:
        return formats.money(minor, one.line.currency, language)

    held = 0 if one.hold is None else one.hold.amount_minor
    sums: list[tuple[Text, int]] = [
        (_("Paid by the buyer"), one.paid_minor), (_("Held"), held),
        (_("Refunds to be sent"), one.running_minor), (_("Refunds sent"), one.sent_minor),
        (_("Taken by the bank"), max(0, one.bank_minor)), (_("What the buyer got twice"), one.recovery_minor),
    ]  # fmt: skip
    return ClaimShown(
        order, one.line.name, one.line.currency,
        [_way(channel, here, staff, url_of) for channel in one.channels[-_MOST_WAYS:]],
        [(name, written(minor)) for n, (name, minor) in enumerate(sums) if minor or n == 0],
        None if one.hold is None else _held(one.hold, language),
        bool(one.freezing), one.claim.closed_at is not None, staff,
    )  # fmt: skip


def _held(hold: queries.Hold, language: str) -> tuple[str, str, datetime | None]:
    known = known_language(language)
    return reasons()[hold.reason].says[known], releases()[hold.released_by][known], hold.release_at


def _way(channel: Channel, here: str, staff: bool, url_of: Callable[[Channel], str] | None) -> Way:
    kind = ChannelKind(channel.kind)
    tone, word = _OPEN if channel.ended_at is None else OUTCOMES[ChannelOutcome(channel.outcome)]
    return Way(
        CHANNELS[kind], tone, word, channel.claimed_minor, channel.opened_at, channel.ended_at,
        _url(channel, kind, staff) or ("" if url_of is None else url_of(channel)), here == channel.about,
    )  # fmt: skip


def _url(channel: Channel, kind: ChannelKind, staff: bool) -> str:
    found = kinds().get(CASES.get(kind, ""))
    if found is None or not channel.case_id:
        return ""
    return (found.console_url if staff else found.url).format(id=channel.case_id)
