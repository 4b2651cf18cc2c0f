"""The way of mails: to which server, with which certificates, and Django's settings of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

_FORM: Final = (
    "SAFECONDUCT_EMAIL_URL must look like smtp://user:password@host:587 or smtps://…, with ?ca=FILE behind it for an "
    "authority of yours, and &certificate=FILE&key=FILE for a certificate of ours"
)


@dataclass(frozen=True, slots=True)
class MailTarget:
    """A mail server. ``at_once``: TLS from the first byte and not by STARTTLS; ``ca``: the only authority whose
    certificates are believed, else the system's; ``certificate`` and ``key``: what is shown of ourselves."""

    host: str
    port: int
    user: str
    password: str
    at_once: bool
    ca: str
    certificate: str
    key: str


def mail_target(url: str) -> MailTarget | None:
    """Reads ``smtp://`` (STARTTLS) or ``smtps://``; None for nothing. Raises ValueError naming the setting."""
    if not url:
        return None
    parts = urlsplit(url)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    whole = parts.scheme in {"smtp", "smtps"} and parts.hostname and not set(given) - {"ca", "certificate", "key"}
    if not whole or bool(given.get("certificate")) != bool(given.get("key")):
        raise ValueError(_FORM)
    at_once = parts.scheme == "smtps"
    return MailTarget(
        str(parts.hostname), parts.port or (465 if at_once else 587), unquote(parts.username or ""),
        unquote(parts.password or ""), at_once, given.get("ca", ""), given.get("certificate", ""), given.get("key", ""),
    )  # fmt: skip


def mail_settings(url: str) -> dict[str, object]:
    """Django's mail settings for an address; the console without one."""
    target = mail_target(url)
    if target is None:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    return {
        "EMAIL_BACKEND": "safeconduct.config.checked_mail.CheckedMail",
        "EMAIL_HOST": target.host,
        "EMAIL_PORT": target.port,
        "EMAIL_HOST_USER": target.user,
        "EMAIL_HOST_PASSWORD": target.password,
        "EMAIL_USE_SSL": target.at_once,
        "EMAIL_USE_TLS": not target.at_once,
        "EMAIL_SSL_CA": target.ca,
        "EMAIL_SSL_CERTFILE": target.certificate or None,
        "EMAIL_SSL_KEYFILE": target.key or None,
        "EMAIL_TIMEOUT": 10,
    }
