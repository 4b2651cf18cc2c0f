"""Django's settings, made from the environment (`config.environment`)."""

from __future__ import annotations

from pathlib import Path

from safeconduct.config import environment
from safeconduct.config.database import addresses, django_database, role_passwords
from safeconduct.config.hardening import refuse_unsafe
from safeconduct.config.log_shipping import Shipping, log_target
from safeconduct.config.mail import mail_settings
from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.kernel.vault.given_keys import given_keys

ENV = environment.read()
refuse_unsafe(ENV)

KEY_SOCKET = ENV.key_socket
ROOT_KEY_FILE = str(ENV.key_file)
_keys = given_keys(KEY_SOCKET, ENV.key_file, create=not ENV.production)

# Django has no secret, and raises where anything asks for it: who holds the keys signs (`kernel.vault.signed_text`).
SECRET_KEY = ""
ROLE_PASSWORDS = role_passwords(lambda use: _keys.oldest(use)[:24].hex(), ENV.database_generation)
VAULT_ROOT = ENV.vault_root
VAULT_ROOT_BEFORE = ENV.vault_root_before
VAULT_CREDENTIALS_FILE = ENV.vault_credentials_file
VAULT_REGION = ENV.vault_region
VAULT_ERASURES_FILE = ENV.vault_erasures_file
DEBUG = False
MODE = ENV.mode
AT_LEVEL_3 = ENV.at_level_3
REPORTING_CURRENCY = ENV.currency
LABEL_MATURITY_DAYS = ENV.label_maturity_days
REVIEW_HOURS = ENV.review_hours
CONTROL_PER_10000 = ENV.control_per_10000
CONTROL_CAP_MINOR = ENV.control_cap_minor
RATE_LIMIT_PER_MINUTE = ENV.rate_limit_per_minute
PAGE_RATE_PER_MINUTE = ENV.page_rate_per_minute
AT_ONCE = ENV.at_once
FACES = ENV.faces
TLS_CERTIFICATE, TLS_KEY, TLS_CLIENT_CA = ENV.tls_certificate, ENV.tls_key, ENV.tls_client_ca
VAR = ENV.var
PLATFORM_COUNTRY = ENV.country
CANARY_DOMAIN = ENV.canary_domain
CLAMD = "" if ENV.clamd == "none" else ENV.clamd
FILES_PER_PERSON = ENV.files_per_person
FILE_MB_PER_PERSON = ENV.file_mb_per_person
RECORD_ORIGIN = ENV.record_origin
RECORD_CHECKPOINT_FILE = ENV.record_checkpoint_file
RECORD_WITNESSES = ENV.record_witnesses
RECORD_ENTRIES_PUBLIC = ENV.record_entries_public
WEBHOOK_NETWORKS = ENV.webhook_networks
CONNECTOR_SECRETS = ENV.connector_secrets
CONNECTOR_OPTIONS = ENV.connector_options
PRESET = ENV.preset
FUND_LEGAL_FORM = ENV.fund_legal_form
FUNDS_HELD_BY = ENV.funds_held_by
MERCHANT_OF_RECORD = ENV.merchant_of_record
BANK_ANSWER_COST_MINOR = ENV.bank_answer_cost_minor
BLIND_REVIEWS_PER_10000 = ENV.blind_reviews_per_10000
STRIPE_API_KEY = ENV.stripe_api_key
STRIPE_API_URL = ENV.stripe_api_url

