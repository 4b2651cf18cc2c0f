"""Every setting of a deployment, with its default and its meaning; `docs/configuration.md` is generated from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: name, default (as text) and what it does."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("SAFECONDUCT_MODE", "development", "`development`, `demo` or `production`, which refuses unsafe values."),
    Setting(
        "SAFECONDUCT_ASVS_LEVEL",
        "",
        "The level of OWASP ASVS 5.0 that this deployment is run at, which production asks for. `2`: what level 2 asks."
        " `3`: level 3 as well for sign-in, sessions, payouts and keys; production then starts only with a key process "
        "of another user, memory that the kernel calls encrypted, and certificates on both sides (docs/operations.md, "
        "*Level*). `safeconduct doctor` says what separates a deployment from 3.",
    ),
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
    Setting(
        "SAFECONDUCT_KEY_FILE",
        "",
        "File with the root key (32 bytes, hex), or with two while one replaces the other (`safeconduct vault "
        "root-key`). Empty: keys/root.key in VAR.",
    ),
    Setting(
        "SAFECONDUCT_KEY_SOCKET",
        "",
        "Unix socket of a key process (`safeconduct keys serve`), which then holds all keys in the place of this one "
        "(docs/operations.md, *A process for the keys*). With it no key file and no vault's root is given here, except "
        "to the key process. Empty: every process holds the keys itself.",
    ),
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
        "SAFECONDUCT_AT_ONCE",
        "32",
        "Requests that one client (an API key, a session, or the network of who shows neither) may have under way at "
        "once in one web process, downloads until they are read; one network half as many again. Above it the answer "
        "is 429. A web process has twice as many threads: they wait and cost little, and a program that sends on 32 "
        "connections is still served.",
    ),
    Setting(
        "SAFECONDUCT_PORTAL_HOST",
        "",
        "Host name of sellers' and buyers' pages, and of the public record. Production asks for this one and the next "
        "three; empty elsewhere: all answer under every name of SAFECONDUCT_HOSTS.",
    ),
    Setting("SAFECONDUCT_CONSOLE_HOST", "", "Host name of the staff's pages."),
    Setting("SAFECONDUCT_API_HOST", "", "Host name of `/v1`, webhooks of connectors included."),
    Setting(
        "SAFECONDUCT_FILES_HOST",
        "",
        "Host name from which files that people brought are handed out, by links that work once and for a minute; no "
        "cookie goes there. Empty: from the face it is asked of, as a download in a sandbox.",
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
        "SAFECONDUCT_HSTS_PRELOAD",
        "0",
        "1: the header that keeps browsers on TLS (HSTS) says `preload`, which browsers' own list of such domains asks "
        "for. Only where every host under the domain speaks TLS for good: leaving the list takes months.",
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
    Setting(
        "SAFECONDUCT_EMAIL_URL",
        "",
        "SMTP server, smtp://user:password@host:587 (STARTTLS) or smtps://…, with `?ca=FILE&certificate=FILE&key=FILE` "
        "behind it for an authority of yours and a certificate of ours. Empty: mails are printed.",
    ),
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
        "Options of connectors as connector.option=value with commas, such as shopify.default_seller=sel-1. A table "
        "has a key more, stripe.sellers.acct_1=sel-1, or is a file of rows `acct_1,sel-1`: stripe.sellers=@FILE.",
    ),
    Setting(
        "SAFECONDUCT_STAFF_PASSKEY_ONLY",
        "",
        "1: the console opens only to staff who have shown a passkey in their session. 0: an authenticator app does as "
        "well. Empty: 1 in production, else 0.",
    ),
    Setting(
        "SAFECONDUCT_STAFF_DEVICES",
        "",
        "Roles of the staff, with commas, whose console opens only in browsers that another administrator, or the "
        "operator, has let in: `analyst,lead,administrator`. `none`: in any. Empty: all three in production, else "
        "none.",
    ),
    Setting(
        "SAFECONDUCT_STAFF_BROWSERS",
        "",
        "Browsers these roles may work with, and from which version on, with commas: `Chrome=140,Firefox=140`. Empty: "
        "every one that supports what the pages need.",
    ),
    Setting(
        "SAFECONDUCT_STAFF_PASSKEYS",
        "any",
        "`device`: these roles come in only with passkeys that stay on one device or security key. `any`: also with "
        "passkeys that are copied between devices.",
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
        "SAFECONDUCT_FILES_PER_PERSON",
        "10000",
        "So many files of one person are stored at once, evidence, papers and files for banks together; another is "
        "refused. Files go in time, with their cases.",
    ),
    Setting("SAFECONDUCT_FILE_MB_PER_PERSON", "20000", "So many megabytes these files have together."),
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
