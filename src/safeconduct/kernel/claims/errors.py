"""What claims refuse. Each says what to do instead; of a refused batch nothing is kept."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.foundation.money import Money


class ClaimsError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP, and the
    `field` it is about, where there is one."""

    code = "claims_error"
    status = 409
    field = ""


class NoSuchClaim(ClaimsError):
    code = "no_such_claim"
    status = 404

    def __init__(self, claim_id: str) -> None:
        super().__init__(_("there is no claim %(id)s for you") % {"id": claim_id})


class ClaimClosed(ClaimsError):
    code = "claim_closed"

    def __init__(self, claim_id: str) -> None:
        super().__init__(_("claim %(id)s is closed; open one again for new trouble with the line") % {"id": claim_id})


class ClaimMalformed(ClaimsError):
    """An ask that cannot be taken as it was given; the message names the field."""

    code = "claim_malformed"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class NoSuchChannel(ClaimsError):
    code = "no_such_channel"
    status = 404

    def __init__(self, claim_id: str, kind: str, about: str) -> None:
        super().__init__(f"claim {claim_id} has no {kind} {about}; join it first")


class ChannelEnded(ClaimsError):
    code = "channel_ended"

    def __init__(self, claim_id: str, kind: str, about: str) -> None:
        super().__init__(
            f"{kind} {about} of claim {claim_id} has ended otherwise; where it comes back, join its next round"
        )


class MoreThanIsLeft(ClaimsError):
    """A refund above the limit. `left_minor` is what could be asked for."""

    code = "more_than_is_left"
    field = "amount_minor"

    def __init__(self, key: str, wanted_minor: int, left_minor: int, currency: str) -> None:
        language = get_language() or "en"
        wanted, left = (Money(minor, currency).format(language) for minor in (wanted_minor, left_minor))
        super().__init__(
            _(
                "refund %(key)s: %(wanted)s are wanted and %(left)s are left of what was paid, after refunds and what"
                " banks took; ask for less"
            )
            % {"key": key, "wanted": wanted, "left": left}
        )
        self.left_minor = left_minor


class RefundFrozen(ClaimsError):
    code = "refund_frozen"

    def __init__(self, refund_id: str) -> None:
        super().__init__(
            _(
                "refund %(id)s stands still because the buyer's bank decides about the same money; it goes on when the"
                " bank decides for the seller"
            )
            % {"id": refund_id}
        )


class NoSuchRefund(ClaimsError):
    code = "no_such_refund"
    status = 404

    def __init__(self, refund_id: str) -> None:
        super().__init__(_("there is no refund %(id)s for you") % {"id": refund_id})


class RefundEnded(ClaimsError):
    code = "refund_ended"

    def __init__(self, refund_id: str, state: str) -> None:
        super().__init__(_("refund %(id)s has ended: %(state)s") % {"id": refund_id, "state": state})


class KeyReused(ClaimsError):
    code = "key_reused"
    field = "key"

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} stands for something else already; repeat that exactly, or choose another key")


class NoSuchPayment(ClaimsError):
    code = "no_such_payment"
    status = 422
    field = "payment"

    def __init__(self, payment: str) -> None:
        super().__init__(f"nothing was declared about payment {payment}; declare what it paid for first")
