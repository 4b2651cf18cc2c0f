"""Payout accounts in words: what state one is in, what it waits for, why somebody looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from safeconduct.foundation.bank_accounts import Fault
from safeconduct.kernel.ledger.payout_accounts import AccountState
from safeconduct.protections.accounts.payout.models import Proposed

#: State → the tone of its tag, its name, and what it means for the seller.
STATES: Final[Mapping[AccountState, tuple[str, str | Promise, str | Promise]]] = {
    AccountState.DRAFT: (
        "info", lazy("being confirmed"),
        lazy("The marketplace confirms with the bank that it is yours. Then it waits 72 hours."),
    ),
    AccountState.VERIFIED: ("info", lazy("being confirmed"), lazy("It is confirmed, and begins to wait.")),
    AccountState.AGEING: (
        "info", pgettext_lazy("payout account", "waiting"),
        lazy("Payouts go on to the account before, so that you can cancel this one if it was not you."),
    ),
    AccountState.REVIEW: ("warn", lazy("a person looks at it"), lazy("It is not used before they have decided.")),
    AccountState.ACTIVE: ("good", lazy("in use"), lazy("Payouts go there.")),
    AccountState.AGED: ("", lazy("kept"), lazy("It was in use before. An owner can choose it again at once.")),
    AccountState.FROZEN: (
        "bad", lazy("out of use"),
        lazy("One of you did not know of a change. Two people of the marketplace find out who it was."),
    ),
    AccountState.CANCELLED: ("", lazy("cancelled"), lazy("Nothing was ever paid because of it.")),
}  # fmt: skip
#: Code of a doubt → why a person looks at an account.
DOUBTS: Final[Mapping[str, str | Promise]] = {
    "holder_name": lazy("The bank knows the account under another name."),
    "payouts_stopped": lazy("Payouts were stopped within the seven days before the change, or since."),
    "recovery_or_contact": lazy("An account of the shop was recovered, or a contact changed, within seven days."),
    "same_account": lazy("Another shop is paid to the same account. That alone is no ground against you."),
}
#: Why payouts are stopped.
STOPS: Final[Mapping[str, str | Promise]] = {
    "account_risk": lazy("Something about an account of the shop was unusual, as it is when a stranger gets in."),
    "not_me": lazy("One of the shop said that they did not change the payout account."),
}
OTHER_STOP: Final = lazy("The safety of the account has to be checked.")
#: How a change ended that nobody gave reasons for.
ENDS: Final[Mapping[str, str | Promise]] = {
    "cancelled": lazy("One of you cancelled it."),
    "not_me": lazy("One of you said that it was not you."),
}
#: What is wrong with a number, and what to do.
FAULTS: Final[Mapping[Fault, str | Promise]] = {
    Fault.SIGNS: lazy("Write letters and digits only; spaces and hyphens are left out."),
    Fault.SHORT_OR_LONG: lazy("An account's number has 4 to 34 letters and digits. Look at a statement of your bank."),
    Fault.NOT_AN_IBAN: lazy(
        "Accounts of this country have an IBAN. It stands on your statement and begins with the country."
    ),
    Fault.IBAN_LENGTH: lazy("An IBAN of this country has another length. Is something missing, or there twice?"),
    Fault.OTHER_COUNTRY: lazy("This IBAN is of another country than the one you chose. Correct one of them."),
    Fault.CHECK_DIGITS: lazy("The check digits do not fit: a digit is wrong, or two changed places. Compare it again."),
}
#: What two people of the staff do together.
PROPOSED: Final[Mapping[str, str | Promise]] = {
    Proposed.END_STOP: lazy("End the stop of payouts"),
    Proposed.GIVE_BACK: lazy("Give the account back"),
}


def masked(last4: str) -> str:
    """An account's number as everybody may see it."""
    return f"...{last4}"


def why_of(state: AccountState, why: str) -> str:
    """Why an account is in its state: each doubt, how it ended, or what a person wrote."""
    match state:
        case AccountState.REVIEW:
            return " ".join(str(DOUBTS.get(doubt, doubt)) for doubt in why.split(","))
        case AccountState.CANCELLED:
            return str(ENDS.get(why, why))
        case _:
            return ""


def is_shared(state: AccountState, why: str) -> bool:
    """Whether a person looks at an account because another shop is paid there too, for one."""
    return state is AccountState.REVIEW and "same_account" in why.split(",")


def stop_words(reason: str) -> str:
    """Why payouts are stopped."""
    return str(STOPS.get(reason, OTHER_STOP))
