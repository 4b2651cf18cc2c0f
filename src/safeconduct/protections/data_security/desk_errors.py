"""What can be refused about incidents, requests, retention and transfers. Each says what to do instead."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.kernel.protection import Refusal


class DataSecurityError(Refusal):
    """The base of this protection's refusals; `field` names what was wrong."""

    code = "data_security_refused"
    status = 422

    def __init__(self, problem: str, field: str = "") -> None:
        super().__init__(problem)
        self.field = field


class NotThere(DataSecurityError):
    """Nothing has this id, or nothing that the asker may know of."""

    code = "not_there"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such thing here."))


class OutOfOrder(DataSecurityError):
    """A step that does not fit the state: done already, closed, or something must come first."""

    code = "out_of_order"
    status = 409
