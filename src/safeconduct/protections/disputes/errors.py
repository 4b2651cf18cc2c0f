"""What can be refused about disputes. Each says what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.protection import Refusal

#: Fields that people fill in, as their pages name them at the beginning of a sentence.
_FIELDS: Final[Mapping[str, str | Promise]] = {
    "type": lazy("type"), "asked": lazy("asked"), "amount": lazy("amount"), "amount_minor": lazy("amount_minor"),
    "words": lazy("words"), "file": lazy("file"), "outcome": lazy("outcome"),
}  # fmt: skip


class NoSuchOrder(Refusal):
    code = "no_such_order"
    status = 404

    def __init__(self, ref: str) -> None:
        super().__init__(_("order %(ref)s is not known here; send its order.placed event first") % {"ref": ref})


class NoSuchDispute(Refusal):
    code = "no_such_dispute"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(_("there is no dispute %(name)s for you") % {"name": name})


class OpenAlready(Refusal):
    """The order has an open dispute: one at a time, so that nobody is paid twice."""

    code = "dispute_open_already"

    def __init__(self, ref: str, number: int) -> None:
        super().__init__(
            _("order %(ref)s has the open dispute DSP-%(number)s; go on there") % {"ref": ref, "number": number}
        )
        self.number = number


class RequestMalformed(Refusal):
    """A part of a request is wrong; ``field`` says which."""

    code = "dispute_malformed"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{_FIELDS.get(field, field)} {problem}")
        self.field = field


class NoOffersNow(Refusal):
    code = "no_offers_now"

    def __init__(self, state: str) -> None:
        super().__init__(
            _("while the dispute is in %(state)s nobody offers anything; load it again to see what comes next")
            % {"state": state}
        )
