"""Whether a logout token is the directory's, for us, of now, and says that somebody signed out there.

The rules are those of OpenID Connect Back-Channel Logout 1.0, 2.6, and stricter where OWASP's ASVS 5.0 (10.5.5) is: its
type is said, so that no identity token passes for one. A token that comes twice does no harm: it ends what began before
it was made, and nothing that began since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt

from safeconduct.kernel.parties.directory import Directory
from safeconduct.protections.accounts.single_sign_on.errors import Fault, SignOnFailed
from safeconduct.protections.accounts.single_sign_on.id_token import LEEWAY, KeysOf, names_one, of_now, signed

_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_TYPE: Final = "logout+jwt"
_NEEDED: Final = ("iss", "aud", "iat", "exp", "jti", "events")
#: A directory's token has a kilobyte; more is no token.
LONGEST: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Who signed out at the directory: its name for the person, for the session, or both; either may be empty.
    ``began_until``: sessions that began later are not meant."""

    subject: str
    session: str
    began_until: datetime


def read(token: str, directory: Directory, keys_of: KeysOf, at: datetime) -> SignedOut:
    """What a token says, once everything about it holds. Raises SignOnFailed saying what does not."""
    if not token or len(token) > LONGEST:
        raise SignOnFailed(Fault.CLAIMS, "there is no logout token, or one that is too long")
    claims = signed(token, directory, keys_of, _NEEDED)
    said = str(jwt.get_unverified_header(token).get("typ", "")).lower().removeprefix("application/")
    if said != _TYPE:
        raise SignOnFailed(Fault.CLAIMS, f"the token's type is not {_TYPE}")
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise SignOnFailed(Fault.CLAIMS, "the token tells of no sign-out")
    if "nonce" in claims:
        raise SignOnFailed(Fault.CLAIMS, "the token has a nonce, as identity tokens have")
    of_now(claims, at)
    named = {name: claims[name] for name in ("sub", "sid") if name in claims}
    if not named or not names_one(claims["jti"]) or not all(map(names_one, named.values())):
        raise SignOnFailed(Fault.CLAIMS, "the token names neither a person nor a session")
    made_at = datetime.fromtimestamp(claims["iat"], UTC)
    return SignedOut(named.get("sub", ""), named.get("sid", ""), made_at + LEEWAY + timedelta(seconds=1))
