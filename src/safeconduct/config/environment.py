"""Every setting of a deployment, read from the environment, with its default and its meaning.

`docs/configuration.md` is generated from `SETTINGS`. In production mode (``SAFECONDUCT_MODE=production``) an unsafe
value stops the start and is named; see `unsafe`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from psycopg.conninfo import conninfo_to_dict

from safeconduct.config import hardening, secret_files
from safeconduct.kernel.parties.directory import Directory, read_directory
from safeconduct.presets.numbers import preset

#: This machine, as addresses name it.
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: name, default (as text) and what it does."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("SAFECONDUCT_MODE", "development", "`development`, `demo` or `production`, which refuses unsafe values."),
    Setting("SAFECONDUCT_VAR", "var", "Folder for the embedded database, key files and models."),
    Setting(
        "SAFECONDUCT_DATABASE_URL",
        "",
        "PostgreSQL 15 or newer, as the owner of the database (`postgresql://user:password@host/name`). "
        "Empty: `DATABASE_URL`, and without that the embedded server under SAFECONDUCT_VAR.",
    ),
    Setting("SAFECONDUCT_APP_DATABASE_URL", "", "The login of sellers' pages. Empty: derived from the owner's."),
    Setting("SAFECONDUCT_ENGINE_DATABASE_URL", "", "The login of intake and decisions. Empty: derived likewise."),
    Setting("SAFECONDUCT_STAFF_DATABASE_URL", "", "The login of staff pages. Empty: derived likewise."),
    Setting(
        "SAFECONDUCT_DATABASE_GENERATION",
        "1",
        "Which passwords, derived from the root key, the three logins have. One more, then `safeconduct migrate` and a "
        "restart of every process, and the earlier ones open nothing.",
    ),
    Setting("SAFECONDUCT_POOL_SIZE", "10", "Largest number of connections of one process to each login."),
    Setting("SAFECONDUCT_KEY_FILE", "", "File with the root key (32 bytes, hex). Empty: keys/root.key in VAR."),
    Setting(
        "SAFECONDUCT_VAULT_ROOT",
        "",
        "What wraps the keys of the vault: `file:PATH`, `transit:URL/MOUNT/KEY` (OpenBao, Vault) or "
        "`aws-kms:REGION/KEY`, with `@URL` behind it for another address. Empty: a key of the root key file.",
    ),
    Setting(
        "SAFECONDUCT_VAULT_ROOT_BEFORE",
        "",
        "The root that is being replaced, while `safeconduct vault rotate --root` runs; `key-file` for the empty one.",
    ),
    Setting(
        "SAFECONDUCT_VAULT_CREDENTIALS_FILE",
        "",
        "File with what a root on another machine asks for: the token of transit, or for AWS KMS access key id, secret "
        "access key and, if any, session token, a line each. It is read at each use.",
    ),
    Setting("SAFECONDUCT_VAULT_REGION", "main", "The region under whose key new data keys are wrapped."),
    Setting(
        "SAFECONDUCT_VAULT_ERASURES_FILE",
        "",
        "File to which the receipt of each erasure is appended as well, apart from the database: after a restore, "
        "`safeconduct vault reapply-erasures` destroys again what it names.",
    ),
    Setting("SAFECONDUCT_CURRENCY", "USD", "The reporting currency, ISO 4217: policies count money in it."),
    Setting("SAFECONDUCT_HOSTS", "127.0.0.1,localhost", "Host names under which the server answers, with commas."),
    Setting("SAFECONDUCT_ORIGINS", "", "Origins (https://…) from which forms may be posted, with commas."),
    Setting("SAFECONDUCT_BEHIND_PROXIES", "0", "Reverse proxies that stand in front; 0 trusts no forwarded header."),
    Setting("SAFECONDUCT_TIME_ZONE", "UTC", "Zone in which staff pages show times until a person chooses their own."),
    Setting("SAFECONDUCT_LABEL_MATURITY_DAYS", "90", "Age in days at which an order without a label counts as good."),
    Setting("SAFECONDUCT_REVIEW_HOURS", "4", "Hours in which the platform promises to look at a held order."),
    Setting(
        "SAFECONDUCT_CONTROL_PER_10000",
        "0",
        "Random share of stopped orders, in ten-thousandths, that is let through so that rules stay measurable.",
    ),
    Setting("SAFECONDUCT_CONTROL_CAP_MINOR", "5000", "Largest amount, minor units, of an order let through that way."),
    Setting("SAFECONDUCT_RATE_LIMIT", "6000", "API requests a minute for one key; above it the answer is 429."),
    Setting(
        "SAFECONDUCT_PAGE_RATE",
        "",
        "Calls of pages a minute for one person, and for one network of people who are not signed in; a fifth of them "
        "may change something. Above it the answer is 429. 0: no limit. Empty: 300; in the demo, where one person "
        "plays everybody, 6000; in development 0.",
    ),
    Setting(
        "SAFECONDUCT_PORTAL_HOST",
        "",
        "Host name of sellers' and buyers' pages, and of the public record. Production asks for this one and the next "
        "two; empty elsewhere: all answer under every name of SAFECONDUCT_HOSTS.",
    ),
    Setting("SAFECONDUCT_CONSOLE_HOST", "", "Host name of the staff's pages."),
    Setting("SAFECONDUCT_API_HOST", "", "Host name of `/v1`, webhooks of connectors included."),
    Setting(
        "SAFECONDUCT_FILES_HOST",
        "",
        "Host name from which evidence is handed out, by links that work once and for a minute; no cookie goes there. "
        "Empty: from the face it is asked of, as a download in a sandbox.",
    ),
    Setting(
        "SAFECONDUCT_TLS_CERTIFICATE",
        "",
        "Certificate chain (PEM) with which `safeconduct serve` speaks TLS 1.2 and 1.3 itself. Without it production "
        "serves on this machine's own address only, where a proxy ends TLS.",
    ),
    Setting("SAFECONDUCT_TLS_KEY", "", "Its key (PKCS #8, PEM), mode 600."),
    Setting(
        "SAFECONDUCT_TLS_CLIENT_CA",
        "",
        "Authority (PEM) of the proxies: with it only who shows a certificate of it is let in.",
    ),
    Setting(
        "SAFECONDUCT_LOG_TO",
        "",
        "Where each line of the log is sent as well, as syslog: `tls://HOST:6514?ca=FILE&certificate=FILE&key=FILE` or "
        "`unix:/dev/log`. `stderr`: standard error is collected by what runs the processes. Production asks for one.",
    ),
    Setting(
        "SAFECONDUCT_SECRETS_IN_ENVIRONMENT",
        "0",
        "1: production may be given secrets by its environment. Otherwise by files: each setting that may hold one "
        "(database, mail, connectors, Stripe) has a twin that ends in `_FILE`.",
    ),
    Setting("SAFECONDUCT_EMAIL_URL", "", "SMTP server, smtp://user:password@host:587. Empty: mails are printed."),
    Setting("SAFECONDUCT_EMAIL_FROM", "safeconduct@localhost", "The sender of mails."),
    Setting(
        "SAFECONDUCT_WEBHOOK_NETWORKS",
        "",
        "Networks (CIDR, with commas) beside the public ones that webhooks may be sent to, such as 10.20.0.0/16.",
    ),
    Setting(
        "SAFECONDUCT_CONNECTOR_SECRETS",
        "",
        "Webhook secrets as connector=secret pairs with commas; repeat a connector while a secret is being changed.",
    ),
    Setting(
        "SAFECONDUCT_CONNECTOR_OPTIONS",
        "",
        "Options of connectors as connector.option=value with commas, such as shopify.default_seller=sel-1.",
    ),
    Setting(
        "SAFECONDUCT_STAFF_PASSKEY_ONLY",
        "",
        "1: the console opens only to staff who have shown a passkey in their session. 0: an authenticator app does as "
        "well. Empty: 1 in production, else 0.",
    ),
    Setting(
        "SAFECONDUCT_OIDC_ISSUER",
        "",
        "Issuer of the directory at which the staff sign in (OpenID Connect), exactly as it writes itself: "
        "`https://login.example/realms/staff`. Empty: no single sign-on.",
    ),
    Setting("SAFECONDUCT_OIDC_CLIENT_ID", "", "Our name at the directory, which is asked with PKCE, state and nonce."),
    Setting(
        "SAFECONDUCT_OIDC_CLIENT_SECRET_FILE", "", "File with our secret at the directory. It is read at each use."
    ),
    Setting(
        "SAFECONDUCT_OIDC_DOMAINS",
        "",
        "Domains of e-mail addresses whose people may come in by single sign-on, with commas.",
    ),
    Setting(
        "SAFECONDUCT_OIDC_STRONG",
        "",
        "Values of `acr` or `amr`, with commas, with which the directory vouches for more than a password, such as "
        "`phr,hwk`. Such a sign-in opens the console to look; acts ask for a passkey of ours still. Without one of "
        "them, or when this is empty, a sign-in there stands for the password alone.",
    ),
    Setting(
        "SAFECONDUCT_OIDC_OWN_ADDRESSES",
        "0",
        "1: the directory's addresses are your own, although it does not send `email_verified`, as Entra ID. One that "
        "it calls unverified is never taken.",
    ),
    Setting(
        "SAFECONDUCT_OIDC_ROLES",
        "",
        "Which claim gives which role, with commas: `groups:risk=analyst,groups:risk-leads=lead`. Whoever has one gets "
        "that role, and an account with the first sign-in; whoever has none does not come in that way. Empty: only "
        "accounts that are there are opened, and no claim changes a role.",
    ),
    Setting(
        "SAFECONDUCT_SECOND_STEP",
        "",
        "Whose pages of the portal open only to people with a passkey or an authenticator app: `everyone`, `money` "
        "(owners and finance; others are asked to set one up) or `nobody`. Empty: `everyone`, in development `nobody`.",
    ),
    Setting(
        "SAFECONDUCT_PASSWORD_WORDS",
        "",
        "Words of yours that passwords must not be built of, with commas: the marketplace's name, products, places.",
    ),
    Setting(
        "SAFECONDUCT_IP_PACK",
        "",
        "Folder of the data about IP addresses that `safeconduct ip import` writes: one for each machine, or one that "
        "all of them mount. Empty: ip in VAR. Without data, countries, networks and travel of sign-ins are unknown.",
    ),
    Setting(
        "SAFECONDUCT_BREACHED_PASSWORDS",
        "",
        "List of breached passwords in which passwords are looked up, on this machine: one that `safeconduct passwords "
        "import` made, or a sorted text of SHA-1 hashes, as *Pwned Passwords* is offered for download. Empty: "
        "breached-passwords.list in VAR, where the import puts it. `none` does without. Production asks for one or the "
        "other.",
    ),
    Setting(
        "SAFECONDUCT_DATABASE_CLEAR",
        "0",
        "1: production may speak to a PostgreSQL elsewhere without a certificate that is checked "
        "(`sslmode=verify-full` in its address), because the network between is encrypted otherwise.",
    ),
    Setting("SAFECONDUCT_COUNTRY", "", "Country (ISO 3166) whose holidays the marketplace's own clocks observe."),
    Setting(
        "SAFECONDUCT_CANARY_DOMAIN",
        "",
        "A mail domain of yours that nobody uses: the rows of sellers' contact files that belong to nobody have e-mail "
        "addresses there. Empty: these rows have none.",
    ),
    Setting(
        "SAFECONDUCT_CLAMD",
        "",
        "ClamAV's clamd, as host:port or the path of its socket: uploads are scanned, and refused while it is silent. "
        "`none` takes them in unscanned. Production asks for one or the other.",
    ),
    Setting(
        "SAFECONDUCT_RECORD_ORIGIN",
        "",
        "The record's name in checkpoints and keys, such as `shop.example/record`; fixed once the first key is made. "
        "Empty: the first host name and `/record`.",
    ),
    Setting(
        "SAFECONDUCT_RECORD_CHECKPOINT_FILE",
        "",
        "File to which each signed checkpoint is appended as well: on another machine's disk, or write-once storage.",
    ),
    Setting(
        "SAFECONDUCT_RECORD_WITNESSES",
        "",
        "Witnesses that are asked to sign each checkpoint, as `address verifier-key`, with commas between them.",
    ),
    Setting(
        "SAFECONDUCT_RECORD_ENTRIES_PUBLIC",
        "1",
        "0 publishes only the hashes of the record's lines, and not kind, id, action, version and time of each.",
    ),
    Setting(
        "SAFECONDUCT_PRESET",
        "jd-like",
        "The marketplace's numbers (commission, release of money, payouts): a file of `presets/`, such as `eu-fair`.",
    ),
    Setting(
        "SAFECONDUCT_FUND_LEGAL_FORM",
        "",
        "What the protection fund is in law, as sellers read it: `a promise of Haihang Ltd., no insurance`. Production "
        "does not start without it.",
    ),
    Setting(
        "SAFECONDUCT_FUNDS_HELD_BY",
        "",
        "The licensed provider that holds sellers' money, as sellers read it. Production does not start without it.",
    ),
    Setting(
        "SAFECONDUCT_MERCHANT_OF_RECORD",
        "platform",
        "Who sells in the eyes of the card schemes: `platform`, so that a card's earlier orders at other sellers help "
        "to answer a chargeback, or `seller`.",
    ),
    Setting(
        "SAFECONDUCT_BANK_ANSWER_COST_MINOR",
        "0",
        "What one answer to a bank costs you, fees of the processor included, in minor units of the reporting currency:"
        " whether fighting a chargeback pays is weighed with it. 0: the chance is shown, and nothing is advised.",
    ),
    Setting(
        "SAFECONDUCT_BLIND_REVIEWS_PER_10000",
        "200",
        "Random share of people's decisions about cases, in ten-thousandths, that another person takes once more"
        " without knowing the first. It changes no outcome; how often the two agree is in the fairness report.",
    ),
    Setting(
        "SAFECONDUCT_STRIPE_API_KEY",
        "",
        "A restricted key of Stripe that may write disputes and files: answers to banks are sent with it. Empty: they "
        "are downloaded and handed in by a person.",
    ),
    Setting("SAFECONDUCT_STRIPE_API_URL", "https://api.stripe.com", "Where Stripe's interface is."),
    Setting("SAFECONDUCT_PREPARE", "1", "0 where a transaction pooler without prepared statements stands between."),
)  # fmt: skip


class UnsafeSettings(RuntimeError):
    """Production was asked for with unsafe settings; the message names each and the way out."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings in force, typed."""

    mode: str
    var: Path
    database_url: str
    role_urls: Mapping[str, str]
    pool_size: int
    key_file: Path
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
    connector_options: Mapping[str, Mapping[str, str]]
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
    staff_passkey_only: bool
    directory: Directory | None
    second_step: str
    password_words: tuple[str, ...]
    ip_pack: Path
    breached_passwords: str
    database_clear: bool
    page_rate_per_minute: int
    database_generation: int
    faces: Mapping[str, str]
    tls_certificate: str
    tls_key: str
    tls_client_ca: str
    log_to: str
    secrets_in_environment: tuple[str, ...]
    secrets_readable: tuple[str, ...]
    environment_secrets_meant: bool

    @property
    def production(self) -> bool:
        return self.mode == "production"

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
        connector_options=_options(values["SAFECONDUCT_CONNECTOR_OPTIONS"]),
        connector_secrets=_secrets(values["SAFECONDUCT_CONNECTOR_SECRETS"]),
        country=values["SAFECONDUCT_COUNTRY"].upper(),
        canary_domain=values["SAFECONDUCT_CANARY_DOMAIN"].strip().lower(),
        clamd=values["SAFECONDUCT_CLAMD"],
        staff_passkey_only=(values["SAFECONDUCT_STAFF_PASSKEY_ONLY"] or ("1" if mode == "production" else "0")) != "0",
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
        faces=_faces(values),
        database_generation=_integer(values, "SAFECONDUCT_DATABASE_GENERATION", 1, 1_000_000),
        tls_certificate=values["SAFECONDUCT_TLS_CERTIFICATE"],
        tls_key=values["SAFECONDUCT_TLS_KEY"],
        tls_client_ca=values["SAFECONDUCT_TLS_CLIENT_CA"],
        log_to=values["SAFECONDUCT_LOG_TO"],
        secrets_in_environment=tuple(secret_files.in_the_environment(given)),
        secrets_readable=tuple(secret_files.readable_by_others(given)),
        environment_secrets_meant=values["SAFECONDUCT_SECRETS_IN_ENVIRONMENT"] == "1",
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


