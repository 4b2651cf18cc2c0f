"""What every request passes: the key, its rate, its scope, and the memory of answers under an Idempotency-Key.

All of it is one statement, committed at once (one round trip). The statement may be lost when the *server* crashes,
together with whatever was done after it, but never without: a later commit makes it durable too.

A claim on an Idempotency-Key is written first. An answer that changed something is kept with it; any other answer gives
the claim back, so that a corrected request may use the key again. A claim whose process died can be taken over after
`CLAIM_S`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from safeconduct.api import bodies, outage
from safeconduct.api.refusals import refusal
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.operations.answers import PASSING
from safeconduct.kernel.operations.calls import Call, Caller, Scope
from safeconduct.kernel.operations.problems import Code, Problem, invalid
from safeconduct.kernel.parties import keys
from safeconduct.kernel.scope import alone, engine_scope, looking_only, query, seller_scope, undo
from safeconduct.kernel.vault import pseudonyms

CLAIM_S = 60
KEPT = timedelta(hours=24)
REPLAYED = "Idempotent-Replayed"

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Claim:
    """An Idempotency-Key that this request holds since a time."""

    key_id: str
    key: str
    since: datetime


_ADMIT = """
WITH given AS (
    SELECT k.id, k.name, created_by, k.seller_key, secret_hash, last_used_on, scopes AS asked,
        CASE WHEN held THEN ARRAY(SELECT s FROM unnest(scopes) s WHERE s LIKE '%%:read') ELSE scopes END AS scopes,
        held, revoked, gone, expired, elsewhere, NOT (revoked OR gone OR expired OR elsewhere) AS good
    FROM api_key k LEFT JOIN person p ON p.id = k.created_by, LATERAL (SELECT
        revoked_at IS NOT NULL AS revoked, expires_at <= now() AS expired,
        p.id IS NOT NULL AND NOT (p.is_active AND CASE WHEN k.seller_key IS NULL THEN p.staff_role <> ''
            ELSE EXISTS (SELECT FROM membership m WHERE m.person_id = p.id AND m.seller_key = k.seller_key
                AND m.role = 'owner' AND m.ended_at IS NULL) END) AS gone,
        demoted_at IS NOT NULL OR coalesce(reads_only_until > now(), false) AS held,
        networks <> '{}' AND NOT coalesce(nullif(%s::text, '')::inet <<= ANY(networks::inet[]), false) AS elsewhere
    ) state WHERE secret_hash = %b::bytea
), counted AS (
    INSERT INTO rate_window AS w (api_key, minute, requests)
    SELECT id, date_trunc('minute', now()), 1 FROM given WHERE good
    ON CONFLICT (api_key, minute) DO UPDATE SET requests = w.requests + 1
    RETURNING requests
), touched AS (
    UPDATE api_key SET last_used_on = (now() AT TIME ZONE 'UTC')::date
    FROM given WHERE api_key.id = given.id AND good
        AND given.last_used_on IS DISTINCT FROM (now() AT TIME ZONE 'UTC')::date
), claimed AS (
    INSERT INTO idempotent_answer AS a (api_key, key, body_hash, created_at)
    SELECT id, %s::text, %b::bytea, now() FROM given, counted
    WHERE good AND requests <= %s::int AND %s::text = ANY(scopes) AND %s::text <> ''
    ON CONFLICT (api_key, key) DO UPDATE
        SET created_at = now(), body_hash = excluded.body_hash, status = NULL, answer = NULL
        WHERE a.created_at < now() - interval '24 hours'
            OR (a.status IS NULL AND a.created_at < now() - make_interval(secs => %s::int))
    RETURNING created_at
)
SELECT given.id, name, scopes, asked, created_by, given.secret_hash, revoked, gone, expired, elsewhere,
    given.seller_key, counted.requests, 60 - extract(second FROM now())::int, claimed.created_at, a.body_hash,
    a.status, a.answer, set_config('synchronous_commit', 'off', true)
FROM given LEFT JOIN counted ON true LEFT JOIN claimed ON true
    LEFT JOIN idempotent_answer a ON a.api_key = given.id AND a.key = %s::text
