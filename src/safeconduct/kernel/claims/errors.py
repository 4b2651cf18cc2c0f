"""What claims refuse. Each says what to do instead; of a refused batch nothing is kept."""

from __future__ import annotations


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
        super().__init__(f"there is no claim {claim_id} for you")


class ClaimClosed(ClaimsError):
    code = "claim_closed"

    def __init__(self, claim_id: str) -> None:
        super().__init__(f"claim {claim_id} is closed; open one again for new trouble with the line")


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
        super().__init__(
            f"refund {key}: {wanted_minor} {currency} (minor units) are wanted and {left_minor} are left of what was"
            " paid, after refunds and what banks took; ask for less"
        )
        self.left_minor = left_minor


class RefundFrozen(ClaimsError):
    code = "refund_frozen"

    def __init__(self, refund_id: str) -> None:
        super().__init__(
            f"refund {refund_id} stands still because the buyer's bank decides about the same money; it goes on when"
            " the bank decides for the seller"
        )


class NoSuchRefund(ClaimsError):
    code = "no_such_refund"
    status = 404

    def __init__(self, refund_id: str) -> None:
        super().__init__(f"there is no refund {refund_id} for you")


class RefundEnded(ClaimsError):
    code = "refund_ended"

    def __init__(self, refund_id: str, state: str) -> None:
        super().__init__(f"refund {refund_id} has ended: {state}")


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