ALLOWED_HOSTS = [*ENV.hosts, *ENV.faces.values(), *([] if ENV.production else ["[::1]"])]
CSRF_TRUSTED_ORIGINS = list(ENV.origins)
ROOT_URLCONF = "safeconduct.config.urls"
WSGI_APPLICATION = "safeconduct.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "parties.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "safeconduct.kernel.ui",  # before allauth, whose pages it dresses
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "safeconduct.kernel.parties",
    "safeconduct.kernel.record",
    "safeconduct.kernel.vault",
    "safeconduct.kernel.events",
    "safeconduct.kernel.readings",
    "safeconduct.kernel.notices",
    "safeconduct.kernel.ledger",
    "safeconduct.kernel.decisions",
    "safeconduct.kernel.cases",
    "safeconduct.kernel.claims",
    "safeconduct.protections.accounts",
    "safeconduct.protections.data_security",
    "safeconduct.protections.transactions",
    "safeconduct.protections.disputes",
    "safeconduct.protections.returns",
    "safeconduct.api",
    "safeconduct.console",
    "safeconduct.portal",
]
# The protections that are built, in the order of the seller's home; each module has a `PROTECTION`.
PROTECTIONS = [
    "safeconduct.protections.accounts.protection",
    "safeconduct.protections.data_security.protection",
    "safeconduct.protections.transactions.protection",
    "safeconduct.protections.disputes.protection",
    "safeconduct.protections.returns.protection",
]
# What lines of the record are about: kind → where its content is read (`kernel.record.subjects`).
RECORD_SUBJECTS = {
    "vault_erasure": "safeconduct.kernel.record.receipts.ERASURES",
    "decision": "safeconduct.kernel.decisions.record_payload.DECISIONS",
    "policy_step": "safeconduct.kernel.decisions.record_staff.POLICY_STEPS",
    "mute": "safeconduct.kernel.decisions.record_staff.MUTES",
    "mute_ended": "safeconduct.kernel.decisions.record_staff.ENDED_MUTES",
    "list_entry": "safeconduct.kernel.decisions.record_staff.LIST_ENTRIES",
    "list_entry_ended": "safeconduct.kernel.decisions.record_staff.ENDED_LIST_ENTRIES",
    "second_look": "safeconduct.kernel.decisions.record_staff.SECOND_LOOKS",
    "label": "safeconduct.kernel.decisions.record_staff.LABELS",
    "hold": "safeconduct.kernel.ledger.record_payload.HOLDS",
    "payout": "safeconduct.kernel.ledger.record_payload.PAYOUTS",
    "payout_returned": "safeconduct.kernel.ledger.record_payload.RETURNED_PAYOUTS",
    "booking": "safeconduct.kernel.ledger.record_payload.BOOKINGS",
    "webhook_step": "safeconduct.kernel.notices.webhooks.record_payload.STEPS",
    "case_step": "safeconduct.kernel.cases.record_payload.STEPS",
    "case_outcome": "safeconduct.kernel.cases.record_payload.OUTCOMES",
    "case_proposal": "safeconduct.kernel.cases.record_payload.PROPOSALS",
    "case_blind_review": "safeconduct.kernel.cases.record_payload.BLIND_REVIEWS",
    "evidence": "safeconduct.kernel.cases.record_payload.EVIDENCE",
    "security_event": "safeconduct.kernel.parties.record_payload.EVENTS",
    "reading": "safeconduct.kernel.readings.record_payload.READINGS",
    "claim_step": "safeconduct.kernel.claims.record_payload.STEPS",
    "bank_debit": "safeconduct.kernel.claims.record_payload.DEBITS",
    "coverage": "safeconduct.protections.transactions.record_payload.STEPS",
    "coverage_template": "safeconduct.protections.transactions.record_payload.TEMPLATES",
    "data_step": "safeconduct.protections.data_security.history.STEPS",
    "bank_dispute": "safeconduct.protections.transactions.record_payload.DISPUTE_STEPS",
}
# Columns whose values are sealed; those of an earlier form are sealed anew (`kernel.vault.resealing`).
SEALED_COLUMNS = [
    "safeconduct.kernel.events.bodies.STORED",
    "safeconduct.kernel.cases.messages.STORED",
    "safeconduct.kernel.cases.evidence.STORED",
    "safeconduct.kernel.record.keys.STORED",
    "safeconduct.kernel.notices.webhooks.endpoints.STORED",
    "safeconduct.kernel.parties.factors.SECRETS",
    "safeconduct.kernel.parties.security_events.STORED",
    "safeconduct.kernel.ledger.payout_reading.STORED",
    "safeconduct.protections.transactions.chargebacks.sending.STORED_FIELDS",
    "safeconduct.protections.transactions.chargebacks.sending.STORED_FOR_THE_BANK",
    "safeconduct.protections.transactions.chargebacks.sending.STORED_COPIES",
    "safeconduct.connectors.intake.STORED",
]
# Tables of files that people bring, whose number and bytes are bounded for each person (`kernel.cases.person_quota`).
FILES_OF_PEOPLE = [
    "safeconduct.kernel.cases.evidence.FILES",
    "safeconduct.protections.accounts.ownership.papers.FILES",
    "safeconduct.protections.transactions.chargebacks.documents.FILES",
]
# Columns of blind indexes, which follow another root key; and what else keeps an earlier one from being retired
# (`kernel.vault.root_replacement`).
BLIND_COLUMNS = [
    "safeconduct.kernel.vault.pseudonyms.BLINDED",
    "safeconduct.kernel.ledger.payout_reading.BLINDED",
]
ROOT_KEY_WAITS = ["safeconduct.kernel.parties.identities.WAITING"]

MIDDLEWARE = [
    "safeconduct.config.security_log.security_log",  # before what refuses: it tells of it
    "safeconduct.config.security.content_security",  # before what answers by itself: its answers have it too
    "safeconduct.config.security.machines_over_tls",
    "safeconduct.config.security.not_embedded",
    "django.middleware.security.SecurityMiddleware",
    "safeconduct.config.static_files.PageFiles",
    "safeconduct.kernel.faces.one_face_each",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "safeconduct.config.security_log.proofs_logged",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "safeconduct.kernel.ui.reader.zone_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "safeconduct.config.rates.page_rates",
    "safeconduct.kernel.parties.session_guard.session_guard",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "safeconduct.config.security.PlainText",
    "safeconduct.kernel.link_door.LinkDoor",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "safeconduct.kernel.ui.reader.reader",
            ],
        },
    }
]

# -- database ---------------------------------------------------------------------------------------------------------

