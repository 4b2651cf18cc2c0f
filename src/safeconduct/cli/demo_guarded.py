"""What a newcomer finds on the pages about accounts and data: the demo's shop has people who signed in, an account it
is paid to and one that waits, somebody who said *that was not me*; the desk has a breach to answer and people who ask.

Everything is done by the product's own verbs, when the world's history is over. Each part commits by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from safeconduct.demo.seeds import generator, token

if TYPE_CHECKING:
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.parties.security_events import Origin
    from safeconduct.kernel.scope import Actor

_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36"
_SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Safari/604.1"
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#: Colleagues of the owner: address, name, role, browser.
_COLLEAGUES: Final = (
    ("diego.fuentes@andes.example", "Diego Fuentes", "finance", _CHROME),
    ("ines.pardo@andes.example", "Inés Pardo", "fulfilment", _SAFARI),
)
#: Whose sign-in it was not, and how long ago, in hours.
_NOT_ME, _NOT_ME_H = "ines.pardo@andes.example", 6
#: The old account is in force since so many days; the new one was asked for so many hours ago.
_OLD_DAYS, _NEW_H = 40, 20
_OLD, _NEW = "CL00 2210 4471 9083", "CL00 7719 0042 5316"
_BREACH: Final = "A courier's export of addresses lay open for a night"
_BREACH_SAID: Final = (
    "A file that one carrier's depot had exported stood on a server without a password from 22:10 to 06:40. It held"
    " recipients and addresses of parcels of the day before. The carrier has closed it; the server's log shows two"
    " foreign downloads."
)
#: Who outside is given data: name, country, what for, kinds of data, number of the contract.
_RECIPIENTS: Final = (
    (
        "Stripe",
        "US",
        "Answers to banks",
        ("address", "contact", "device", "messages", "orders", "payment"),
        "SCC-2026-014",
    ),
    ("Nordpost Paket", "DE", "Parcels to buyers in Europe", ("address", "contact"), "SCC-2026-021"),
)
_WHY_READ: Final = "The carrier asks whether the street or the postal code of a returned parcel is right"


@dataclass(frozen=True, slots=True)
class _Shop:
    key: int
    owner: User
    colleagues: tuple[User, ...]


def furnish(owner_email: str, now: datetime) -> None:
    """Fills the pages of the shop that this person owns, and the desks of the staff that belong to them."""
    shop = _people(owner_email, now)
    _payout_accounts(shop, now)
    _sign_ins(shop, now)
    _not_me(shop, now)
    _desk(shop, now)


def _people(owner_email: str, now: datetime) -> _Shop:
    from safeconduct.kernel.parties import members
    from safeconduct.kernel.parties.models import MemberRole, Membership, User
    from safeconduct.kernel.scope import staff_scope

    with staff_scope():
        owner = User.objects.get(email=owner_email)
        key = Membership.objects.get(person=owner).seller_key
        found = []
        for email, name, role, _browser in _COLLEAGUES:
            # Nobody signs in as them: without a password there is nothing to guess.
            one = User.objects.create_user(email, None, name=name, language=owner.language, time_zone=owner.time_zone)
            members.add_member(one, key, MemberRole(role), owner, at=now)
            found.append(one)
    return _Shop(key, owner, tuple(found))


def _sign_ins(shop: _Shop, now: datetime) -> None:
    """Four weeks of sign-ins, of which the last few sessions still run."""
    browsers = {email: browser for email, _, _, browser in _COLLEAGUES}
    signed_in = [
        (now - timedelta(days=days, hours=2 + 3 * number, minutes=7 * number), person, days)
        for number, person in enumerate((shop.owner, *shop.colleagues))
        for days in (26, 17, 9, 2)
    ]
    for number, (at, person, days) in enumerate(sorted(signed_in, key=lambda one: one[0])):
        browser = browsers.get(person.email, _FIREFOX)
        _signed_in(shop, person, _origin(f"100.82.14.{20 + number % 3}", browser), at, fresh=days == 26)
    stranger = next(person for person in shop.colleagues if person.email == _NOT_ME)
    _signed_in(shop, stranger, _origin("100.113.7.9", _CHROME), now - timedelta(hours=_NOT_ME_H), fresh=True)


def _origin(address: str, browser: str) -> Origin:
    from safeconduct.kernel.parties.security_events import Origin

    return Origin(address, browser)


def _signed_in(shop: _Shop, person: User, origin: Origin, at: datetime, *, fresh: bool) -> None:
    from safeconduct.kernel.parties import security_events, sessions
    from safeconduct.kernel.parties.security_events import Happened, Level
    from safeconduct.kernel.scope import Actor, engine_scope, visitor_scope

    key = token(generator(0, f"{person.email}/{at.isoformat()}"), 32)
    with visitor_scope():
        session, _ = sessions.begin(person.id, key, origin, at, factor="passkey")
    with engine_scope():
        facts = {"new_device": fresh, "factor": "passkey", "session": session}
        level = Level.NOTICE if fresh else Level.INFO
        happened = Happened("signed_in", level, person.id, shop.key, facts, origin)
        security_events.note([happened], Actor(person.id, "person"), at)


def _payout_accounts(shop: _Shop, now: datetime) -> None:
    """One account in force, and another that waits out its days; where there is a doubt about the first, it waits for
    the staff, and no other can be asked for."""
    from safeconduct.kernel.ledger import payout_accounts
    from safeconduct.kernel.scope import Actor, engine_scope

    owner, bank = Actor(shop.owner.id, "owner"), Actor("bank", "bank")
    for number, asked in ((_OLD, now - timedelta(days=_OLD_DAYS)), (_NEW, now - timedelta(hours=_NEW_H))):
        proof = payout_accounts.Proof("passkey", asked - timedelta(days=90), asked - timedelta(minutes=1))
        with engine_scope():
            account = payout_accounts.ask(shop.key, number, shop.owner.name, "CL", owner, proof, at=asked)
            payout_accounts.verified(account, bank, name_matches=True, at=asked + timedelta(hours=1))
            payout_accounts.ripen(min(now, asked + timedelta(days=4)))
            states = {one.id: one.state for one in payout_accounts.accounts_of(shop.key)}
        if states[account] is not payout_accounts.AccountState.ACTIVE:
            return


def _not_me(shop: _Shop, now: datetime) -> None:
    """A colleague presses the link in the mail about a sign-in that was not theirs; the case waits for the staff."""
    from safeconduct.kernel.parties.models import SecurityEvent
    from safeconduct.kernel.scope import engine_scope
    from safeconduct.protections.accounts.sign_in import not_me

    with engine_scope():
        event = (
            SecurityEvent.objects.filter(kind="signed_in", person__email=_NOT_ME, seller_key=shop.key)
            .select_related("person").order_by("-at").first()
        )  # fmt: skip
        if event is not None:
            not_me.freeze(event, at=now - timedelta(hours=_NOT_ME_H - 2))


def _desk(shop: _Shop, now: datetime) -> None:
    """A reading with its reason, a breach whose clocks run, people who ask for their data, and who is given some."""
    from safeconduct.kernel.parties.models import StaffRole, User
    from safeconduct.kernel.readings import contacts
    from safeconduct.kernel.readings.scenes import Scene
    from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
    from safeconduct.protections.data_security.incidents import actions as incidents
    from safeconduct.protections.data_security.incidents.regimes import Risk
    from safeconduct.protections.data_security.requests import actions as requests
    from safeconduct.protections.data_security.requests.words import Kind
    from safeconduct.protections.data_security.transfers import destinations
    from safeconduct.protections.data_security.transfers.thresholds import Mechanism
    from safeconduct.protections.data_security.transfers.words import Role

    with staff_scope():
        lead = min(User.objects.filter(staff_role=StaffRole.LEAD), key=lambda one: one.email, default=None)
        latest = query(
            'SELECT c.order_key, f.buyer FROM coverage c JOIN fact f ON f."order" = c.order_key AND f.buyer IS NOT NULL'
            " WHERE c.seller_key = %s ORDER BY c.placed_at DESC, f.moment LIMIT 1",
            [shop.key],
        ).fetchone()
        assert lead is not None
        told = incidents.Told(
            _BREACH, _BREACH_SAID, now - timedelta(hours=9), ("address", "contact"), risk=Risk.HIGH,
            measures="The file is closed; the carrier's access is suspended.",
        )  # fmt: skip
        incidents.open_incident(told, {"DE": 41, "FR": 12, "AU": 3}, _as(lead), at=now - timedelta(hours=8))
        for name, country, purpose, categories, contract in _RECIPIENTS:
            lawful = destinations.Lawful(Mechanism.STANDARD_CONTRACT, contract, (now + timedelta(days=300)).date())
            since = now - timedelta(days=_OLD_DAYS)
            destinations.declare(name, country, Role.PROCESSOR, purpose, categories, lawful, _as(lead), at=since)
    with engine_scope():
        asked = now - timedelta(days=2)
        requests.ask_as_member(
            shop.owner, shop.key, "CL", Kind.EXPORT, "", Actor(shop.owner.id, "owner"), at=asked
        )  # fmt: skip
        if latest is not None:
            order, buyer = latest
            at = now - timedelta(hours=5)
            contacts.opened([order], shop.key, ("name", "address"), Scene.CARE, _as(lead, _WHY_READ), at)
            requests.ask_as_buyer(
                order, buyer, "DE", "de", Kind.ACCESS, "", Actor("link/order", "buyer"), at=now - timedelta(hours=30)
            )


def _as(person: User, why: str = "") -> Actor:
    from safeconduct.kernel.scope import Actor

    return Actor(person.id, person.staff_role, why)
