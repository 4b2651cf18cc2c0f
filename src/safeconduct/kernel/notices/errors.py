"""What can be refused about notices and webhooks. Each says what to do instead."""

from __future__ import annotations


class NoticesError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP, and the form
    `field` it is about, where there is one."""

    code = "notices_error"
    status = 409
    field = ""


class NoticeMalformed(NoticesError):
    """A notice or message that its sender built wrongly: a mistake in the program, never a user's."""

    code = "notice_malformed"
    status = 500

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(f"{code}: {problem}")


class SettingRefused(NoticesError):
    code = "setting_refused"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


class EndpointRefused(NoticesError):
    """An address or a choice of kinds that cannot be an endpoint."""

    code = "endpoint_refused"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


class NoSuchEndpoint(NoticesError):
    code = "no_such_endpoint"
    status = 404

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"there is no webhook endpoint {endpoint_id}")


class EndpointOff(NoticesError):
    code = "endpoint_off"

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"endpoint {endpoint_id} is switched off; switch it on first")


class NoSuchDelivery(NoticesError):
    code = "no_such_delivery"
    status = 404

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"there is no delivery {delivery_id}; deliveries are kept for 30 days")
