"""A protection's face: what the engine, the seller's home and the menus ask of each of them.

Nothing below knows a protection by name. The settings list the modules that are built (``PROTECTIONS``); each has a
``PROTECTION`` of this type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import cast

from django.http.response import HttpResponseBase
from django.utils.functional import Promise

from safeconduct.kernel.cases.kinds import CaseKind
from safeconduct.kernel.decisions import policies
from safeconduct.kernel.decisions.reactions import Act, CasesOf, Sweep, reactions
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.ui.parts import MenuEntry


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something a seller should do: what, where, until when (UTC; None: no deadline), and what is at stake."""

    title: str
    url: str
    detail: str = ""
    due_at: datetime | None = None
    amount_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A sum on a seller's home: what it is, how much (minor units), what to make of it, where more of it stands."""

    label: str
    amount_minor: int
    currency: str
    note: str = ""
    tone: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """A protection's line on a seller's home. ``level``: "good", "attention" or "restricted"; ``sentence`` says why.
    ``to_dos``: the most urgent ones; ``figures``: for the row of money."""

    level: str
    sentence: str
    url: str
    to_dos: tuple[ToDo, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderNote:
    """What a protection says about an order beside a decision, to the staff: a name, and words, a time, or both.
    ``tone``: the words are a state, with this tone; None: plain words. ``detail``: more about it.
    """

    label: str
    text: str = ""
    detail: str = ""
    at: datetime | None = None
    tone: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something a protection does every so many seconds; ``work`` takes the time and opens its own scopes. ``apart``:
    it waits for others outside or computes for long, and so has a thread of its own.
    """

    name: str
    every_s: float
    work: Callable[[datetime], object]
    apart: bool = False


class KeyAnswer(IntEnum):
    """What a protection says to an API key that somebody is about to make, from nothing to everything."""

    AS_ASKED = 0
    #: It only reads for a day.
    READS_ONLY = 1
    REFUSED = 2


class ActAnswer(IntEnum):
    """What a protection says to something that a person is about to do, from nothing to everything."""

    AS_ASKED = 0
    #: The person shows anew who they are first.
    PROVE = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class Leaving:
    """Personal data that is about to be sent to somebody outside. ``key``: the sender's own name for it; ``to``: the
    recipient's name; ``order_key``: the order whose buyer it is about, ``stands_for``: a pseudonym that stands for the
    person where no order says who that is; ``kinds``: kinds of data, as the record of processing names them.
    """

    key: str
    to: str
    order_key: int | None
    stands_for: int
    kinds: frozenset[str]


class Held(StrEnum):
    """Why something may not leave: its recipient is declared nowhere, or not for these kinds of data; or it would be
    about more people than a law lets go without more than care."""

    NOBODY = "nobody"
    KINDS = "kinds"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Protection:
    """One of the ten, as the house sees it.

    ``event_types``: canonical events it wants to act on, beside those the policies are about. ``act``: called inside
    the transaction that decides, with the batch's events (rows of the fact table, by rising moment), the decisions
    made about them, and the time to stamp with (None: each event's own). It leaves out what it does not know, and
    reads and writes per batch, never per event. ``sweep``: does what is due by the given time, returns how much it
    did; called every few seconds, and opens its own scopes, so that one call may be several transactions.
    ``cases_of``: the orders whose cases ``act`` may open or move on these events.
    ``status``: for the home of the seller in scope. ``about_order``: what the staff should know of an order (its key)
    when they decide about it. ``portal_urls``/``console_urls``: modules of addresses under ``/portal/<name>/`` and
    ``/console/<name>/``; the menus' entries lead there. Views of the portal are written with `kernel.member_pages`.
    ``order_url``: the portal's page of an order, by its key, of the protection that has one. ``recipient_url``: that
    on which a member of the shop is shown an order's recipient, by its key, of the protection that has one.
    ``jobs``: what it does at longer intervals than ``sweep``. ``public_urls``: a module of addresses under ``/<name>/``
    for people without an account, which guards them itself. ``case_kinds``: the kinds of cases it brings, each with its
    workflow. ``api``: a module whose ``OPERATIONS`` are what it offers under ``/v1`` (`kernel.operations`), read when
    the API is put together. ``policies``: texts of the policies that guard Safeconduct itself, and so come into force
    wherever it is installed (`install_policies`); those about the shop's events are the operator's to publish.
    ``judge_key``: what it says to an API key that a person (their id) is about to make, from an address.
    ``judge_member``: what it says to a person (their id) of a seller (the shop's id of it) who is about to let
    somebody in as a role, from an address.
    ``may_send``: what of a batch that is about to be sent may not leave, by its key; it counts what may.
    ``file``: a file that it led to (`kernel.file_door.led_to`), by what it said of it; raises Http404. It is called in
    a scope of the engine, for whoever brings the ticket, and asks for nothing more.
    """

    name: str
    title: str | Promise
    icon: str
    event_types: frozenset[str] = frozenset()
    act: Act | None = None
    sweep: Sweep | None = None
    cases_of: CasesOf | None = None
    status: Callable[[int], Status] | None = None
    about_order: Callable[[int], Sequence[OrderNote]] | None = None
    portal_menu: Callable[[], Sequence[MenuEntry]] | None = None
    console_menu: Callable[[], Sequence[MenuEntry]] | None = None
    portal_urls: str | None = None
    console_urls: str | None = None
    public_urls: str | None = None
    api: str | None = None
    order_url: Callable[[int], str] | None = None
    recipient_url: Callable[[int], str] | None = None
    jobs: tuple[Periodic, ...] = ()
    case_kinds: tuple[CaseKind, ...] = ()
    policies: Callable[[], Sequence[str]] | None = None
    judge_key: Callable[[str, str, datetime], KeyAnswer] | None = None
    judge_member: Callable[[str, str, str, str, datetime], ActAnswer] | None = None
    may_send: Callable[[Sequence[Leaving], Actor, datetime], Mapping[str, Held]] | None = None
    file: Callable[[Sequence[str]], HttpResponseBase] | None = None


class Refusal(Exception):
    """What a protection refuses; the text is for the person who asked, and says the way out. ``code`` is stable."""

    code = "refused"
    status = 409


def protections() -> tuple[Protection, ...]:
    """The protections that are built, in the order of the seller's home."""
    return cast("tuple[Protection, ...]", reactions())


def install_policies(at: datetime, actor: Actor) -> list[str]:
    """Puts in force what the protections bring, where no version of it was ever there; returns the names of those.

    Safe to repeat: what an operator changed, rolled back or retired stays as they left it. Needs a staff scope.
    """
    texts = [text for one in protections() if one.policies is not None for text in one.policies()]
    made = [policies.install(text, at=at, actor=actor) for text in texts]
    return [version.policy for version in made if version is not None]


def judge_key(person_id: str, address: str, at: datetime) -> KeyAnswer:
    """What follows for an API key that this person is about to make, from an address: the strictest of what
    the protections say. They write down that it was asked, in transactions of their own."""
    said = (one.judge_key(person_id, address, at) for one in protections() if one.judge_key is not None)
    return max(said, default=KeyAnswer.AS_ASKED)


def judge_member(person_id: str, seller_ref: str, role: str, address: str, at: datetime) -> ActAnswer:
    """What follows for somebody whom this person is about to let in to a seller: the strictest of what the protections
    say. They write down that it was asked, in transactions of their own."""
    said = (one.judge_member for one in protections() if one.judge_member is not None)
    return max((ask(person_id, seller_ref, role, address, at) for ask in said), default=ActAnswer.AS_ASKED)


def may_send(batch: Sequence[Leaving], actor: Actor, at: datetime) -> dict[str, Held]:
    """What of this may not be sent, by its key, and why; what it does not name may. To be asked in the transaction
    that gives it out to be sent, before it leaves. Needs an engine scope.
    """
    if not batch:
        return {}
    found: dict[str, Held] = {}
    for one in protections():
        if one.may_send is not None:
            found.update(one.may_send([each for each in batch if each.key not in found], actor, at))
    return found


def order_url(order_key: int | None) -> str:
    """The portal's page of an order; empty where no protection has one."""
    found = next((p.order_url for p in protections() if p.order_url is not None), None)
    return "" if found is None or order_key is None else found(order_key)


def recipient_url(order_key: int) -> str:
    """The portal's page on which an order's recipient can be shown; empty where no protection has one."""
    found = next((p.recipient_url for p in protections() if p.recipient_url is not None), None)
    return "" if found is None else found(order_key)