"""


def guarded(
    scope: Scope, *, one_transaction: bool, takes_json: bool = False, for_apps: bool = False
) -> Callable[[View], View]:
    """Puts the gate before an operation. ``for_apps``: sellers' apps come in as well, and see their seller's rows.

    ``one_transaction``: the handler and the memory of its answer commit together, and nothing remains of a refusal.
    Otherwise the handler commits by itself, and must do no harm when it is run again.
    """

    def decorate(run: View) -> View:
        @wraps(run)
        def through_the_gate(request: Call, *args: Any, **kwargs: Any) -> HttpResponse:
            return refusing(
                request, lambda: _pass(request, scope, run, args, kwargs, one_transaction, takes_json, for_apps)
            )

        return through_the_gate

    return decorate


def refusing(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer; what goes wrong is answered with a problem document, and an outage at once."""
    try:
        outage.expect_database()
        response = run()
    except Exception as problem:
        response = refusal(request, problem)
        outage.finished(answered=False)
    else:
        outage.finished(answered=response.status_code < 500)
    return response


def _pass(
    request: Call,
    scope: Scope,
    run: View,
    args: Any,
    kwargs: Any,
    one_transaction: bool,
    takes_json: bool,
    for_apps: bool,
) -> HttpResponse:
    secret = _secret(request)
    raw = bodies.raw_body(request) if request.method != "GET" else b""
    claim = _admit(request, secret, scope, raw)
    if isinstance(claim, HttpResponse):
        return claim
    if request.caller.seller_key is not None:
        return _for_an_app(request, request.caller.seller_key, run, args, kwargs, for_apps)
    try:
        request.document = bodies.json_body(request, raw) if takes_json else None
        if one_transaction:
            response = _in_one_transaction(request, run, args, kwargs, claim)
        else:
            response = run(request, *args, **kwargs)
            if claim is not None and _worth_keeping(response):
                alone(*_keeping(claim, response))
    except BaseException:
        _give_back(claim)
        raise
    if not _worth_keeping(response):
        _give_back(claim)
    return response


def _for_an_app(request: Call, seller_key: int, run: View, args: Any, kwargs: Any, for_apps: bool) -> HttpResponse:
    """What a seller's app asks for: in that seller's own scope, so that the database shows it no other's rows, and
    reading only."""
    if not for_apps or request.method != "GET":
        raise Problem(Code.SCOPE_MISSING, "a seller's app may not do this; the marketplace's own keys may")
    with looking_only(), seller_scope(seller_key), pseudonyms.named_by_the_engine():
        return run(request, *args, **kwargs)


def _in_one_transaction(request: Call, run: View, args: Any, kwargs: Any, claim: Claim | None) -> HttpResponse:
    with engine_scope():
        response = run(request, *args, **kwargs)
        if response.status_code >= 400:
            undo()
        elif claim is not None and _worth_keeping(response) and query(*_keeping(claim, response)).rowcount == 0:
            # It took longer than `CLAIM_S`, and a retry has the key now: what is done under it is done once, by that.
            detail = "a retry with this Idempotency-Key took the place of this request, of which nothing was done"
            raise Problem(Code.IN_FLIGHT, detail, headers={"Retry-After": "1"})
    return response


def _secret(request: HttpRequest) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise _unauthorised(Code.KEY_MISSING, "the header Authorization must be `Bearer` and an API key")
    if not keys.looks_like_a_key(secret):
        raise _unauthorised(Code.KEY_UNKNOWN, "this is no API key of Safeconduct; one begins with sck_")
    return secret


