"""The words of requests about one's own data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from safeconduct.kernel.ui.parts import Text


class Kind(StrEnum):
    """What is asked for. ``export``: only what the person gave or caused, to take elsewhere; ``access``: all of it, and
    what is done with it."""

    ACCESS = "access"
    EXPORT = "export"
    CORRECTION = "correction"
    ERASURE = "erasure"


class State(StrEnum):
    """Where a request stands. ``approved``: a person of the staff has let an erasure go; it is being carried out."""

    ASKED = "asked"
    IDENTIFIED = "identified"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Identified(StrEnum):
    """How it was checked who asks: signed in, by what they know of the order, or by a person of the staff."""

    SIGNED_IN = "signed_in"
    MATCHED = "matched"
    BY_STAFF = "by_staff"


OPEN: Final = (State.ASKED.value, State.IDENTIFIED.value, State.APPROVED.value)
KINDS: Final[Mapping[str, Text]] = {
    Kind.ACCESS: _("See all my data"),
    Kind.EXPORT: _("Take my data with me"),
    Kind.CORRECTION: _("Correct my data"),
    Kind.ERASURE: _("Erase my data"),
}
#: state → (tone, word)
STATES: Final[Mapping[str, tuple[str, Text]]] = {
    State.ASKED: ("warn", _("waits for the identity check")),
    State.IDENTIFIED: ("info", _("is worked on")),
    State.APPROVED: ("info", _("is carried out")),
    State.DONE: ("good", _("done")),
    State.REFUSED: ("bad", _("refused")),
    State.WITHDRAWN: ("", _("withdrawn")),
}
IDENTIFIED: Final[Mapping[str, Text]] = {
    "": _("not checked yet"),
    Identified.SIGNED_IN: _("signed in"),
    Identified.MATCHED: _("knew the contact of the order"),
    Identified.BY_STAFF: _("checked by a person"),
}
#: What is erased or stays → its words.
WHAT: Final[Mapping[str, Text]] = {
    "known_browsers": _("browsers you were known by"),
    "name_and_address": _("your name and e-mail address"),
    "account": _("your account: name, e-mail address, ways to sign in"),
    "sign_in_origins": _("where your sign-ins came from"),
    "claims_to_shops": _("what you said and brought in claims to shops"),
    "acts": _("what you did for the shop, under a pseudonym"),
    "archives": _("archives you asked for"),
    "orders": _("your orders with name, address and contact"),
    "messages_and_reviews": _("reviews you wrote"),
    "payment_defence": _("cards, devices and IP addresses of your payments"),
    "cases": _("open cases about your orders"),
    "closed_cases": _("messages and evidence in closed cases"),
    "raw_deliveries": _("messages of shop systems as they came"),
    "held": _("everything about the orders in question"),
}
#: Why something stays → the words.
WHY: Final[Mapping[str, Text]] = {
    "you_act_for_a_shop": _("you still act for a shop; ask its owner to end that first"),
    "security": _("it protects your account and the shop against thieves"),
    "record_of_acts": _("the shop and others rely on who did what; it names a number, not you"),
    "transaction_records": _("the law wants records of sales kept"),
    "payment_disputes": _("banks can still dispute the payment"),
    "open_case": _("a case about it is open"),
    "order_runs": _("an order is not finished yet"),
    "case_closed": _("a decision can still be challenged, by either side"),
    "shared_by_many": _("each holds the data of many people; they are deleted together"),
    "legal_hold": _("a legal hold forbids it"),
}
STEPS: Final[Mapping[str, Text]] = {
    "request_asked": pgettext_lazy("when", "Asked for"),
    "request_identified": _("Identity checked"),
    "request_not_identified": _("Identity check failed"),
    "request_extended": _("Time extended"),
    "request_approved": _("Erasure approved"),
    "request_done": _("Done"),
    "request_refused": _("Refused"),
    "request_withdrawn": _("Withdrawn"),
    "request_overdue": _("Answer is late"),
    "request_rest_erased": _("What had to stay was erased"),
    "archive_fetched": _("Archive fetched"),
    "receipt_fetched": _("Receipt fetched"),
}
