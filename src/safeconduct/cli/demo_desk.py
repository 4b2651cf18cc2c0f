"""The people of the demo's marketplace at work: staff who rule on held orders, and a seller who objects.

They are people of the made-up world: what they find out about an order comes from its truth, and one time in twenty
they are wrong. The product hears only what they decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeconduct.cli.demo_accounts import AccountDesk
    from safeconduct.cli.demo_cases import CaseDesk
    from safeconduct.demo import World
    from safeconduct.kernel.parties.models import Membership
    from safeconduct.presets.numbers import Payouts

_WRONG = 0.05
#: A round of sweeping does thousands of things; more than so many rounds would be a fault.
_MOST_ROUNDS = 50
#: What was held in the last days still waits: the desk is busy after the sale. Less than a card authorisation lasts.
_BEHIND = timedelta(days=5)
#: What is older in a seller's inbox has been read.
_READ_UNTIL = timedelta(days=4)
#: Documents for banks that are drawn, and how much time a bank must leave for looking at one.
_DOCUMENTS, _TIME_TO_LOOK = 6, timedelta(days=1)
_FINE = (
    "Rang the buyer; name, order and bank statement agree.",
    "Long-standing buyer on a journey, confirmed by e-mail from the old address.",
    "The bank confirms the cardholder. Gift for the family.",
    "Same household as earlier orders; the second card is the spouse's.",
)
_FRAUD = (
    "The cardholder does not know this order.",
    "Address belongs to a parcel forwarder we know from earlier fraud.",
    "Four cards tried, none in the buyer's name; nobody answers the phone.",
    "The bank has blocked the card since.",
)
_OWNER = (
    "Rang the owner on the number on file: it was one of theirs, on a new computer.",
    "A colleague at the shop confirms who it was and what for.",
)
_STRANGER = ("Nobody at the shop knows of it; told them to choose a new password.",)
_OBJECTION = (
    "We know this customer: she has bought from us for two years and wrote to us today that the order is hers. "
    "Please look again; the parcel is packed and waits."
)


@dataclass(slots=True)
class Desk:
    """The desk. ``fraud``: orders that are fraud, as the world knows; ``closes``: the end of the history;
    ``cases``: who works on disputes and returns; ``accounts``: on accounts."""

    seed: int
    fraud: Collection[str]
    closes: datetime
    cases: CaseDesk
    accounts: AccountDesk

    def day(self, until: datetime, people: Callable[[datetime], None]) -> None:
        """What ``people`` do by then, and time: what has come due is done, sellers are paid."""
        from safeconduct.kernel.decisions import reactions
        from safeconduct.protections.transactions.money import due

        self.cases.strikes(until)
        people(until)
        self.cases.clocks(until)
        self.accounts.day(until)
        for _ in range(_MOST_ROUNDS):
            if not reactions.sweep(until):
                break
        due.release(until, replay=True)
        if until == due.schedule(until).due(until):
            due.run_payouts(until, replay=True)

    def people(self, until: datetime, sellers: Sequence[int]) -> None:
        """What people do about some sellers' orders by a time: held ones are ruled on, complaints opened and judged."""
        self.work(until, sellers)
        self.cases.people(until, sellers)

    def work(self, until: datetime, sellers: Sequence[int]) -> None:
        """Rules on what was held and would have been looked at by a time, each at its hour, oldest first."""
        from safeconduct.demo.seeds import generator
        from safeconduct.foundation.policy.nodes import Action
        from safeconduct.kernel.decisions import actions
        from safeconduct.kernel.parties.models import User
        from safeconduct.kernel.scope import query, staff_scope

        with staff_scope():
            people = sorted(User.objects.exclude(staff_role=""), key=lambda one: one.email)
            held = query(
                "SELECT r.decision_id, r.opened_at, e.data ->> 'order' FROM review r"
                " JOIN decision d ON d.id = r.decision_id JOIN event e ON e.moment = d.moment"
                " WHERE r.state = 'open' AND r.opened_at < %s AND coalesce(d.seller_key, 0) = ANY(%s::bigint[])"
                " ORDER BY r.opened_at",
                [min(until, self.closes - _BEHIND), list(sellers)],
            ).fetchall()
        for decision, opened_at, order in held:
            rng = generator(self.seed, order)
            at = opened_at + timedelta(minutes=rng.triangular(12, 225, 50))
            if at >= until:
                continue
            wrong = rng.random() < _WRONG
            blocked = (order in self.fraud) != wrong
            fine, fraud = (_FINE, _FRAUD) if order else (_OWNER, _STRANGER)
            action, words = (Action.BLOCK, fraud) if blocked else (Action.ALLOW, fine)
            with staff_scope():
                actions.override(decision, rng.choice(people), action, rng.choice(words), at=at)
            self.cases.tally.ruled += 1


def weeks(begins: datetime, ends: datetime, payouts: Payouts) -> list[datetime]:
    """The dates on which sellers are paid within a span, and its end."""
    points = []
    point = payouts.following(begins)
    while point < ends:
        points.append(point)
        point = payouts.following(point)
    return [*points, ends]


def fraud_of(world: World) -> frozenset[str]:
    """The orders that are fraud and can be known to be so by who asks around."""
    return frozenset(
        row.order_id
        for row in world.truth
        if row.order_id is not None and row.role != "decoy" and row.expected_action != "allow"
    )


