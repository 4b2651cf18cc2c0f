"""What can be refused about disputes. Each says what to do instead."""

from __future__ import annotations

from safeconduct.kernel.protection import Refusal


class NoSuchOrder(Refusal):
    code = "no_such_order"
    status = 404

    def __init__(self, ref: str) -> None:
        super().__init__(f"order {ref} is not known here; send its order.placed event first")


class NoSuchDispute(Refusal):
    code = "no_such_dispute"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no dispute {name} for you")


class OpenAlready(Refusal):
    """The order has an open dispute: one at a time, so that nobody is paid twice."""

    code = "dispute_open_already"

    def __init__(self, ref: str, number: int) -> None:
        super().__init__(f"order {ref} has the open dispute DSP-{number}; go on there")
        self.number = number


class RequestMalformed(Refusal):
    """A part of a request is wrong; ``field`` says which."""

    code = "dispute_malformed"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


class NoOffersNow(Refusal):
    code = "no_offers_now"

    def __init__(self, state: str) -> None:
        super().__init__(
            f"while the dispute is in {state} nobody offers anything; load it again to see what comes next"
        )
