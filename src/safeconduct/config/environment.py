"""The settings of a deployment (`setting_table`), read from the environment into types.

In production mode (``SAFECONDUCT_MODE=production``) an unsafe value stops the start and is named: see `hardening`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safeconduct.config import secret_files
from safeconduct.config.connector_options import Options, read_options
from safeconduct.config.setting_table import SETTINGS
from safeconduct.kernel.parties.browsers import NAMES as BROWSERS
from safeconduct.kernel.parties.directory import ROLES, Directory, read_directory
from safeconduct.presets.numbers import preset


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings in force, typed."""

    mode: str
    var: Path
    database_url: str
    role_urls: Mapping[str, str]
    pool_size: int
    key_file: Path
    key_file_given: bool
    key_socket: str
    vault_root: str
    vault_root_before: str
    vault_credentials_file: str
    vault_region: str
    vault_erasures_file: str
    currency: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    proxies: int
    time_zone: str
    label_maturity_days: int
    review_hours: int
    control_per_10000: int
    control_cap_minor: int
    rate_limit_per_minute: int
    email_url: str
    email_from: str
    webhook_networks: tuple[str, ...]
    connector_options: Options
    connector_secrets: Mapping[str, tuple[str, ...]]
    record_origin: str
    record_checkpoint_file: str
    record_witnesses: tuple[str, ...]
    record_entries_public: bool
    preset: str
    fund_legal_form: str
    funds_held_by: str
    merchant_of_record: str
    bank_answer_cost_minor: int
    blind_reviews_per_10000: int
    stripe_api_key: str
    stripe_api_url: str
    prepare: bool
    country: str
    canary_domain: str
    clamd: str
    files_per_person: int
    file_mb_per_person: int
    staff_passkey_only: bool
    staff_devices: tuple[str, ...]
    staff_browsers: Mapping[str, int]
    staff_passkeys: str
    directory: Directory | None
    second_step: str
    password_words: tuple[str, ...]
    ip_pack: Path
    breached_passwords: str
    database_clear: bool
    page_rate_per_minute: int
    at_once: int
    database_generation: int
    faces: Mapping[str, str]
    tls_certificate: str
    tls_key: str
    tls_client_ca: str
    log_to: str
    secrets_in_environment: tuple[str, ...]
    secrets_readable: tuple[str, ...]
    environment_secrets_meant: bool
    asvs_level: int | None
    hsts_preload: bool

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def at_level_3(self) -> bool:
        """Whether the operator has chosen level 3, where a level is chosen: in production."""
        return self.production and self.asvs_level == 3

    @property
    def imported_passwords(self) -> Path:
        """Where `safeconduct passwords import` puts its list."""
        return self.var / "breached-passwords.list"

    @property
    def breached_list(self) -> Path | None:
        """The list of breached passwords that is used if it is there; None where the operator wants none."""
        if self.breached_passwords == "none":
            return None
        return Path(self.breached_passwords) if self.breached_passwords else self.imported_passwords


