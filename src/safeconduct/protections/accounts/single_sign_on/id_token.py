"""Whether an identity token is the directory's, for us, of now, and the answer to what we asked.

The rules are those of OpenID Connect Core 1.0, 3.1.3.7; a token's signature is checked although it comes straight from
the directory. Only signatures by a key pair are taken, so that nobody signs with what everybody can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from safeconduct.kernel.parties.directory import Directory
from safeconduct.protections.accounts.single_sign_on.errors import Fault, SignOnFailed

_CURVES: Final = ("ES256", "ES384")
ALGORITHMS: Final = (*_CURVES, "PS256", "RS256")
#: Clocks of two machines differ by so much at most.
LEEWAY: Final = timedelta(seconds=60)
#: A token is answered at once; one made earlier was made for somebody else's question.
_OLDEST: Final = timedelta(minutes=10)
#: As long as a session of the staff lasts (`parties.sessions.STAFF`): since then the person proved who they are there.
OLDEST_PROOF: Final = timedelta(hours=12)
#: NIST SP 800-131A rev. 2: shorter RSA keys are not to be used.
_RSA_BITS: Final = 2048
_LONGEST_SUBJECT: Final = 255
_NEEDED: Final = ("iss", "sub", "aud", "exp", "iat", "nonce")

KeysOf = Callable[[str | None], Sequence[Mapping[str, Any]]]


def read(token: str, directory: Directory, keys_of: KeysOf, nonce: str, at: datetime) -> dict[str, Any]:
    """The claims of a token, once everything about it holds. Raises SignOnFailed saying what does not."""
    claims = signed(token, directory, keys_of, _NEEDED)
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, directory.client_id):
        raise SignOnFailed(Fault.CLAIMS, "the token was made for another client")
    if not names_one(claims["sub"]):
        raise SignOnFailed(Fault.CLAIMS, "the token names nobody")
    of_now(claims, at)
    if not isinstance(claims["nonce"], str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise SignOnFailed(Fault.NONCE, "the token answers another question")
    return claims


def names_one(value: Any) -> bool:
    """Whether this can be the directory's name for a person, or for a session of theirs."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_SUBJECT


def signed(token: str, directory: Directory, keys_of: KeysOf, needed: Sequence[str]) -> dict[str, Any]:
    """The claims of a token that the directory signed for us, all that are needed among them. Raises SignOnFailed."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise SignOnFailed(Fault.SIGNATURE, "the token's algorithm is not among those taken")
        key = _key(keys_of(key_id), str(algorithm))
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[str(algorithm)], audience=directory.client_id, issuer=directory.issuer,
            # Times are judged below, by the clock that the caller gives.
            options={"require": list(needed), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )  # fmt: skip
    except (jwt.InvalidIssuerError, jwt.InvalidAudienceError, jwt.MissingRequiredClaimError) as problem:
        raise SignOnFailed(Fault.CLAIMS, type(problem).__name__) from None
    except (jwt.PyJWTError, ValueError) as problem:
        raise SignOnFailed(Fault.SIGNATURE, type(problem).__name__) from None
    return claims


def _key(found: Sequence[Mapping[str, Any]], algorithm: str) -> Any:
    """The one key that a token can be signed with. A token that names none is taken where there is only one."""
    of_kind = [key for key in found if key.get("alg", algorithm) == algorithm]
    if len(of_kind) != 1:
        raise SignOnFailed(Fault.SIGNATURE, f"{len(of_kind)} keys of the directory fit the token")
    key = jwt.PyJWK(dict(of_kind[0]), algorithm).key
    if algorithm not in _CURVES and key.key_size < _RSA_BITS:
        raise SignOnFailed(Fault.SIGNATURE, f"the directory's key is shorter than {_RSA_BITS} bits")
    return key


def of_now(claims: Mapping[str, Any], at: datetime) -> None:
    """Whether a token is of these minutes. Raises SignOnFailed."""
    now, leeway = at.timestamp(), LEEWAY.total_seconds()
    times = {name: claims.get(name, now) for name in ("exp", "iat", "nbf", "auth_time")}
    if not all(_is_time(value) for value in times.values()):
        raise SignOnFailed(Fault.CLAIMS, "the token's times are no numbers of seconds")
    if times["exp"] + leeway <= now or times["iat"] + _OLDEST.total_seconds() < now:
        raise SignOnFailed(Fault.EXPIRED, "the token is over")
    # Not every directory says when the person proved themselves; one that does is held to what we asked.
    if times["auth_time"] + OLDEST_PROOF.total_seconds() + leeway < now:
        raise SignOnFailed(Fault.EXPIRED, "the person proved too long ago who they are")
    if times["iat"] - leeway > now or times["nbf"] - leeway > now:
        raise SignOnFailed(Fault.EXPIRED, "the token is not valid yet")


def _is_time(value: Any) -> bool:
    """Seconds of an age that clocks know: no truth value, no infinity, and not what is no number at all."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 40