def _admit(request: Call, secret: str, scope: Scope, raw: bytes) -> HttpResponse | Claim | None:
    """Who calls, checked and counted. Returns the kept answer, the claim made, or None without an Idempotency-Key."""
    digest = keys.digest(secret)
    key, address = _idempotency_key(request), _address(request)
    mark = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + raw).digest() if key else b""
    limit = settings.RATE_LIMIT_PER_MINUTE
    row = alone(_ADMIT, [address, digest, key, mark, limit, scope.value, key, CLAIM_S, key]).fetchone()
    if row is None or not hmac.compare_digest(bytes(row[5]), digest):
        raise _unauthorised(Code.KEY_UNKNOWN, "no API key has this secret")
    key_id, name, scopes, asked, created_by, _, *state = row
    request.key_id = key_id  # type: ignore[attr-defined]
    revoked, gone, expired, elsewhere, seller_key, requests, wait_s, since, kept_mark, status, answer, _ = state
    if revoked:
        raise _unauthorised(Code.KEY_REVOKED, f"the key {key_id} was revoked")
    if gone:
        raise _unauthorised(Code.KEY_REVOKED, f"whoever made the key {key_id} has no right to it any more")
    if expired:
        raise _unauthorised(Code.KEY_EXPIRED, f"the key {key_id} has expired")
    if elsewhere:
        _tell_of_elsewhere(key_id)
        raise Problem(Code.KEY_ELSEWHERE, f"the key {key_id} may not be used from this address")
    if requests > limit:
        raise Problem(
            Code.RATE_LIMITED, f"{limit} requests a minute are allowed for this key",
            headers={"Retry-After": str(max(1, wait_s))},
        )  # fmt: skip
    if scope.value not in scopes and scope.value in asked:
        raise Problem(Code.SCOPE_MISSING, f"the key {key_id} only reads at present; this needs {scope.value}")
    if scope.value not in scopes:
        raise Problem(
            Code.SCOPE_MISSING, f"this needs the scope {scope.value}; the key {key_id} has {', '.join(scopes)}"
        )
    request.caller = Caller(key_id, name, frozenset(scopes), created_by, seller_key)
    if not key:
        return None
    if since is not None:
        return Claim(key_id, key, since)
    if kept_mark is not None and bytes(kept_mark) != mark:
        raise Problem(Code.KEY_REUSED, "this Idempotency-Key belongs to a request with another address or body")
    if status is None:
        raise Problem(
            Code.IN_FLIGHT, "a request with this Idempotency-Key is being worked on", headers={"Retry-After": "1"}
        )
    return HttpResponse(bytes(answer), status=status, content_type="application/json", headers={REPLAYED: "true"})


def _address(request: HttpRequest) -> str:
    """Where the request comes from, past the proxies that are trusted; empty where that is no address."""
    try:
        return str(ipaddress.ip_address(str(DefaultAccountAdapter(request).get_client_ip(request) or "")))
    except ValueError:
        return ""


def _tell_of_elsewhere(key_id: str) -> None:
    """A key in other hands is told to the administrators, once a day."""
    now = datetime.now(UTC)
    with engine_scope():
        if keys.used_elsewhere(key_id, at=now):
            tell_administrators("key.elsewhere", {"key": key_id}, f"key/{key_id}/elsewhere/{now.date()}", at=now)


def _idempotency_key(request: HttpRequest) -> str:
    if request.method != "POST":
        return ""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 255 or not key.isprintable() or not key.isascii():
        raise invalid("Idempotency-Key", "at most 255 printable ASCII characters, such as a UUID")
    return key


def _worth_keeping(response: HttpResponse) -> bool:
    return response.status_code < 400 and not getattr(response, PASSING, False)


def _keeping(claim: Claim, response: HttpResponse) -> tuple[str, list[Any]]:
    return (
        """
        UPDATE idempotent_answer SET status = %s, answer = %b::bytea
        WHERE api_key = %s AND key = %s AND created_at = %s AND status IS NULL
        """,
        [response.status_code, response.content, claim.key_id, claim.key, claim.since],
    )


def _give_back(claim: Claim | None) -> None:
    if claim is None:
        return
    try:
        alone(
            "DELETE FROM idempotent_answer WHERE api_key = %s AND key = %s AND created_at = %s AND status IS NULL",
            [claim.key_id, claim.key, claim.since],
        )
    except Exception as problem:  # it expires by itself
        outage.note(problem)


def _unauthorised(code: Code, detail: str) -> Problem:
    return Problem(code, detail, headers={"WWW-Authenticate": 'Bearer realm="safeconduct"'})


def sweep() -> tuple[int, int]:
    """Deletes answers and rate windows that are past their time; returns how many of each. Needs an engine scope."""
    answers = query("DELETE FROM idempotent_answer WHERE created_at < now() - %s::interval", [KEPT]).rowcount
    windows = query("DELETE FROM rate_window WHERE minute < now() - interval '1 hour'").rowcount
    return answers, windows
