"""What can be refused about readings. The text says what to do instead."""

from __future__ import annotations

from django.utils.translation import gettext as _


class ReadingsError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP."""

    code = "readings_error"
    status = 409


class LeadNeeded(ReadingsError):
    code = "lead_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Only a lead may hide readings from a seller; ask one of them."))


class NoSuchSellerHere(ReadingsError):
    code = "no_such_seller"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such seller. Write the shop's id as the shop system has it."))


class EmbargoMalformed(ReadingsError):
    """A field is missing or wrong; `field` names it."""

    code = "embargo_malformed"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


class EmbargoEnded(ReadingsError):
    code = "embargo_ended"

    def __init__(self) -> None:
        super().__init__(_("This embargo has ended already."))
