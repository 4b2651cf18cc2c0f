"""The level of OWASP's ASVS 5.0 that a deployment is run at: one choice of the operator's, and what 3 asks on top of 2.

What the program does by itself it does at either level (docs/asvs.csv). What differs is what only a deployment can
have: who holds the keys, what the machine's memory is, and who stands at the other end of each line inside it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from psycopg.conninfo import conninfo_to_dict

from safeconduct.config import memory_encryption, secret_files
from safeconduct.config.environment import Environment
from safeconduct.config.log_shipping import Target
from safeconduct.config.mail import mail_target
from safeconduct.config.memory_encryption import Encrypted

UNSAID: Final = (
    "SAFECONDUCT_ASVS_LEVEL is empty: say which level of OWASP ASVS 5.0 this deployment is run at. 2: what level 2 "
    "asks. 3: level 3 as well for sign-in, sessions, payouts and keys; production then asks for a key process of "
    "another user, encrypted memory, and certificates on both sides (docs/operations.md, section Level)."
)
_SHOWN: Final = "TLS with a certificate of our own"


@dataclass(frozen=True, slots=True)
class Machine:
    """What is asked of the machine and not of the settings. ``key_user``: the user of the key process, None where none
    answers; ``user``: ours."""

    key_user: int | None
    user: int
    memory: Encrypted | None

    @classmethod
    def of(cls, env: Environment, root: Path = Path("/")) -> Self:
        """This one. Asks the key process, and waits for one that is just being started."""
        return cls(_key_user(env.key_socket) if env.key_socket else None, os.geteuid(), memory_encryption.seen(root))


def _key_user(socket: str) -> int | None:
    # Not at the top: most commands ask no key process, and what speaks to it takes a while to load.
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.key_client import KeyClient

    try:
        return KeyClient(socket).user()
    except VaultError:
        return None


def short_of_three(env: Environment, machine: Machine) -> list[str]:
    """What separates a deployment from level 3, each as a sentence that names the setting and the way out."""
    return [
        *_key_process(env, machine), *_memory(machine), *_databases(env), *_mail(env), *_scanner(env), *_logs(env),
        *_proxy(env), *_loosened(env),
    ]  # fmt: skip


def _key_process(env: Environment, machine: Machine) -> list[str]:
    if not env.key_socket:
        found = "is empty: at level 3 the keys are held by a process of another user (`safeconduct keys serve`)"
    elif machine.user == 0:
        found = "keeps no key from this process, which runs as root: give it a user of its own"
    elif machine.key_user is None:
        found = f"names {env.key_socket}, where no key process answers this user: start `safeconduct keys serve` first"
    elif machine.key_user == machine.user:
        found = f"names a key process of this same user ({machine.user}), who can read its key file: give it another"
    else:
        return []
    return [f"SAFECONDUCT_KEY_SOCKET {found}; see docs/operations.md, section A process for the keys."]


def _memory(machine: Machine) -> list[str]:
    if machine.memory is not None:
        return []
    said = (
        "SAFECONDUCT_ASVS_LEVEL: at level 3 memory is encrypted, and the kernel does not say that this machine is a "
        "confidential one (AMD SEV-SNP, Intel TDX, IBM Secure Execution): run every process in one, see "
        "docs/operations.md, section Memory."
    )
    return [said]


def _databases(env: Environment) -> list[str]:
    given = dict(zip(secret_files.DATABASES, (env.database_url, *env.role_urls.values()), strict=True))
    return [
        f"{name} is neither a socket of this machine nor {_SHOWN}: give host=/FOLDER, or sslmode=verify-full with "
        "sslrootcert=, sslcert= and sslkey=." for name, url in given.items() if url and not _certain(url)
    ]  # fmt: skip


def _certain(url: str) -> bool:
    """Does an address of PostgreSQL lead to a socket, or to TLS that shows who is at either end?"""
    if is_local(url):
        return True
    parts = conninfo_to_dict(url)
    return parts.get("sslmode") == "verify-full" and bool(parts.get("sslcert")) and bool(parts.get("sslkey"))


def is_local(url: str) -> bool:
    """Does an address of PostgreSQL say itself that it leads to a socket of this machine? Without a host, libpq follows
    its environment or a service file, which may lead anywhere."""
    parts = conninfo_to_dict(url)
    hosts = str(parts.get("host") or "").split(",")
    return not parts.get("hostaddr") and not parts.get("service") and all(host.startswith(("/", "@")) for host in hosts)


def _mail(env: Environment) -> list[str]:
    target = mail_target(env.email_url)
    if target is None or (target.certificate and target.key):
        return []
    return [f"SAFECONDUCT_EMAIL_URL is not {_SHOWN}: add ?ca=FILE&certificate=FILE&key=FILE to it."]


def _scanner(env: Environment) -> list[str]:
    if env.clamd.startswith("/"):
        return []
    said = (
        "SAFECONDUCT_CLAMD is no socket of this machine: clamd has no TLS, so run one here and give its socket's path "
        "(/run/clamav/clamd.ctl)."
    )
    return [said]


def _logs(env: Environment) -> list[str]:
    if not env.log_to or env.log_to == "stderr":
        return []
    target = Target.of(env.log_to)
    if target.path or (target.certificate and target.key):
        return []
    return [f"SAFECONDUCT_LOG_TO is not {_SHOWN}: add certificate=FILE&key=FILE to it, or write unix:/dev/log."]


def _proxy(env: Environment) -> list[str]:
    if not env.proxies or (env.tls_certificate and env.tls_client_ca):
        return []
    said = (
        "SAFECONDUCT_BEHIND_PROXIES: who speaks for people has to show a certificate. Give SAFECONDUCT_TLS_CERTIFICATE,"
        " SAFECONDUCT_TLS_KEY and, for the proxy's own, SAFECONDUCT_TLS_CLIENT_CA (docs/deploy has whole files)."
    )
    return [said]


def _loosened(env: Environment) -> list[str]:
    """Switches that take back what levels 2 and 3 ask for at sign-in, and of secrets."""
    found = {
        "SAFECONDUCT_STAFF_PASSKEY_ONLY=0 lets staff in without a passkey": not env.staff_passkey_only,
        f"SAFECONDUCT_SECOND_STEP={env.second_step} opens pages to a password alone": env.second_step != "everyone",
        "SAFECONDUCT_BREACHED_PASSWORDS=none takes passwords that others know": env.breached_list is None,
        "SAFECONDUCT_SECRETS_IN_ENVIRONMENT=1 lets secrets stand in the environment": env.environment_secrets_meant,
    }
    return [f"{said}: leave the setting out." for said, loose in found.items() if loose]
