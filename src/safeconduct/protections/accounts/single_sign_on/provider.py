"""What the directory says of itself, its keys, and the exchange of a code for an identity token.

Asked over HTTPS with limits of time and size; nothing is followed elsewhere. What it says of itself is kept for an
hour; keys as well, and are asked for again, at most once a minute, when a token names one that is not among them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from django.core.cache import cache

from safeconduct.kernel.parties.directory import Directory
from safeconduct.protections.accounts.single_sign_on.errors import Fault, SignOnFailed

_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 256 * 1024
_KEPT_S: Final = 3600
_ASKED_AGAIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class Provider:
    """A directory's addresses. ``says_issuer``: its answers name it (RFC 9207). ``secret_in_body``: it takes our secret
    in the form only, not in the header."""

    authorize: str
    token: str
    keys: str
    says_issuer: bool
    secret_in_body: bool


def provider_of(directory: Directory) -> Provider:
    """The directory's addresses. Raises SignOnFailed, also where another issuer answers."""
    name = f"oidc/{directory.issuer}/provider"
    found = cache.get(name)
    if found is None:
        found = _get(directory.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != directory.issuer:
            raise SignOnFailed(Fault.ISSUER, "the configuration at the issuer's address is of another issuer")
        cache.set(name, found, _KEPT_S)
    ways = found.get("token_endpoint_auth_methods_supported")
    return Provider(
        _address(found, "authorization_endpoint", directory), _address(found, "token_endpoint", directory),
        _address(found, "jwks_uri", directory),
        found.get("authorization_response_iss_parameter_supported") is True,
        isinstance(ways, list) and "client_secret_basic" not in ways and "client_secret_post" in ways,
    )  # fmt: skip


def keys_of(directory: Directory, provider: Provider, key_id: str | None) -> list[Mapping[str, Any]]:
    """The directory's public keys of this id, or all where a token names none. Raises SignOnFailed."""
    name = f"oidc/{directory.issuer}/keys"
    kept = cache.get(name)
    found = [] if kept is None else _named(kept, key_id)
    if not found and (kept is None or cache.add(f"{name}/asked", 1, _ASKED_AGAIN_S)):
        kept = _get(provider.keys).get("keys")
        if not isinstance(kept, list):
            raise SignOnFailed(Fault.UNREACHABLE, "the directory's keys are no list")
        cache.set(name, kept, _KEPT_S)
        found = _named(kept, key_id)
    return found


def identity_token(directory: Directory, provider: Provider, code: str, verifier: str, back: str) -> str:
    """Hands in a code, and gets the identity token. Raises SignOnFailed."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    try:
        secret = directory.secret()
    except OSError as problem:
        raise SignOnFailed(Fault.UNREACHABLE, f"the secret cannot be read: {type(problem).__name__}") from None
    pair = None
    if provider.secret_in_body:
        form |= {"client_id": directory.client_id, "client_secret": secret}
    else:  # RFC 6749, 2.3.1: both are written for a form first
        pair = httpx.BasicAuth(quote(directory.client_id, safe=""), quote(secret, safe=""))
    token = _ask("POST", provider.token, data=form, headers={"Accept": "application/json"}, auth=pair).get("id_token")
    if not isinstance(token, str):
        raise SignOnFailed(Fault.CLAIMS, "the directory gave no identity token; does our scope there include openid?")
    return token


def _get(url: str) -> dict[str, Any]:
    return _ask("GET", url, headers={"Accept": "application/json"})


def _ask(method: str, url: str, **given: Any) -> dict[str, Any]:
    body = b""
    try:
        with (
            httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client,
            client.stream(method, url, **given) as answer,
        ):
            for part in answer.iter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise SignOnFailed(Fault.UNREACHABLE, "the directory's answer is too long")
            status = answer.status_code
        read = json.loads(body)
    except (httpx.HTTPError, ValueError) as problem:
        raise SignOnFailed(Fault.UNREACHABLE, f"no answer as it should be: {type(problem).__name__}") from None
    if status >= 400 or not isinstance(read, dict):
        said = str(read.get("error", ""))[:40] if isinstance(read, dict) else ""
        fault = Fault.REFUSED if status in (400, 401, 403) else Fault.UNREACHABLE
        raise SignOnFailed(fault, f"status {status} {said}".strip())
    return read


def _address(found: Mapping[str, Any], name: str, directory: Directory) -> str:
    url = found.get(name)
    # What the directory sends us on to must be as safe as itself.
    if not isinstance(url, str) or urlsplit(url).scheme not in {"https", urlsplit(directory.issuer).scheme}:
        raise SignOnFailed(Fault.ISSUER, f"the directory's configuration has no safe {name}")
    return url


def _named(keys: list[Any], key_id: str | None) -> list[Mapping[str, Any]]:
    signing = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    return [key for key in signing if key_id is None or key.get("kid") == key_id]
