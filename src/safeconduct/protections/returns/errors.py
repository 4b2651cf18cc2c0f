"""What can be refused about returns. Each says what to do instead."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.kernel.protection import Refusal


class ReturnsError(Refusal):
    """The base of this protection's refusals."""

    code = "return_refused"
    field = ""

    def __init__(self, problem: str, field: str = "") -> None:
        super().__init__(problem)
        self.field = field


class NoSuchReturn(ReturnsError):
    code = "no_such_return"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such return."))


class NothingToReturn(ReturnsError):
    """The order is unknown, or more of it is asked for than was bought."""

    code = "nothing_to_return"
    status = 422


class JudgementRefused(ReturnsError):
    """A judgement that nobody may make: without evidence, beyond what the terms allow, of another parcel."""

    code = "judgement_refused"
    status = 422


class CostRefused(ReturnsError):
    """What was noted of a cost cannot be so: the message names the field."""

    code = "cost_refused"
    status = 422


class HubRefused(ReturnsError):
    """A local address cannot be named or ended so: the message names the field."""

    code = "hub_refused"
    status = 422


class NoSuchHub(ReturnsError):
    code = "no_such_hub"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such local address, or it has ended."))


class ReimbursementRefused(ReturnsError):
    code = "reimbursement_refused"
    status = 422
