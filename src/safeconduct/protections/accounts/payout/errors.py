"""What is refused on the pages about payout accounts, in the reader's language, with the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.ledger.errors import NoSuchThing
from safeconduct.kernel.ledger.payout_checks import Because, PayoutAccountRefused
from safeconduct.kernel.protection import Refusal

P = ParamSpec("P")
R = TypeVar("R")

WORDS: Final[Mapping[Because, str | Promise]] = {
    Because.NOT_OWNER: lazy("Only an owner changes where the money goes."),
    Because.NO_PASSKEY: lazy("Confirm with a passkey: a code can be asked for or passed on."),
    Because.TOO_LONG_AGO: lazy("That took longer than five minutes. Read the text again, and confirm it anew."),
    Because.FACTOR_TOO_NEW: lazy(
        "This passkey is newer than 72 hours. Confirm with an older one, or come back when it is old enough."
    ),
    Because.NUMBER: lazy("The number has 4 to 34 letters and digits. Correct it."),
    Because.HOLDER: lazy("Give the holder's name and the country of the account."),
    Because.UNDER_WAY: lazy("Another change is under way. Cancel that one first, then ask again."),
    Because.STATE: lazy("It has changed in the meantime. Load the page again to see how it stands."),
    Because.NO_REASONS: lazy("Say the reasons: the seller reads them."),
    Because.RECOVERED: lazy(
        "An account of the shop was recovered, or a contact changed, less than seven days ago. Wait until then."
    ),
    Because.STOPPED: lazy("Payouts are stopped. As long as they are, nobody changes where the money goes."),
    Because.NEVER_CONFIRMED: lazy(
        "The holder's name was never confirmed, and nothing was ever paid there. Add it anew, so that it is confirmed."
    ),
    Because.SECOND_PERSON: lazy("A second person has to agree: whoever proposed it cannot."),
}


class PayoutRefused(Refusal):
    """Something about a payout account that may not be done now."""

    code = "payout_refused"


class NothingThere(Refusal):
    """An account, stop or proposal that is not there, or is not this shop's."""

    code = "not_found"
    status = 404


class NotConfirmed(PayoutRefused):
    """The passkey did not confirm what was shown."""

    def __init__(self, text: str = "") -> None:
        super().__init__(
            text
            or _(
                "That was not confirmed: the passkey is not yours, or you looked at something else meanwhile. Try "
                "again."
            )
        )


class TooSoon(NotConfirmed):
    """It was confirmed sooner than anybody could have read it."""

    def __init__(self) -> None:
        super().__init__(_("That was sooner than anybody reads it. Read what would change, and confirm it then."))


def said(work: Callable[P, R]) -> Callable[P, R]:
    """Lets refusals of the ledger be read by people: what it was, and the way out."""

    @wraps(work)
    def saying(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except PayoutAccountRefused as problem:
            raise PayoutRefused(WORDS[problem.because]) from problem
        except NoSuchThing as problem:
            raise NothingThere(_("There is nothing here. Go back to the list.")) from problem

    return saying
