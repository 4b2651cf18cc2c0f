"""What changes returns, one verb a function: asked for, received, moved on, judged and decided.

Everything runs in an engine or staff scope, in the caller's transaction, with an explicit actor and time. A state
changes by a step of the case alone (`steps` says what each does beside it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import machine, messages, opening
from safeconduct.kernel.cases.evidence import collect
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.opening import PartyIn
from safeconduct.kernel.cases.words import Role, Status
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, query
from safeconduct.protections.returns import hubs, money, proofs
from safeconduct.protections.returns.asks import Arrival, Ask
from safeconduct.protections.returns.errors import NoSuchHub, NoSuchReturn, NothingToReturn, ReturnsError
from safeconduct.protections.returns.freight import payer
from safeconduct.protections.returns.gathering import Told, told
from safeconduct.protections.returns.models import Hub, Return, ReturnLine
from safeconduct.protections.returns.rights import Asked, rights
from safeconduct.protections.returns.terms import Terms, terms_on
from safeconduct.protections.returns.words import Acceptance, Payer, Reception, Wish

KIND: Final = "return"
#: States in which a parcel can still arrive.
_EXPECTS: Final = ("requested", "authorised", "in_transit")
_LONGEST_ADDRESS: Final = 500
#: Here a parcel that was given up for lost can still arrive: it is looked at by who judges.
_JUDGED: Final = "judging"
#: State → the step by which law's clock pays there.
_PAID_BY_LAW: Final = {"in_transit": "law_pays", "inspecting": "law_pays", _JUDGED: "law_pays_by_fund"}


#: A return by when law wants it paid, and its id.
Due = tuple[datetime, str]


def request(asks: Sequence[Ask], actor: Actor, role: Role, *, at: datetime, quiet: bool = False) -> list[str]:
    """Returns begin: each becomes a case with its clocks, evidence of what left, and a channel of the order's claim.

    Returns the ids in order; the same key again is the return of the first time. What law allows is allowed at once,
    and goods that must not travel are to be destroyed instead. ``quiet``: nobody is mailed, for history that is
    imported or replayed. Raises NothingToReturn.
    """
    if not asks:
        return []
    orders = told([ask.order_key for ask in asks])
    fresh: dict[str, Return] = {}
    lines: list[ReturnLine] = []
    openings = []
    for ask in asks:
        order = orders.get(ask.order_key)
        if order is None:
            raise NothingToReturn(_("This order is not known here. Check its number."), "order")
        returned = _return(ask, order)
        fresh[ask.key] = returned
        lines += _lines(ask, order, returned)
        openings.append(_opening(ask, order, returned, actor, role))
    case_ids = opening.open_cases(openings, at=at, quiet=quiet)
    known = dict(Return.objects.filter(case_id__in=case_ids).values_list("case_id", "id"))
    made = {}
    for ask, case_id in zip(asks, case_ids, strict=True):
        if case_id not in known and case_id not in made:
            made[case_id] = fresh[ask.key]
            fresh[ask.key].case_id = case_id
    hubs.send(made.values(), at)
    Return.objects.bulk_create(made.values())
    new_ids = {one.id for one in made.values()}
    ReturnLine.objects.bulk_create([line for line in lines if line.returned_id in new_ids])
    collect([piece for one in made.values() for piece in proofs.of_leaving(one)], ENGINE_ACTOR, at=at)
    money.begin(list(made.values()), at, quiet=quiet)
    machine.transition([move for one in made.values() for move in _at_once(one)], at=at, quiet=quiet)
    ids = known | {case_id: one.id for case_id, one in made.items()}
    return [ids[case_id] for case_id in case_ids]


def receive(arrivals: Sequence[Arrival], *, at: datetime, quiet: bool = False) -> list[str]:
    """Parcels came back: what was noted of them becomes evidence, and who has to look gets the turn.

    A parcel of an order that nobody asked to return becomes a return without authorisation: goods are never refused at
    the door, because then nobody would have them. Returns the ids of the returns that were moved, in no order; a parcel
    that is told twice, or comes after the end, moves nothing. ``quiet``: nobody is mailed, as in `request`.
    """
    latest = {arrival.order_key: arrival for arrival in arrivals}
    open_ones = _open(latest)
    seen = set(Return.objects.filter(order_key__in=latest).values_list("order_key", "received_at"))
    strangers = [one for order, one in latest.items() if order not in open_ones and (order, one.at) not in seen]
    known = told([arrival.order_key for arrival in strangers])
    request(
        [
            Ask(f"parcel/{one.key}", one.order_key, one.at, announced=False)
            for one in strangers
            if one.order_key in known
        ],
        ENGINE_ACTOR, Role.ENGINE, at=at, quiet=quiet,
    )  # fmt: skip
    due = [one for one in _open(latest).values() if one.case.state in (*_EXPECTS, _JUDGED) and not one.received_at]
    for one in due:
        arrival = latest[one.order_key]
        one.back, one.received_at = proofs.as_json(arrival.seen), arrival.at
    Return.objects.bulk_update(due, ["back", "received_at"])
    by_id = {one.id: latest[one.order_key] for one in due}
    lines = list(ReturnLine.objects.filter(returned_id__in=by_id))
    for line in lines:
        line.reception = by_id[line.returned_id].lines.get(line.name, Reception.RECEIVED)
    ReturnLine.objects.bulk_update(lines, ["reception"])
    collect([piece for one in due for piece in proofs.of_arriving(one)], ENGINE_ACTOR, at=at)
    machine.transition(
        [Move(one.case_id, "received", ENGINE_ACTOR, Role.ENGINE) for one in due if one.case.state in _EXPECTS],
        at=at, quiet=quiet,
    )  # fmt: skip
    return [one.id for one in due]


def step(
    return_id: str, name: str, actor: Actor, role: Role, *, at: datetime, seen_step: int | None = None,
    hub: str = "", carrier: str = "", tracking: str = "", send_to: str = "",
) -> Moved:  # fmt: skip
    """A step that needs nothing but to be taken: authorise, refuse, sent, accept, contest, replace, withdraw, appeal ….

    ``send_to``, ``hub``: where the parcel goes, the seller's to say; ``carrier``, ``tracking``: of its label or its
    way. Raises NoSuchReturn and what cases raise.
    """
    returned = _held(return_id)
    words = {"hub": hub.strip()[:60], "carrier": carrier.strip()[:60], "tracking": tracking.strip()[:120]}
    says_where = role is not Role.BUYER and bool(send_to.strip())
    if says_where:
        _goes_to(returned, send_to, at)
    elif role is Role.BUYER or returned.at_hub_id is not None:
        words.pop("hub")
    given = {field: text for field, text in words.items() if text}
    if given:
        Return.objects.filter(id=returned.id).update(**given)
    (moved,) = machine.transition([Move(returned.case_id, name, actor, role, seen_step=seen_step, facts=given)], at=at)
    return moved


def direct(return_id: str, send_to: str, hub: str = "", *, at: datetime, hub_id: str = "") -> None:
    """Says where the parcel goes, as long as it can still be sent there: to an address of the seller, with the name of
    the place, or to a local one of the marketplace (``hub_id``). The next returns from that country follow the seller's
    word (`hubs`). Raises NoSuchReturn, ReturnsError, NoSuchHub."""
    returned = _held(return_id)
    if returned.case.state not in hubs.NOT_SENT:
        raise ReturnsError(_("The parcel is on its way or back; where it goes cannot be changed any more."), "send_to")
    if hub_id:
        chosen = next((one for one in hubs.choices(returned, at) if one.id == hub_id), None)
        if chosen is None:
            raise NoSuchHub
        _told(returned, chosen.address, chosen.name, chosen, at)
        return
    if not send_to.strip():
        raise ReturnsError(_("Write the address the buyer sends it to."), "send_to")
    _goes_to(returned, send_to, at, hub.strip()[:60])


def say(return_id: str, actor: Actor, role: Role, words: str, *, at: datetime, template: str = "") -> None:
    """Writes to the other side, which is told. Raises NoSuchReturn, ReturnsError once the return is closed,
    CaseMalformed for nothing or too much."""
    returned = _held(return_id)
    if returned.case.status == Status.CLOSED:
        raise ReturnsError(_("This return is closed; nobody would read it here."), "words")
    messages.say(returned.case_id, actor, role, words, at=at, template=template)


def keep_goods(
    return_id: str, actor: Actor, role: Role, rule: str, pays: Payer, *, at: datetime, seen_step: int | None = None
) -> Moved:  # fmt: skip
    """Paid back without the goods, by a written rule and a payer by name: the seller of their own accord, or the
    platform at its own cost. Raises NoSuchReturn, ReturnsError, GuardRefused above the amount of the written rule."""
    returned = _held(return_id)
    if not rule.strip():
        raise ReturnsError(_("Name the written rule by which the buyer keeps the goods."), "rule")
    wanted = Payer.SELLER if role is Role.SELLER else Payer.PLATFORM
    if pays is not wanted:
        raise ReturnsError(_("Who orders a refund without return pays for it: name yourself as the payer."), "payer")
    Return.objects.filter(id=returned.id).update(written_rule=rule.strip()[:120], keeper_pays=pays, freight=pays)
    name = "keep_goods" if role is Role.SELLER else "platform_keeps"
    facts = {"rule": rule.strip()[:120], "payer": pays.value}
    (moved,) = machine.transition([Move(returned.case_id, name, actor, role, seen_step=seen_step, facts=facts)], at=at)
    return moved


def law_pays(now: datetime, limit: int, after: Due | None = None) -> tuple[int, Due | None]:
    """Pays what law wants paid by now, of so many returns; returns of how many, and after which one to go on (None:
    that was all). In an engine scope.

    Cases that somebody else works on, and those that cannot be paid, are passed over and come with the next sweep.
    """
    rows = query(
        "SELECT c.id, c.state, r.law_due_at, r.id FROM return_file r JOIN case_file c ON c.id = r.case_id"
        " WHERE r.law_due_at <= %s AND (%s::timestamptz IS NULL OR (r.law_due_at, r.id) > (%s, %s))"
        " AND c.state = ANY(%s::text[]) ORDER BY r.law_due_at, r.id LIMIT %s FOR UPDATE OF c SKIP LOCKED",
        [now, *((after[0], *after) if after else (None, None, None)), list(_PAID_BY_LAW), limit],
    ).fetchall()
    paid = machine.transition_each(
        [Move(case_id, _PAID_BY_LAW[state], ENGINE_ACTOR, Role.ENGINE) for case_id, state, _due, _id in rows], at=now
    )
    return len(paid), (rows[-1][2], rows[-1][3]) if len(rows) == limit else None


def find(return_id: str) -> Return:
    """One return in scope with its case. Raises NoSuchReturn."""
    found = Return.objects.filter(id=return_id).select_related("case").first()
    if found is None:
        raise NoSuchReturn
    return found


def _held(return_id: str) -> Return:
    """One return, its case locked first: who changes a return has its case (`kernel.locks`)."""
    machine.locked([find(return_id).case_id])
    return find(return_id)


def terms_of(returned: Return) -> Terms:
    """The numbers of the day on which the return was asked for."""
    return terms_on(returned.terms.partition("/")[0], returned.requested_at.date())


def _return(ask: Ask, order: Told) -> Return:
    terms = terms_on(settings.PRESET, ask.at.date())
    law = rights(Asked(Route(order.buyer_country, order.seller_country), ask.buyer_zone, order.delivered_at, ask.at))
    window = timedelta(days=terms.window_days)
    identity = new_id("ret")
    amount = sum(ask.lines.values()) if ask.lines else order.amount_minor
    if not 0 <= amount <= order.amount_minor or any(minor < 0 for minor in ask.lines.values()):
        raise NothingToReturn(_("More is asked for than the order came to. Check the lines."), "lines")
    return Return(
        id=identity, authorisation=f"R-{identity[-8:].upper()}", seller_key=order.seller_key,
        order_key=order.order_key, order_ref=order.order_ref, currency=order.currency,
        amount_minor=amount, announced=ask.announced, reason=ask.reason, wish=ask.wish,
        freight=payer(ask.reason, duties=ask.duties), duties=ask.duties or "", no_travel=ask.no_travel or "",
        buyer_country=order.buyer_country, buyer_zone=ask.buyer_zone, statutory=law.statutory, floors=list(law.by),
        until_at=law.until, in_window=order.delivered_at is None or ask.at <= order.delivered_at + window,
        terms=terms.version, whole=amount == order.amount_minor, left=proofs.as_json(order.left),
        category=order.category, carrier=order.carrier, delivered_at=order.delivered_at, requested_at=ask.at,
    )  # fmt: skip


def _goes_to(returned: Return, send_to: str, at: datetime, name: str = "") -> None:
    address = "\n".join(line.strip() for line in send_to.strip().splitlines() if line.strip())
    if len(address) > _LONGEST_ADDRESS:
        raise ReturnsError(_("An address has at most %(n)s letters.") % {"n": _LONGEST_ADDRESS}, "send_to")
    _told(returned, address, name, None, at)


def _told(returned: Return, address: str, name: str, hub: Hub | None, at: datetime) -> None:
    Return.objects.filter(id=returned.id).update(send_to=address, hub=name, at_hub=hub, directed_at=at)


def _lines(ask: Ask, order: Told, returned: Return) -> list[ReturnLine]:
    amounts: Mapping[str, int] = ask.lines or {"": order.amount_minor}
    return [
        ReturnLine(
            returned_id=returned.id, name=name, seller_key=order.seller_key, amount_minor=minor,
            reception=Reception.AWAITING, acceptance=Acceptance.PENDING,
        )
        for name, minor in amounts.items()
    ]  # fmt: skip


def _opening(ask: Ask, order: Told, returned: Return, actor: Actor, role: Role) -> opening.Opening:
    buyer = PartyIn(Role.BUYER, order.buyer_key, ask.buyer_zone, order.buyer_country)
    return opening.Opening(
        f"{KIND}/{ask.key}", KIND, order.seller_key, (buyer, PartyIn(Role.SELLER, order.seller_key)), actor, role,
        about=returned.id, order_key=order.order_key, amount_minor=returned.amount_minor, currency=order.currency,
        carrier=order.carrier, facts={"reason": ask.reason.value, "wish": ask.wish.value},
    )  # fmt: skip


def _at_once(returned: Return) -> list[Move]:
    """Goods that must not travel do not; what law allows the seller does not have to."""
    if returned.no_travel:
        return [Move(returned.case_id, "destroy", ENGINE_ACTOR, Role.ENGINE)]
    if returned.statutory and returned.announced and returned.wish == Wish.REFUND:
        return [Move(returned.case_id, "authorise", ENGINE_ACTOR, Role.ENGINE)]
    return []


def _open(order_keys: Mapping[int, Arrival]) -> dict[int, Return]:
    """Order → its return that is not closed, the latest."""
    rows = Return.objects.filter(order_key__in=order_keys).exclude(case__status=Status.CLOSED)
    return {one.order_key: one for one in rows.select_related("case").order_by("requested_at", "id")}
