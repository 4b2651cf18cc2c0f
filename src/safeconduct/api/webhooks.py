"""Where other systems deliver: the signature is the key."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.decorators import decorate_view

from safeconduct.api.bodies import raw_body
from safeconduct.api.gate import View, refusing
from safeconduct.api.webhook_documents import WebhookAnswer
from safeconduct.connectors.connector import UnknownConnectorError
from safeconduct.connectors.intake import ingest
from safeconduct.connectors.signatures import SignatureRefused
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.declaring import problem_responses
from safeconduct.kernel.operations.problems import Code, Problem, not_found

router = Router(tags=["connectors"])
_SHOWN_REFUSALS = 20


def _open(run: View) -> View:
    """An address without an API key: refusals are problem documents, and an outage is refused at once."""

    @wraps(run)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return refusing(request, lambda: run(request, *args, **kwargs))

    return guarded


@router.post(
    "/connectors/{name}/webhook",
    response={200: WebhookAnswer},
    operation_id="deliver",
    summary="Deliver what another system sends",
    description=(
        "For Stripe, Shopify and others: give this address to them. The body is verified as it came, kept sealed, and "
        "then mapped; the events wait for their decisions. The same delivery may come any number of times. A delivery "
        "that cannot be mapped is kept and answered with 200, because sending it again would change nothing."
    ),
    openapi_extra={
        "security": [],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"description": "As the source sends it."}, "example": {"id": "evt_1"}}
            },
        },
        "responses": {
            200: {
                "content": {
                    "application/json": {
                        "example": {
                            "delivery": "dlv_01jy2d8m4kq5v6w7x8y9zabcde", "status": "read", "events": 1, "unknown": 0,
                            "refused": [],
                        }
                    }
                }
            },
            **problem_responses(
                [
                    Code.MALFORMED, Code.SIGNATURE_REFUSED, Code.NOT_FOUND, Code.METHOD_NOT_ALLOWED, Code.TOO_LARGE,
                    Code.INVALID, Code.FAULT, Code.UNAVAILABLE,
                ]
            ),
        },
    },
)  # fmt: skip
@decorate_view(_open)
def deliver(request: HttpRequest, name: str) -> HttpResponse:
    raw = raw_body(request)
    secrets = getattr(settings, "CONNECTOR_SECRETS", {}).get(name, [])
    options = getattr(settings, "CONNECTOR_OPTIONS", {}).get(name, {})
    headers = {key: value for key, value in request.headers.items() if value}
    try:
        outcome = ingest(name, raw, headers, signed=True, secrets=secrets, now=datetime.now(UTC), options=options)
    except UnknownConnectorError:
        raise not_found("connector", name) from None
    except SignatureRefused as refused:
        raise Problem(Code.SIGNATURE_REFUSED, str(refused), more={"reason": refused.reason.value}) from None
    return answers.respond({
        "delivery": outcome.delivery_id,
        "status": "duplicate" if outcome.duplicate else outcome.state.value,
        "events": outcome.events, "unknown": outcome.unknown,
        "refused": [
            {"type": part.type, "field": part.field, "problem": part.problem}
            for part in outcome.refused[:_SHOWN_REFUSALS]
        ],
    })  # fmt: skip