_where = addresses(ENV, ROLE_PASSWORDS)
EMBEDDED = _where.embedded
ADDRESSES = _where.urls
DATABASES = {
    "default": django_database(ADDRESSES["app"], pool_size=ENV.pool_size, prepare=ENV.prepare),
    "engine": django_database(ADDRESSES["engine"], pool_size=ENV.pool_size, prepare=ENV.prepare),
    "staff": django_database(ADDRESSES["staff"], pool_size=ENV.pool_size, prepare=ENV.prepare),
    "owner": django_database(ADDRESSES["owner"], pool_size=0, prepare=ENV.prepare),
}
CACHES = {"default": {"BACKEND": "safeconduct.kernel.shared_cache.SharedCache"}}
DATABASE_ROUTERS = ["safeconduct.kernel.scope.LoginRouter"]

# -- signing in -------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "front_door"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Another address replaces that in use once a code that was sent there is shown: three tries, ten minutes. At sign-in
# nothing is asked of it: people come by an invitation to their mailbox (`JudgedAdapter.get_login_stages`).
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_ADAPTER = "safeconduct.protections.accounts.sign_in.adapter.JudgedAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "safeconduct.kernel.parties.password_links.PasswordLinks"  # noqa: S105 a class
PASSWORD_RESET_TIMEOUT = 600
# Failures are counted by device in the database (`parties.attempts`); a count by address alone would let anybody lock
# an owner out.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip"}
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# No code by e-mail: who reads the mailbox must not be able to confirm what the mailbox is warned of.
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa", "break_glass")
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.proxies
STAFF_PASSKEY_ONLY = ENV.staff_passkey_only
STAFF_DEVICES = ENV.staff_devices
STAFF_BROWSERS = ENV.staff_browsers
STAFF_PASSKEYS = ENV.staff_passkeys
DIRECTORY = ENV.directory
SECOND_STEP = ENV.second_step
PASSWORD_WORDS = ENV.password_words
IP_PACK = str(ENV.ip_pack)
BREACHED_PASSWORDS = str(ENV.breached_list or "")
ACCOUNT_FORMS = {"reset_password": "safeconduct.kernel.parties.asking_for_a_link.AskForLink"}
MFA_FORMS = {
    "add_webauthn": "safeconduct.kernel.parties.passkeys.AddPasskey",
    "authenticate": "safeconduct.protections.accounts.sign_in.second_step.SecondStep",
    "reauthenticate": "safeconduct.protections.accounts.sign_in.second_step.OnceMore",
}
MFA_ADAPTER = "safeconduct.kernel.parties.sign_in.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Safeconduct"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TRUST_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENV.production
# Argon2id as OWASP asks; the older hashes open once more, and are made anew at that sign-in.
PASSWORD_HASHERS = [
    "safeconduct.kernel.parties.passwords.Argon2id",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    # NIST SP 800-63B-4: 15 where a password may be the only factor (as third parties quote the final text).
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "safeconduct.kernel.parties.weak_passwords.WordsOfThePlace"},
    {"NAME": "safeconduct.kernel.parties.weak_passwords.Breached"},
]

# -- transport --------------------------------------------------------------------------------------------------------

SESSION_ENGINE = "safeconduct.kernel.parties.sealed_sessions"
SESSION_COOKIE_NAME = host_cookie("sessionid", secure=ENV.production)
CSRF_COOKIE_NAME = host_cookie("csrftoken", secure=ENV.production)
LANGUAGE_COOKIE_NAME = host_cookie("django_language", secure=ENV.production)
MESSAGE_STORAGE = "safeconduct.config.cookies.Messages"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The longest that any session lasts; the shorter limits of each role are in `parties.sessions`.
SESSION_COOKIE_AGE = 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "safeconduct.kernel.ui.views.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.production
SECURE_SSL_REDIRECT = ENV.production
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if ENV.production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.production
SECURE_HSTS_PRELOAD = ENV.hsts_preload
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.proxies else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
EMAIL_SSL_CA = ""
vars().update(mail_settings(ENV.email_url))
DEFAULT_FROM_EMAIL = ENV.email_from

# -- languages --------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("es", "Español")]
LOCALE_PATHS = [str(Path(__file__).resolve().parent.parent / "locale")]
TIME_ZONE = ENV.time_zone
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = str(ENV.var / "static")  # files are served from the package; nothing needs to be collected
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

_elsewhere = log_target(ENV.log_to)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {"()": f"safeconduct.config.logs.{'JsonLines' if ENV.production else 'PlainLines'}"},
        "json": {"()": "safeconduct.config.logs.JsonLines"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "lines"},
        **({"elsewhere": {"()": Shipping, "target": _elsewhere, "formatter": "json"}} if _elsewhere else {}),
    },
    "root": {"handlers": ["stderr", *(["elsewhere"] if _elsewhere else [])], "level": "WARNING"},
    "loggers": {
        "safeconduct.security": {"level": "INFO"},
        "django.request": {"level": "ERROR"},  # what is refused stands in the log of security, with who asked
    },
}