#: Calls of pages a minute where the operator says nothing.
_PAGE_RATES: Final[Mapping[str, str]] = {"production": "300", "demo": "6000", "development": "0"}


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """The environment as settings. Raises ValueError naming a variable that cannot be read."""
    given = environ
    environ = secret_files.with_files(environ)
    values = {s.name: environ.get(s.name, "").strip() or s.default for s in SETTINGS}
    mode = values["SAFECONDUCT_MODE"]
    if mode not in {"development", "demo", "production"}:
        raise ValueError(f"SAFECONDUCT_MODE is {mode!r}; it can be development, demo or production")
    var = Path(values["SAFECONDUCT_VAR"]).expanduser().absolute()
    return Environment(
        mode=mode,
        var=var,
        database_url=values["SAFECONDUCT_DATABASE_URL"] or environ.get("DATABASE_URL", ""),
        role_urls={role: values[f"SAFECONDUCT_{role.upper()}_DATABASE_URL"] for role in ("app", "engine", "staff")},
        pool_size=_integer(values, "SAFECONDUCT_POOL_SIZE", 1, 500),
        key_file=Path(values["SAFECONDUCT_KEY_FILE"] or var / "keys" / "root.key"),
        key_file_given=bool(values["SAFECONDUCT_KEY_FILE"]),
        key_socket=values["SAFECONDUCT_KEY_SOCKET"],
        vault_root=values["SAFECONDUCT_VAULT_ROOT"],
        vault_root_before=values["SAFECONDUCT_VAULT_ROOT_BEFORE"],
        vault_credentials_file=values["SAFECONDUCT_VAULT_CREDENTIALS_FILE"],
        vault_region=values["SAFECONDUCT_VAULT_REGION"],
        vault_erasures_file=values["SAFECONDUCT_VAULT_ERASURES_FILE"],
        currency=values["SAFECONDUCT_CURRENCY"].upper(),
        hosts=_words(values["SAFECONDUCT_HOSTS"]),
        origins=_words(values["SAFECONDUCT_ORIGINS"]),
        proxies=_integer(values, "SAFECONDUCT_BEHIND_PROXIES", 0, 10),
        time_zone=values["SAFECONDUCT_TIME_ZONE"],
        label_maturity_days=_integer(values, "SAFECONDUCT_LABEL_MATURITY_DAYS", 1, 730),
        review_hours=_integer(values, "SAFECONDUCT_REVIEW_HOURS", 1, 168),
        control_per_10000=_integer(values, "SAFECONDUCT_CONTROL_PER_10000", 0, 500),
        control_cap_minor=_integer(values, "SAFECONDUCT_CONTROL_CAP_MINOR", 0, 10_000_000),
        rate_limit_per_minute=_integer(values, "SAFECONDUCT_RATE_LIMIT", 1, 10_000_000),
        email_url=values["SAFECONDUCT_EMAIL_URL"],
        email_from=values["SAFECONDUCT_EMAIL_FROM"],
        webhook_networks=_networks(values["SAFECONDUCT_WEBHOOK_NETWORKS"]),
        connector_options=read_options(_words(values["SAFECONDUCT_CONNECTOR_OPTIONS"])),
        connector_secrets=_secrets(values["SAFECONDUCT_CONNECTOR_SECRETS"]),
        country=values["SAFECONDUCT_COUNTRY"].upper(),
        canary_domain=values["SAFECONDUCT_CANARY_DOMAIN"].strip().lower(),
        clamd=values["SAFECONDUCT_CLAMD"],
        files_per_person=_integer(values, "SAFECONDUCT_FILES_PER_PERSON", 1, 10_000_000),
        file_mb_per_person=_integer(values, "SAFECONDUCT_FILE_MB_PER_PERSON", 1, 10_000_000),
        staff_passkey_only=(values["SAFECONDUCT_STAFF_PASSKEY_ONLY"] or ("1" if mode == "production" else "0")) != "0",
        staff_devices=_staff_devices(values["SAFECONDUCT_STAFF_DEVICES"], mode),
        staff_browsers=_staff_browsers(values["SAFECONDUCT_STAFF_BROWSERS"]),
        staff_passkeys=_choice(values, "SAFECONDUCT_STAFF_PASSKEYS", ("any", "device")),
        directory=read_directory(values),
        password_words=_words(values["SAFECONDUCT_PASSWORD_WORDS"]),
        ip_pack=Path(values["SAFECONDUCT_IP_PACK"] or var / "ip"),
        breached_passwords=values["SAFECONDUCT_BREACHED_PASSWORDS"],
        database_clear=values["SAFECONDUCT_DATABASE_CLEAR"] == "1",
        page_rate_per_minute=_integer(
            {"SAFECONDUCT_PAGE_RATE": values["SAFECONDUCT_PAGE_RATE"] or _PAGE_RATES[mode]},
            "SAFECONDUCT_PAGE_RATE",
            0,
            100_000,
        ),
        at_once=_integer(values, "SAFECONDUCT_AT_ONCE", 4, 256),
        faces=_faces(values),
        database_generation=_integer(values, "SAFECONDUCT_DATABASE_GENERATION", 1, 1_000_000),
        tls_certificate=values["SAFECONDUCT_TLS_CERTIFICATE"],
        tls_key=values["SAFECONDUCT_TLS_KEY"],
        tls_client_ca=values["SAFECONDUCT_TLS_CLIENT_CA"],
        log_to=values["SAFECONDUCT_LOG_TO"],
        secrets_in_environment=tuple(secret_files.in_the_environment(given)),
        secrets_readable=tuple(secret_files.readable_by_others(given)),
        environment_secrets_meant=values["SAFECONDUCT_SECRETS_IN_ENVIRONMENT"] == "1",
        asvs_level=int(_choice(values, "SAFECONDUCT_ASVS_LEVEL", ("", "2", "3")) or 0) or None,
        hsts_preload=_choice(values, "SAFECONDUCT_HSTS_PRELOAD", ("0", "1")) == "1",
        second_step=_choice(
            {"SAFECONDUCT_SECOND_STEP": "nobody" if mode == "development" else "everyone"}
            | {name: value for name, value in values.items() if value},
            "SAFECONDUCT_SECOND_STEP",
            ("everyone", "money", "nobody"),
        ),
        record_origin=values["SAFECONDUCT_RECORD_ORIGIN"],
        record_checkpoint_file=values["SAFECONDUCT_RECORD_CHECKPOINT_FILE"],
        record_witnesses=_words(values["SAFECONDUCT_RECORD_WITNESSES"]),
        record_entries_public=values["SAFECONDUCT_RECORD_ENTRIES_PUBLIC"] != "0",
        preset=_preset(values["SAFECONDUCT_PRESET"]),
        fund_legal_form=values["SAFECONDUCT_FUND_LEGAL_FORM"],
        funds_held_by=values["SAFECONDUCT_FUNDS_HELD_BY"],
        merchant_of_record=_choice(values, "SAFECONDUCT_MERCHANT_OF_RECORD", ("platform", "seller")),
        bank_answer_cost_minor=_integer(values, "SAFECONDUCT_BANK_ANSWER_COST_MINOR", 0, 1_000_000),
        blind_reviews_per_10000=_integer(values, "SAFECONDUCT_BLIND_REVIEWS_PER_10000", 0, 10_000),
        stripe_api_key=values["SAFECONDUCT_STRIPE_API_KEY"],
        stripe_api_url=values["SAFECONDUCT_STRIPE_API_URL"].rstrip("/"),
        prepare=values["SAFECONDUCT_PREPARE"] != "0",
    )