def open_shop(email: str, at: datetime) -> None:
    """Lets a person own the demo's shop: with an inbox that has a past, one refusal they object to, and
    documents for the banks that wait."""
    from safeconduct.kernel.notices import actions as notices
    from safeconduct.kernel.parties import members
    from safeconduct.kernel.parties.models import MemberRole, User
    from safeconduct.kernel.scope import query, staff_scope

    with staff_scope():
        person = User.objects.get(email=email)
        member = members.add_member(person, seller_of_the_demo(), MemberRole.OWNER, None, at=at)
        notices.catch_up(member, at=at)
        old = query(
            "SELECT notice_id FROM notice_copy WHERE person_id = %s AND at < %s", [person.id, at - _READ_UNTIL]
        ).fetchall()
        notices.mark_read(person.id, [notice for (notice,) in old], at=at)
    _object_once(member, at)
    keep_terms(at)
    name_hubs(at)
    _answer_banks(member, at)


def seller_of_the_demo() -> int:
    """The shop whose owner signs in: Chilean, like the strike in its season; rather one with something to object to,
    with a case that waits for it, and with much to do. In a scope of staff. Raises LookupError in a world without
    orders.
    """
    from safeconduct.kernel.scope import query

    row = query(
        "SELECT c.seller_key FROM coverage c JOIN seller s ON s.key = c.seller_key"
        " WHERE c.placed_at > (SELECT max(placed_at) FROM coverage) - interval '30 days'"
        " GROUP BY c.seller_key, s.country ORDER BY s.country <> 'CL', NOT EXISTS (SELECT FROM decision d"
        " WHERE d.seller_key = c.seller_key AND d.standing AND d.policy = 'order-risk' AND d.action = 'block'),"
        " NOT EXISTS (SELECT FROM case_party p JOIN case_file f ON f.id = p.case_id WHERE f.seller_key = c.seller_key"
        " AND f.status <> 'closed' AND p.role = 'seller' AND p.turn = 'my_turn'),"
        " count(*) DESC, c.seller_key LIMIT 1"
    ).fetchone()
    if row is None:
        raise LookupError("no seller has an order")
    return int(row[0])


def _object_once(member: Membership, at: datetime) -> None:
    """The owner asks for a second look at the latest refusal: a person's rather than the engine's."""
    from safeconduct.kernel.decisions import second_look
    from safeconduct.kernel.scope import engine_scope, query

    with engine_scope():
        row = query(
            "SELECT id FROM decision WHERE seller_key = %s AND standing AND kind <> 'shadow' AND policy = 'order-risk'"
            " AND action = 'block' AND decided_at > %s ORDER BY kind = 'override' DESC, decided_at DESC LIMIT 1",
            [member.seller_key, at - second_look.MAY_ASK_FOR],
        ).fetchone()
        if row is not None:
            second_look.ask(row[0], member.seller_key, member.person, _OBJECTION, at=at)


def keep_terms(at: datetime) -> None:
    """The marketplace keeps the terms of its checkout, which banks are shown where an order says they were accepted."""
    from safeconduct.cli.demo_words import TERMS
    from safeconduct.demo.rendering import POLICIES
    from safeconduct.kernel.scope import Actor, engine_scope
    from safeconduct.protections.transactions.chargebacks import documents

    versions = dict(part.split() for part in POLICIES.split(", "))
    with engine_scope():
        for document, text in TERMS.items():
            version = versions[documents.TERMS[document]]
            given = documents.Given(document, text.encode(), version=version)
            documents.keep(None, given, Actor("marketplace", "staff"), at)


def name_hubs(at: datetime) -> None:
    """The marketplace names local addresses for the returns to come."""
    from safeconduct.cli.demo_words import HUBS
    from safeconduct.kernel.parties.models import StaffRole, User
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.returns import naming_hubs
    from safeconduct.protections.returns.words import Payer

    with staff_scope():
        lead = min(User.objects.filter(staff_role=StaffRole.LEAD), key=lambda one: one.email)
        for code, name, country, serves, goods, address, payer in HUBS:
            draft = naming_hubs.Draft(code, name, country, address, Payer(payer), serves, goods)
            naming_hubs.name(draft, lead, at=at)


def _answer_banks(member: Membership, at: datetime) -> None:
    """Documents for banks that wait for an answer: the owner's, to be looked at; those of others are on their way."""
    from safeconduct.kernel.scope import Actor, engine_scope, query
    from safeconduct.protections.transactions.chargebacks import answers

    with engine_scope():
        rows = query(
            "SELECT id, seller_key = %s FROM bank_dispute WHERE status = 'needs_response' AND answerable"
            " AND due_at > %s AND seller_key IS NOT NULL ORDER BY seller_key <> %s, due_at, ref LIMIT %s",
            [member.seller_key, at + _TIME_TO_LOOK, member.seller_key, _DOCUMENTS],
        ).fetchall()
        for dispute, own in rows:
            answers.stage(dispute, Actor("shop", "seller"), at, language=member.person.language if own else "en")
            if not own:
                answers.submit(dispute, Actor("shop", "seller"), at)


def spread_the_clocks() -> None:
    """What waits at the desk has clocks that have just begun to run, whenever the demo is looked at."""
    from safeconduct.kernel.scope import owner_scope, query

    with owner_scope():
        query(
            "UPDATE review SET due_at = now() + ranked.place * interval '11 minutes' FROM (SELECT decision_id,"
            " row_number() OVER (ORDER BY opened_at DESC) AS place FROM review WHERE state = 'open') AS ranked"
            " WHERE ranked.decision_id = review.decision_id"
        )
