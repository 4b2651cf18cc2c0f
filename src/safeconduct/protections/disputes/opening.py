"""Opens disputes: by the shop's API, by the buyer's own link, or because a shop tells of a refund that was asked for.

The order's records become evidence, the claim takes its hold, the seller's clock starts: one transaction. In an engine
scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.kernel import locks
from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.opening import Opening, PartyIn, open_cases
from safeconduct.kernel.cases.words import Remedy, Role
from safeconduct.kernel.claims.orders import OrderLines, lines_of
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.ui.formats import money as money_written
from safeconduct.protections.disputes import facts, money
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.errors import NoSuchOrder, OpenAlready, RequestMalformed
from safeconduct.protections.disputes.models import Dispute, Opened

KIND: Final = "dispute"
_ASKED: Final = (Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.REPLACEMENT)
_LONGEST_WORDS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Request:
    """A dispute to be opened. ``key``: the opener's, once for ever. ``amount_minor``: what is asked, in the order's
    currency; None for all of it. ``lines``: names of the order's lines that it is about, none for all of them.
    ``words``: the buyer's, "" where there are none. ``zone``, ``language``: the buyer's.
    """

    key: str
    order_key: int
    type: ClaimType
    asked: Remedy
    actor: Actor
    opened: Opened
    amount_minor: int | None = None
    words: str = ""
    zone: str = ""
    language: str = ""
    lines: tuple[str, ...] = ()


def open_disputes(requests: Sequence[Request], *, at: datetime, quiet: bool = False) -> list[Dispute]:
    """Opens these disputes and returns them in order; a key that is known gives the one it opened the first time.

    ``quiet``: nobody is mailed, for history that is imported or replayed.
    Raises NoSuchOrder, OpenAlready, RequestMalformed, and what claims refuse; then nothing is opened.
    """
    locks.orders_in_trouble([request.order_key for request in requests])
    known = _opened_before(requests)
    fresh = {request.key: request for request in requests if request.key not in known}
    if len({request.order_key for request in fresh.values()}) < len(fresh):
        raise RequestMalformed("order", _("has one dispute at a time; hand one over"))
    found = facts.orders({request.order_key for request in fresh.values()})
    lines = lines_of(found)
    fresh = {key: _checked(request, found.get(request.order_key), lines) for key, request in fresh.items()}
    _check_alone(list(fresh.values()), found)
    facts.collect(list(found.values()), at=at)
    cases = open_cases(
        [_case(request, found[request.order_key], at) for request in fresh.values()], at=at, quiet=quiet
    )  # fmt: skip
    for request, case_id in zip(fresh.values(), cases, strict=True):
        order = found[request.order_key]
        assert order.seller_key is not None
        known[request.key] = Dispute.objects.create(
            case_id=case_id, claim_id=money.claim_of(case_id), seller_key=order.seller_key, buyer_key=order.buyer_key,
            order_key=order.key, order_ref=order.ref, type=request.type, asked=request.asked, opened=request.opened,
            opened_at=at,
        )  # fmt: skip
        _say(request, order, case_id, at)
    return [known[request.key] for request in requests]


def _opened_before(requests: Sequence[Request]) -> dict[str, Dispute]:
    rows = query(
        "SELECT key, id FROM case_file WHERE key = ANY(%s::text[])", [[f"{KIND}/{one.key}" for one in requests]]
    ).fetchall()
    disputes = {d.case_id: d for d in Dispute.objects.filter(case_id__in=[case for _, case in rows])}
    return {key.removeprefix(f"{KIND}/"): disputes[case] for key, case in rows}


def _checked(request: Request, order: facts.Order | None, lines: Mapping[int, OrderLines]) -> Request:
    """The request with its amount. Raises NoSuchOrder, RequestMalformed."""
    if order is None:
        raise NoSuchOrder(str(request.order_key))
    if order.amount_minor is None:
        raise RequestMalformed("order", _("%(ref)s has no amount; tell it with order.placed") % {"ref": order.ref})
    if request.asked not in _ASKED:
        raise RequestMalformed("asked", _("is one of %(names)s") % {"names": ", ".join(_ASKED)})
    costs = lines[order.key].costs
    strange = [name for name in request.lines if name not in costs]
    if strange:
        known = ", ".join(name for name in costs if name) or _("none with a name")
        raise RequestMalformed(
            "lines", _("%(name)s is no line of this order; there is %(known)s") % {"name": strange[0], "known": known}
        )
    most = sum(costs[name] for name in set(request.lines)) if request.lines else order.amount_minor
    asked = most if request.amount_minor is None else request.amount_minor
    if not 0 < asked <= most:
        paid = money_written(most, order.currency, get_language() or "en")
        raise RequestMalformed("amount", _("is at most what was paid, %(paid)s, and not nothing") % {"paid": paid})
    if request.asked is Remedy.PARTIAL_REFUND and asked == most:
        raise RequestMalformed("amount", _("of a partial refund is less than what was paid; or ask for a refund"))
    if len(request.words) > _LONGEST_WORDS:
        raise RequestMalformed("words", _("are longer than %(n)s characters") % {"n": _LONGEST_WORDS})
    return replace(request, amount_minor=asked)


def _check_alone(fresh: Sequence[Request], found: dict[int, facts.Order]) -> None:
    there = Dispute.objects.filter(order_key__in=[request.order_key for request in fresh], ended_at=None).first()
    if there is not None:
        raise OpenAlready(found[there.order_key].ref, there.number)


def _case(request: Request, order: facts.Order, at: datetime) -> Opening:
    assert order.seller_key is not None
    return Opening(
        f"{KIND}/{request.key}", KIND, order.seller_key,
        (
            PartyIn(
                Role.BUYER, order.buyer_key, request.zone, order.buyer_country,
                (request.language or order.language)[:16],
            ),
            PartyIn(Role.SELLER, order.seller_key),
        ),
        request.actor, Role.BUYER, order_key=order.key,
        amount_minor=request.amount_minor, currency=order.currency, carrier=order.carrier[:60],
        facts={"type": request.type.value} | ({"lines": list(request.lines)} if request.lines else {}),
    )  # fmt: skip


def _say(request: Request, order: facts.Order, case_id: str, at: datetime) -> None:
    """What the buyer asks is an offer of theirs: the seller accepts it, or answers with another."""
    replaced = request.asked is Remedy.REPLACEMENT
    offer = Offer(request.asked, None if replaced else request.amount_minor, "" if replaced else order.currency)
    words = request.words.strip() or f"{request.type.value}: {request.asked.value}"
    messages.offer(case_id, request.actor, Role.BUYER, offer, words, at=at)