def _staff_devices(text: str, mode: str) -> tuple[str, ...]:
    named = _words(text) or (ROLES if mode == "production" else ("none",))
    if wrong := [word for word in named if word not in (*ROLES, "none")]:
        raise ValueError(f"SAFECONDUCT_STAFF_DEVICES: {wrong[0]!r} is no role; there are {', '.join(ROLES)}, or none")
    return tuple(word for word in named if word != "none")


def _staff_browsers(text: str) -> dict[str, int]:
    found = {}
    for word in _words(text):
        name, _, version = word.partition("=")
        if name not in BROWSERS or not version.isdecimal():
            raise ValueError(
                f"SAFECONDUCT_STAFF_BROWSERS: {word!r} must look like Firefox=140, with one of {', '.join(BROWSERS)}"
            )
        found[name] = int(version)
    return found


def _faces(values: Mapping[str, str]) -> dict[str, str]:
    """Face → host name, of those that have one."""
    found = {face: values[f"SAFECONDUCT_{face.upper()}_HOST"].lower() for face in ("portal", "console", "api", "files")}
    for face, host in found.items():
        if host and not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host):
            raise ValueError(
                f"SAFECONDUCT_{face.upper()}_HOST is {host!r}; give a name alone, such as {face}.shop.example"
            )
    return {face: host for face, host in found.items() if host}


def _integer(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    try:
        number = int(values[name])
    except ValueError:
        raise ValueError(f"{name} is {values[name]!r}; it must be a whole number") from None
    if not low <= number <= high:
        raise ValueError(f"{name} is {number}; it must be between {low} and {high}")
    return number


def _choice(values: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    if values[name] not in words:
        raise ValueError(f"{name} is {values[name]!r}; it can be {' or '.join(word for word in words if word)}")
    return values[name]


def _preset(name: str) -> str:
    preset(name)  # raises PresetMalformed, a ValueError that names the file and the way out
    return name


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _networks(text: str) -> tuple[str, ...]:
    for word in _words(text):
        try:
            ipaddress.ip_network(word)
        except ValueError as problem:
            raise ValueError(f"SAFECONDUCT_WEBHOOK_NETWORKS: {problem}; write networks such as 10.20.0.0/16") from None
    return _words(text)


def _secrets(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in _words(text):
        name, separator, secret = pair.partition("=")
        if not separator or not secret:
            raise ValueError("SAFECONDUCT_CONNECTOR_SECRETS must be connector=secret pairs with commas between them")
        found[name] = (*found.get(name, ()), secret)
    return found
