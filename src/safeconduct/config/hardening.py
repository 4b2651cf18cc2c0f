"""What production does not start with: each value that is not safe is refused with its setting and the way out, and the
setting that says that it is meant."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from safeconduct.config import protection_level
from safeconduct.config.environment import Environment
from safeconduct.config.protection_level import Machine, is_local
from safeconduct.presets.numbers import preset

#: This machine, as addresses name it.
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


class UnsafeSettings(RuntimeError):
    """Production was asked for with unsafe settings; the message names each and the way out."""


def unsafe(env: Environment, machine: Machine | None = None) -> list[str]:
    """What must not be so in production, each as a sentence that names the setting and the way out. ``machine``: what
    this one says of itself, if it was asked already."""
    found = [] if env.asvs_level else [protection_level.UNSAID]
    if env.at_level_3:
        found += protection_level.short_of_three(env, machine or Machine.of(env))
    if not env.database_url:
        found.append("SAFECONDUCT_DATABASE_URL is empty: production needs its own PostgreSQL, not the embedded one.")
    found += _database_in_clear(env) + _partners_in_clear(env)
    found += _faces(env) + _files(env) + _secrets(env) + _logs(env) + _tls(env)
    if env.breached_list is not None and not env.breached_list.is_file():
        found.append(
            f"SAFECONDUCT_BREACHED_PASSWORDS: no file at {env.breached_passwords}."
            if env.breached_passwords
            else "SAFECONDUCT_BREACHED_PASSWORDS is empty, nothing was imported: run `safeconduct passwords import`, "
            "give a file of hashes of breached passwords, or write none."
        )
    if "*" in env.hosts:
        found.append("SAFECONDUCT_HOSTS contains *: name the hosts under which this server answers.")
    if set(env.hosts) <= {"127.0.0.1", "localhost"}:
        found.append("SAFECONDUCT_HOSTS names only this machine: add the public host name.")
    if not env.origins or any(not o.startswith("https://") for o in env.origins):
        found.append("SAFECONDUCT_ORIGINS must list https:// origins only: forms would travel in clear.")
    found += _keys(env)
    for name, secret in (
        ("SAFECONDUCT_VAULT_ROOT", env.vault_root.removeprefix("file:") if env.vault_root.startswith("file:") else ""),
        ("SAFECONDUCT_VAULT_CREDENTIALS_FILE", env.vault_credentials_file),
        ("SAFECONDUCT_OIDC_CLIENT_SECRET_FILE", "" if env.directory is None else str(env.directory.secret_file)),
    ):
        if secret and not Path(secret).exists():
            found.append(f"{name}: no file at {secret}.")
        elif secret and Path(secret).stat().st_mode & 0o077:
            found.append(f"{name} can be read by others: chmod 600 {secret}.")
    if not env.email_url:
        found.append("SAFECONDUCT_EMAIL_URL is empty: no notice would leave the machine.")
    if not env.fund_legal_form:
        found.append("SAFECONDUCT_FUND_LEGAL_FORM is empty: say what the protection fund is in law; sellers read it.")
    if not env.funds_held_by:
        found.append("SAFECONDUCT_FUNDS_HELD_BY is empty: name the licensed provider that holds sellers' money.")
    longest = min(version.review.longest for version in preset(env.preset).versions)
    if timedelta(hours=env.review_hours) > longest:
        found.append(
            f"SAFECONDUCT_REVIEW_HOURS is {env.review_hours}: a review would outlast the card authorisation; "
            f"the preset {env.preset} leaves {longest // timedelta(hours=1)} hours."
        )
    return found


def _database_in_clear(env: Environment) -> list[str]:
    """Addresses of PostgreSQL on another machine whose certificate would not be checked."""
    if env.database_clear or env.at_level_3:  # which asks for more, and names it
        return []
    urls = {"SAFECONDUCT_DATABASE_URL": env.database_url} | {
        f"SAFECONDUCT_{role.upper()}_DATABASE_URL": url for role, url in env.role_urls.items()
    }
    found = []
    for name, url in urls.items():
        if url and not is_local(url) and conninfo_to_dict(url).get("sslmode") != "verify-full":
            found.append(
                f"{name} does not say sslmode=verify-full: passwords and data would travel to whoever answers there. "
                "Add it with sslrootcert=…, use a local socket (host=/FOLDER), or set SAFECONDUCT_DATABASE_CLEAR=1."
            )
    return found


def _partners_in_clear(env: Environment) -> list[str]:
    """Other machines that would be spoken to without TLS. What answers on this one may do without."""
    asked = {
        "SAFECONDUCT_VAULT_ROOT": [env.vault_root], "SAFECONDUCT_VAULT_ROOT_BEFORE": [env.vault_root_before],
        "SAFECONDUCT_RECORD_WITNESSES": env.record_witnesses, "SAFECONDUCT_STRIPE_API_URL": [env.stripe_api_url],
    }  # fmt: skip
    found = []
    for name, values in asked.items():
        hosts = [
            urlsplit(value[value.index("http://") :].split()[0]).hostname for value in values if "http://" in value
        ]
        if any(host not in _HERE for host in hosts):
            found.append(f"{name} has an http:// address on another machine: give its https:// one.")
    host = "" if env.clamd == "none" else env.clamd.rpartition(":")[0].strip("[]")
    if host and not env.clamd.startswith("/") and host not in _HERE:
        found.append("SAFECONDUCT_CLAMD is on another machine, and clamd has no TLS: use its socket or a local tunnel.")
    return found


def refuse_unsafe(env: Environment) -> None:
    """Raises UnsafeSettings in production mode where `unsafe` finds anything."""
    found = unsafe(env) if env.production else []
    if found:
        raise UnsafeSettings("Safeconduct does not start in production like this:\n- " + "\n- ".join(found))


def _keys(env: Environment) -> list[str]:
    if env.key_socket:
        given = {
            "SAFECONDUCT_KEY_FILE": env.key_file_given, "SAFECONDUCT_VAULT_ROOT": env.vault_root,
            "SAFECONDUCT_VAULT_ROOT_BEFORE": env.vault_root_before,
            "SAFECONDUCT_VAULT_CREDENTIALS_FILE": env.vault_credentials_file,
        }  # fmt: skip
        names = [name for name, value in given.items() if value]
        if not names and os.access(env.key_file, os.F_OK):
            names = [str(env.key_file)]
        return [
            f"{name}: SAFECONDUCT_KEY_SOCKET names a key process, and keys are given here as well. Keep them where only"
            " that process reads them." for name in names
        ]  # fmt: skip
    if not env.key_file.exists():
        return [f"SAFECONDUCT_KEY_FILE: no file at {env.key_file}; create it with `safeconduct keys create`."]
    if env.key_file.stat().st_mode & 0o077:
        return ["SAFECONDUCT_KEY_FILE can be read by others: chmod 600."]
    return []


def _faces(env: Environment) -> list[str]:
    wanted = {name: env.faces.get(name, "") for name in ("portal", "console", "api", "files")}
    missing = [f"SAFECONDUCT_{name.upper()}_HOST" for name, host in wanted.items() if not host]
    if missing:
        return [
            f"{', '.join(missing)}: give portal, console, API and files a host name each: browsers keep them apart."
        ]
    if len(set(env.faces.values())) < len(env.faces):
        return ["SAFECONDUCT_…_HOST: two faces have one host name; browsers keep them apart by it."]
    return []


def _files(env: Environment) -> list[str]:
    if env.clamd:
        return []
    return ["SAFECONDUCT_CLAMD is empty: name a scanner for uploads, or write none to take them in unscanned."]


def _secrets(env: Environment) -> list[str]:
    found = [f"{name} can be read by others: chmod 600 its file." for name in env.secrets_readable]
    if env.secrets_in_environment and not env.environment_secrets_meant:
        names = ", ".join(env.secrets_in_environment)
        found.append(
            f"{names}: secrets stand in the environment. Give each as a file, by the setting's name and _FILE, or set "
            "SAFECONDUCT_SECRETS_IN_ENVIRONMENT=1."
        )
    return found


def _logs(env: Environment) -> list[str]:
    if env.log_to:
        return []
    return [
        (
            "SAFECONDUCT_LOG_TO is empty: name a collector on another machine (tls://host:6514?ca=…), this machine's "
            "(unix:/dev/log), or write stderr where standard error is collected."
        )
    ]


def _tls(env: Environment) -> list[str]:
    found = []
    if bool(env.tls_certificate) != bool(env.tls_key):
        found.append("SAFECONDUCT_TLS_CERTIFICATE and SAFECONDUCT_TLS_KEY: give both, or neither.")
    if env.tls_client_ca and not env.tls_certificate:
        found.append("SAFECONDUCT_TLS_CLIENT_CA asks for SAFECONDUCT_TLS_CERTIFICATE: without TLS nobody shows one.")
    for name, path in (
        ("SAFECONDUCT_TLS_CERTIFICATE", env.tls_certificate), ("SAFECONDUCT_TLS_KEY", env.tls_key),
        ("SAFECONDUCT_TLS_CLIENT_CA", env.tls_client_ca),
    ):  # fmt: skip
        if path and not Path(path).is_file():
            found.append(f"{name}: no file at {path}.")
    if env.tls_key and Path(env.tls_key).is_file() and Path(env.tls_key).stat().st_mode & 0o077:
        found.append(f"SAFECONDUCT_TLS_KEY can be read by others: chmod 600 {env.tls_key}.")
    return found