def unsafe(env: Environment) -> list[str]:
    """What must not be so in production, each as a sentence that names the setting and the way out."""
    found = []
    if not env.database_url:
        found.append("SAFECONDUCT_DATABASE_URL is empty: production needs its own PostgreSQL, not the embedded one.")
    found += _database_in_clear(env) + _partners_in_clear(env) + hardening.unsafe(env)
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
    if not env.key_file.exists():
        found.append(f"SAFECONDUCT_KEY_FILE: no file at {env.key_file}; create it with `safeconduct keys create`.")
    elif env.key_file.stat().st_mode & 0o077:
        found.append("SAFECONDUCT_KEY_FILE can be read by others: chmod 600.")
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
    if env.database_clear:
        return []
    urls = {"SAFECONDUCT_DATABASE_URL": env.database_url} | {
        f"SAFECONDUCT_{role.upper()}_DATABASE_URL": url for role, url in env.role_urls.items()
    }
    found = []
    for name, url in urls.items():
        parts = conninfo_to_dict(url) if url else {}
        hosts = str(parts.get("host") or parts.get("hostaddr") or "").split(",")
        local = all(not host or host.startswith(("/", "@")) for host in hosts)
        if not local and parts.get("sslmode") != "verify-full":
            found.append(
                f"{name} does not say sslmode=verify-full: passwords and data would travel to whoever answers there. "
                "Add it with sslrootcert=…, use a local socket, or set SAFECONDUCT_DATABASE_CLEAR=1."
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


def mail_settings(url: str) -> dict[str, object]:
    """Django's mail settings for an smtp:// (STARTTLS) or smtps:// address; the console without one."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("SAFECONDUCT_EMAIL_URL must look like smtp://user:password@host:587 or smtps://…")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_TIMEOUT": 10,
    }


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
        raise ValueError(f"{name} is {values[name]!r}; it can be {' or '.join(words)}")
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


def _options(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for pair in _words(text):
        name, separator, value = pair.partition("=")
        connector, dot, option = name.partition(".")
        if not separator or not dot or not option:
            raise ValueError("SAFECONDUCT_CONNECTOR_OPTIONS must be connector.option=value, with commas between")
        found.setdefault(connector, {})[option] = value
    return found


def _secrets(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in _words(text):
        name, separator, secret = pair.partition("=")
        if not separator or not secret:
            raise ValueError("SAFECONDUCT_CONNECTOR_SECRETS must be connector=secret pairs with commas between them")
        found[name] = (*found.get(name, ()), secret)
    return found
