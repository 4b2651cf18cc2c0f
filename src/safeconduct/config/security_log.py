"""The log of security: what was refused and to whom, and each time that somebody shows who they are, right or wrong.

A line names the request, the person or key, the host, and the network by a word that says only whether two lines come
from one (a keyed hash: an address of a network is personal data). `config.logs` writes it, and sends it elsewhere where
the operator says so. Where something came from in clear is sealed beside the security event of the same moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

from safeconduct.config.rates import network_of
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.vault.holder import hashed

logger = logging.getLogger("safeconduct.security")
Answer = Callable[[HttpRequest], HttpResponse]
#: Address (by its name) → with what somebody shows there who they are.
PROOFS: Final[Mapping[str, str]] = {
    "account_login": "password",
    "account_reauthenticate": "password",
    "mfa_login_webauthn": "passkey",
    "mfa_reauthenticate_webauthn": "passkey",
    "mfa_authenticate": "second_step",
    "mfa_reauthenticate": "second_step",
    "account_reset_password": "mailbox",
    "account_reset_password_from_key": "mailbox",
    "account_change_password": "password",
    "console:sealed_code": "sealed_code",
    "single_sign_on_back": "directory",
}
#: Where the browser comes back from somebody else's page, by a link.
_BY_LINK: Final = frozenset({"single_sign_on_back"})

#: What another step follows, or what shows nobody in this session: a changed password, a mail that is asked for.
_LEADING_ON: Final = frozenset({"password", "mailbox", "sealed_code"})


def security_log(get_response: Answer) -> Answer:
    """The outermost middleware but that of headers: it sees what every other one has answered."""

    def logged(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if 400 <= response.status_code < 500:
            logger.warning("refused", extra={"request": request, "status_code": response.status_code, "facts": {
                **_who(request), "why": getattr(request, "refused_as", ""),
            }})  # fmt: skip
        return response

    return logged


def proofs_logged(get_response: Answer) -> Answer:
    """Behind sessions: compares what a session knew of its person before with what it knows afterwards."""

    def watched(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(("/accounts/", "/console/sealed-code/")):
            return get_response(request)
        before = _shown(request)
        response = get_response(request)
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        by = PROOFS.get(name, "")
        if by and (request.method == "POST" or name in _BY_LINK):
            _write(request, by, before, _shown(request), response)
        return response

    return watched


def told_too_much_at_once(network: str, refused: int) -> None:
    """Requests that no page saw, because too much of a client or network was under way (`config.shares`)."""
    logger.warning("refused", extra={"facts": {**_word_for(network), "why": "at_once", "refused": refused}})


def _write(
    request: HttpRequest, by: str, before: tuple[str, int], after: tuple[str, int], response: HttpResponse
) -> None:
    came_in = after[0] != "" and (after[0] != before[0] or after[1] > before[1])
    led_on = by in _LEADING_ON and response.status_code in (302, 303)
    outcome = "shown" if came_in else "led_on" if led_on else "refused"
    facts = {**_who(request), "by": by, "outcome": outcome}
    if came_in:
        facts["person"] = after[0]
    level = logging.WARNING if outcome == "refused" else logging.INFO
    logger.log(
        level, "who one is", extra={"request": request, "status_code": response.status_code, "facts": facts}
    )  # fmt: skip


def _shown(request: HttpRequest) -> tuple[str, int]:
    """The person of the session, and how often they have shown in it who they are."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES and not request.session.session_key:
        return "", 0
    return str(request.session.get(SESSION_KEY, "")), len(request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or ())


def _who(request: HttpRequest) -> dict[str, Any]:
    """Where a request comes from and goes to, and the key it shows. Never raises: a refusal must be told."""
    found: dict[str, Any] = {}
    with suppress(Exception):
        found |= _word_for(network_of(origin_of_request(request).address))
    with suppress(Exception):  # a host that is not ours
        found["host"] = request.get_host()
    key = getattr(request, "key_id", "")
    return found | ({"key": key} if key else {})


def _word_for(network: str) -> dict[str, str]:
    """Nothing while the keys do not answer."""
    with suppress(Exception):
        return {"network": hashed("log/networks", network.encode()).digests[0][0].hex()[:12]}
    return {}
