"""The directory of the marketplace's own people (OpenID Connect): where it is, and what its word is worth here.

No model stands here: the settings are made with it before Django has any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

#: Roles that a claim can give, the least first (`models.StaffRole`).
ROLES: Final = ("analyst", "lead", "administrator")
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NAME: Final = "SAFECONDUCT_OIDC_"


@dataclass(frozen=True, slots=True)
class RoleClaim:
    """Who has this value in this claim has this role here."""

    claim: str
    value: str
    role: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Where staff sign in, and how far it is believed.

    ``strong``: values of `acr` or `amr` with which it vouches for more than a password. ``own_addresses``: its
    addresses are the company's own, although it does not say `email_verified`. ``roles``: empty where no claim makes
    an account or changes a role.
    """

    issuer: str
    client_id: str
    secret_file: Path
    domains: tuple[str, ...]
    strong: frozenset[str] = frozenset()
    own_addresses: bool = False
    roles: tuple[RoleClaim, ...] = ()

    def secret(self) -> str:
        """Our secret there, read from its file at each use. Raises OSError."""
        return self.secret_file.read_text("utf-8").strip()

    def address_of(self, claims: Mapping[str, Any]) -> str:
        """The person's address, in small letters; empty where the directory gives none that it stands for."""
        address, verified = claims.get("email"), claims.get("email_verified", self.own_addresses)
        return address.strip().lower() if isinstance(address, str) and verified is True else ""

    def may_come(self, address: str) -> bool:
        """Whether the address is of a domain whose people may come in."""
        return address.rpartition("@")[2] in self.domains

    def vouches(self, claims: Mapping[str, Any]) -> bool:
        """Whether the directory has asked for more than a password."""
        return bool(self.strong & {*_texts(claims.get("acr")), *_texts(claims.get("amr"))})

    def role_of(self, claims: Mapping[str, Any]) -> str:
        """The highest role that the claims give; empty where they give none."""
        given = {one.role for one in self.roles if one.value in _texts(claims.get(one.claim))}
        return max(given, key=ROLES.index, default="")


def read_directory(values: Mapping[str, str]) -> Directory | None:
    """The directory of the settings, by their names; None where there is none. Raises ValueError naming a variable."""
    issuer = values[f"{_NAME}ISSUER"]
    if not issuer:
        return None
    parts = urlsplit(issuer)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)) or parts.query:
        raise ValueError(
            f"{_NAME}ISSUER is {issuer!r}; it must be the issuer's https:// address, as it writes it itself"
        )
    for name in ("CLIENT_ID", "CLIENT_SECRET_FILE", "DOMAINS"):
        if not values[_NAME + name]:
            raise ValueError(f"{_NAME}{name} is empty; single sign-on needs it as soon as {_NAME}ISSUER is given")
    domains = tuple(word.lower().removeprefix("@") for word in _words(values[f"{_NAME}DOMAINS"]))
    return Directory(
        issuer, values[f"{_NAME}CLIENT_ID"], Path(values[f"{_NAME}CLIENT_SECRET_FILE"]), domains,
        frozenset(_words(values[f"{_NAME}STRONG"])), values[f"{_NAME}OWN_ADDRESSES"] == "1",
        tuple(_role_claim(word) for word in _words(values[f"{_NAME}ROLES"])),
    )  # fmt: skip


def _role_claim(text: str) -> RoleClaim:
    given, equals, role = text.rpartition("=")
    claim, colon, value = given.partition(":")
    if not equals or not colon or not claim or not value or role not in ROLES:
        raise ValueError(f"{_NAME}ROLES: {text!r} must look like groups:risk-team=lead, with one of {', '.join(ROLES)}")
    return RoleClaim(claim, value, role)


def _texts(claim: Any) -> tuple[str, ...]:
    found = claim if isinstance(claim, list) else [claim]
    return tuple(one for one in found if isinstance(one, str))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
