"""What can be refused about an answer to a bank: each says what is wrong and the way out."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.kernel.protection import Refusal


class ChargebackError(Refusal):
    """A refusal about a bank's dispute."""

    code = "chargeback"


class DisputeNotFound(ChargebackError):
    code = "dispute_not_found"
    status = 404

    def __init__(self, dispute_id: str) -> None:
        super().__init__(_("There is no bank dispute %(id)s.") % {"id": dispute_id})


class NoAnswerTaken(ChargebackError):
    code = "no_answer_taken"

    def __init__(self, status: str) -> None:
        words = _("The bank takes no answer to this dispute now (%(status)s). Wait for what it decides.")
        super().__init__(words % {"status": status})


class TooLate(ChargebackError):
    code = "answer_too_late"

    def __init__(self) -> None:
        super().__init__(_("The bank's last day has passed; it takes no answer any more."))


class AlreadyAnswered(ChargebackError):
    code = "already_answered"

    def __init__(self) -> None:
        super().__init__(_("This stage was answered; a bank takes one answer and no changes."))


class NothingStaged(ChargebackError):
    code = "nothing_staged"

    def __init__(self) -> None:
        super().__init__(_("No answer is ready. Make one, look at it, then send it."))


class AnswerChanged(ChargebackError):
    code = "answer_changed"

    def __init__(self) -> None:
        super().__init__(_("The answer is another one by now: somebody made it anew. Look at it again, then send it."))


class NothingHeld(ChargebackError):
    code = "nothing_held"

    def __init__(self) -> None:
        super().__init__(_("No answer to this dispute waits for leave to be sent; look at its line again."))


class NotToDownload(ChargebackError):
    code = "sent_by_interface"

    def __init__(self) -> None:
        super().__init__(_("This answer goes over the processor's interface; nobody hands it in by hand."))


class WarningNotFound(ChargebackError):
    code = "warning_not_found"
    status = 404

    def __init__(self, warning_id: str) -> None:
        super().__init__(_("There is no early warning %(id)s.") % {"id": warning_id})


class AlreadyDecided(ChargebackError):
    code = "warning_decided"

    def __init__(self) -> None:
        super().__init__(_("What is done about this warning was decided already."))


class BankDecides(ChargebackError):
    code = "bank_decides"

    def __init__(self) -> None:
        super().__init__(_("The bank has taken this money already; answer the chargeback, or give it up."))


class NothingLeft(ChargebackError):
    code = "nothing_left"

    def __init__(self) -> None:
        super().__init__(_("Nothing of this order's payment is left to be refunded."))
