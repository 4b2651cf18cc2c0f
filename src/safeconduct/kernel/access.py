"""Who may touch which table: the written list, and its enforcement in the database.

Every table of the schema stands in `TABLES`. A table with a `seller_column` carries forced row-level security: the
``app`` login sees the rows of the seller in scope and no others; ``engine`` and ``staff`` have policies of their own;
so has the owner, whose data migrations would otherwise silently touch no rows. A table without one says why.

`apply` is run after every migration, in one transaction, and can be repeated: how it left a table stands in the table's
comment, and what is still so is not done again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

READ = "SELECT"
ADD = "SELECT, INSERT"
EDIT = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"


@dataclass(frozen=True, slots=True)
class Table:
    """What each login may do with a table. `open_because` says why it carries no row-level security."""

    name: str
    app: str = ""
    engine: str = ""
    staff: str = ""
    seller_column: str | None = None
    open_because: str = ""


_PEOPLE = "people and their sessions belong to no seller; sign-in runs before a seller is known"
_MEMBERS = "whom a person acts for is read at sign-in, before a seller is known; it is what chooses the seller"
_CLAIMS = "claimed by people without an account too; a shop is shown its own by the engine; no right for the app login"
_NOT_ME = "it is opened by whoever holds a mailbox and ruled on by staff; the app login has no right to it"
_INTAKE = "the raw log: the app login has no right to it at all"
_RULES = "the marketplace's own rules and staff work; the app login has no right to them"
_RECORD = "the record belongs to everyone and holds no personal data"
_SALTS = "salts and private keys of the record: the app login has no right to them at all"
_DUTIES = "the operator's own duties about personal data; the app login has no right to them"
_VAULT = "wrapped keys, and what became of them: the app login has no right to them at all"
_WEBHOOKS = "the marketplace's own endpoints and their log; the app login has no right to them"
_KEYS = "machines' keys and their retries; checked before a seller is known, by the engine login only"
_OUTSIDE = "where sellers can turn outside is for all of them to read"
_HUBS = "where buyers send goods back to is the same for all sellers"
_JUDGES = "who of the staff judges a case is not for the parties; the app login has no right to it"
_MAILS = "asked by a code, by people without an account too; the app login has no right to it at all"
_LOOKS = "which member of staff looked is not for the sellers, who are told that one did; the app login has no right"
_PAYMENTS = "a payment may be of several sellers; each sees its own parts and shares of it"
_INVESTIGATIONS = "whom the marketplace investigates, and until when; the app login has no right to it"
_CANARIES = "rows that a thief must not tell from others; the app login has no right to them"
_DEFENCE = "what answers banks: neither the app login nor the staff has a right to it"
_PLATFORM_SUMS = "sums of the platform's own accounts; the app login has no right to them"

#: Only what may change of the ledger's rows; of a transaction a seller does not see what the platform bore.
_ACCOUNT = "SELECT, INSERT (seller_key, kind, currency)"
_TRANSACTION = "SELECT (id, event, at, currency, seller_key, order_key, memo, provisional, reverses)"
_PENDING = "SELECT, UPDATE (available_at)"
_HOLD = (
    "SELECT, INSERT,"
    " UPDATE (taken_minor, pending_minor, available_minor, reserve_minor, owed_minor, release_at, ended_at)"
)
#: A seller sees neither the number of an account, nor which person of the staff ended a stop.
_PAYOUT_ACCOUNT = (
    "SELECT (id, seller_key, last4, country, state, name_verified, asked_at, verified_at, ageing_since, activated_at,"
    " ended_at, why)"
)
_PAYOUT_STOP = "SELECT (id, seller_key, reason, at, until, ended_at)"
_PAYOUT_CONTEST = "SELECT (id, account_id, seller_key, written_by, text, at, answered_at, answer), INSERT"
_PAYOUT = "SELECT, INSERT, UPDATE (returned_at, returned_why)"

#: What was destroyed, by a receipt that stays; that it was shown outside is added to it.
_RECEIPT = "SELECT, INSERT, UPDATE (shown_at)"

#: What happened to an account stays; where it came from is taken out after its time.
_SECURITY_EVENT = "SELECT, INSERT, UPDATE (origin)"

#: A seller sees a pseudonym of who of the staff read; that a reading is shown after an embargo is all that may change.
_READING = (
    "INSERT, SELECT (id, seller_key, concerns, subject_key, order_key, fields, scene, why, batch, side, role, alias,"
    " embargo_basis, at)"
)
_READ = "SELECT, INSERT, UPDATE (seller_key)"
#: Of a file with contacts a seller does not see how many of its rows belong to nobody.
_EXPORT = "SELECT (id, seller_key, person_id, role, scene, fields, placed_from, placed_until, orders, decision_id, at)"
#: The engine writes what was frozen when it opens a case; a person of the staff says what it was.
_ACCOUNT_FREEZE = "SELECT, INSERT, UPDATE (frozen)"
_ACCOUNT_CASE = "SELECT, UPDATE (finding, why, decided_by_id, decided_at)"

#: Evidence never changes; its bytes can be shredded. Of an outcome a seller sees what they are told of its reasons.
_EVIDENCE = "SELECT, INSERT, UPDATE (shredded_at)"
_CHUNK = "SELECT, INSERT, DELETE"
_MESSAGE = "SELECT, INSERT, UPDATE (offer_state, answered_by)"
_STEP = "SELECT (id, case_id, seller_key, number, name, from_state, to_state, role, why, money, outcome_id, at)"
_SEAT = "SELECT, INSERT, UPDATE (left_at)"
_ASSIGNMENT = "SELECT, INSERT, UPDATE (ended_at)"
_MACRO = "SELECT, INSERT, UPDATE (ended_at, ended_by_id)"
_PROPOSAL = "SELECT, INSERT, UPDATE (state, answered_by_id, answered_role, answered_at, why_returned)"
_BLIND_REVIEW = (
    "SELECT, INSERT, UPDATE (taken_by_id, taken_role, taken_at, remedy, liability, standing, amount_minor, says,"
    " differs, given_at, looked_by_id, looked_at, found)"
)
_OUTSIDE_BODY = "SELECT, INSERT, UPDATE (ended_at, ended_by_id)"
_RETURN_HUB = "SELECT, INSERT, UPDATE (until_at, ended_by_id, ended_key)"
#: Of a referral a seller does not see which person of the staff acted.
_REFERRAL = (
    "SELECT (id, case_id, seller_key, body_id, outcome_before, referred_at, referred_role, due_at, extended_at,"
    " late_at, engaged_at,"
    " state, found, found_on, says, fees_minor, fees_currency, answered_at, followed, why, outcome_id, closed_at)"
)
#: Of who decided and confirmed an outcome a seller sees the seats, not the people.
_OUTCOME = (
    "SELECT (id, case_id, seller_key, remedy, amount_minor, currency, liability, shares, standing, rule, rule_version,"
    " told, disclosure, category, withheld_basis, withheld_until, considered, missing, cure, redress, automated,"
    " decided_role, approved_role, second_above_minor, appeal_until, appeal_paused, final, replaces, verdict, at)"
)

#: Sums of a part are kept by triggers. Of a claim's history a seller does not see which person of the staff acted.
_PART = "SELECT, INSERT (id, payment_id, line_id, seller_key, amount_minor), UPDATE (amount_minor)"
_CLAIM = "SELECT, INSERT, UPDATE (closed_at, frozen_at, hold_key, holds)"
_CHANNEL = "SELECT, INSERT, UPDATE (claimed_minor, hold_until, case_id, ended_at, outcome)"
_REFUND = "SELECT, INSERT, UPDATE (state, told, by_bank_minor, called_off_minor, not_again_minor, due_at, ended_at)"
_CLAIM_STEP = "SELECT (id, claim_id, seller_key, number, verb, facts, role, why, at)"
#: A seller sees what was answered, and of the pack the masked copy.
_ANSWER = (
    "SELECT (id, dispute_id, seller_key, stage, kind, state, language, percent, complete, missing, earlier, left_out,"
    " manifest, sha256, staged_at, staged_by, queued_at, queued_by, authorisation_id, next_try_at, attempts, sent_at,"
    " how)"
)
_ANSWER_FILE = "SELECT (answer_id, seller_key, copy)"
_BANK_DOCUMENT = (
    "SELECT (id, dispute_id, seller_key, document, title, version, since, listing_key, media_type, size_bytes,"
    " page_count, sha256, scanned_by, added_at, added_by, by_role, removed_at, removed_by)"
)
_DATA_REQUEST = (
    "SELECT (id, kind, state, person_id, seller_key, rule, statement, asked_at, due_at, extended_at, answered_at)"
)
_DATA_STEP = "SELECT (id, subject, seller_key, verb, facts, role, at)"

TABLES = (
    # people
    Table("person", app=EDIT, engine=READ, staff=EDIT, open_because=_PEOPLE),
    Table("invitation", app=EDIT, engine="SELECT, UPDATE (email)", staff=EDIT, open_because=_PEOPLE),
    Table("membership", app=EDIT, engine=READ, staff=EDIT, open_because=_MEMBERS),
    Table("security_event", app=ADD, engine=_SECURITY_EVENT, staff=ADD, seller_column="seller_key"),
    Table("reading", app=_READING, engine=_READ, staff=ADD, seller_column="seller_key"),
    Table("reading_embargo", engine=READ, staff=EDIT, open_because=_INVESTIGATIONS),
    Table("sign_in_device", app=ALL, staff="SELECT, DELETE", open_because=_PEOPLE),
    Table("ownership_claim", engine=ALL, staff=EDIT, open_because=_CLAIMS),
    Table("ownership_word", engine=ALL, staff=ADD, open_because=_CLAIMS),
    Table("ownership_paper", engine="SELECT, INSERT, DELETE", staff=READ, open_because=_CLAIMS),
    Table("staff_identity", app=EDIT, engine=READ, staff="SELECT, DELETE", open_because=_PEOPLE),
    Table("break_glass", staff=EDIT, open_because=_PEOPLE),
    Table("staff_look", staff=EDIT, open_because=_LOOKS),
    Table("staff_device", app=READ, staff=EDIT, open_because=_PEOPLE),
    Table("sign_in_session", app=EDIT, engine=ALL, staff=EDIT, open_because=_PEOPLE),
    Table("account_case", engine=_ACCOUNT_FREEZE, staff=_ACCOUNT_CASE, open_because=_NOT_ME),
    Table("shared_cache", engine=ALL, open_because="hashes of what is counted at sign-in, before a seller is known"),
    Table("sign_in_failures", app=ALL, staff="SELECT, DELETE", open_because=_PEOPLE),
    Table("django_session", app=ALL, open_because=_PEOPLE),
    Table("account_emailaddress", app=ALL, staff=ALL, open_because=_PEOPLE),
    Table("account_emailconfirmation", app=ALL, open_because=_PEOPLE),
    Table("mfa_authenticator", app=ALL, staff="SELECT, INSERT, DELETE", open_because=_PEOPLE),
    Table("auth_permission", open_because="Django's own, unused"),
    Table("auth_group", open_because="Django's own, unused"),
    Table("auth_group_permissions", open_because="Django's own, unused"),
    Table("django_content_type", app=READ, open_because="Django's own list of models"),
    Table("django_migrations", app=READ, engine=READ, staff=READ, open_because="the list of migrations"),
    # sellers' rows
    Table("seller", app=READ, engine=EDIT, staff=EDIT, seller_column="key"),
    Table("event", app=READ, engine=ALL, staff=READ, seller_column="seller_key"),
    Table("decision", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("notice", app=ADD, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("notice_copy", app=EDIT, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("webhook_message", app=ADD, engine=ALL, staff=ADD, seller_column="seller_key"),
    # the ledger: what is posted is never changed, and balances are kept by the database itself
    Table("ledger_account", app=READ, engine=_ACCOUNT, staff=_ACCOUNT, seller_column="seller_key"),
    Table("ledger_transaction", app=_TRANSACTION, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("ledger_posting", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("ledger_pending", app=READ, engine=_PENDING, staff=_PENDING, seller_column="seller_key"),
    Table("ledger_hold", app=READ, engine=_HOLD, staff=_HOLD, seller_column="seller_key"),
    Table("ledger_hold_step", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("ledger_payout", app=READ, engine=_PAYOUT, staff=_PAYOUT, seller_column="seller_key"),
    Table("payout_account", app=_PAYOUT_ACCOUNT, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("payout_stop", app=_PAYOUT_STOP, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("payout_contest", app=_PAYOUT_CONTEST, staff=EDIT, seller_column="seller_key"),
    Table("payout_proposal", staff=EDIT, open_because=_RULES),
    Table("ledger_checkpoint", engine=EDIT, staff=READ, open_because=_PLATFORM_SUMS),
    Table("ledger_month", engine=EDIT, staff=READ, open_because=_PLATFORM_SUMS),
    Table("ledger_horizon", engine=EDIT, staff=READ, open_because=_PLATFORM_SUMS),
    Table("coverage", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("coverage_step", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("coverage_usage", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("bank_dispute", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("bank_dispute_step", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("bank_answer", app=_ANSWER, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("bank_answer_file", app=_ANSWER_FILE, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("early_warning", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("bank_document", app=_BANK_DOCUMENT, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("defence_authorisation", app=EDIT, engine=READ, staff=READ, seller_column="seller_key"),
    Table("coverage_template", app=READ, engine=EDIT, staff=EDIT, open_because="what is promised to all is public"),
    # cases: a row without a seller's key is one that the seller may not see
    Table("case_file", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("case_party", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("case_step", app=_STEP, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("case_deadline", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("case_evidence", app=READ, engine=_EVIDENCE, staff=_EVIDENCE, seller_column="seller_key"),
    Table("case_evidence_chunk", app=READ, engine=_CHUNK, staff=ADD, seller_column="seller_key"),
    Table("case_exhibit", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("case_message", app=READ, engine=_MESSAGE, staff=_MESSAGE, seller_column="seller_key"),
    Table("case_outcome", app=_OUTCOME, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("case_seat", engine=_SEAT, staff=_SEAT, open_because=_JUDGES),
    Table("case_look", staff=ALL, open_because=_JUDGES),
    Table("case_assignment", staff=_ASSIGNMENT, open_because=_JUDGES),
    Table("case_macro", staff=_MACRO, open_because=_RULES),
    Table("case_proposal", engine=_PROPOSAL, staff=_PROPOSAL, open_because=_JUDGES),
    Table("case_blind_review", engine=_BLIND_REVIEW, staff=_BLIND_REVIEW, open_because=_JUDGES),
    Table("case_workflow", app=READ, engine=ADD, staff=ADD, open_because="by what rules is decided is public"),
    Table("case_outside_body", app=READ, engine=READ, staff=_OUTSIDE_BODY, open_because=_OUTSIDE),
    Table("case_referral", app=_REFERRAL, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("case_pause", app=READ, engine=EDIT, staff=EDIT, open_because="why clocks stand still is public"),
    # claims
    Table("claim", app=READ, engine=_CLAIM, staff=_CLAIM, seller_column="seller_key"),
    Table("claim_line", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("claim_part", app=READ, engine=_PART, staff=_PART, seller_column="seller_key"),
    Table("claim_channel", app=READ, engine=_CHANNEL, staff=_CHANNEL, seller_column="seller_key"),
    Table("claim_refund", app=READ, engine=_REFUND, staff=_REFUND, seller_column="seller_key"),
    Table("claim_bank_share", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("claim_recovery", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("claim_evidence", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("claim_step", app=_CLAIM_STEP, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("claim_payment", engine=ADD, staff=ADD, open_because=_PAYMENTS),
    Table("claim_bank_debit", engine=ADD, staff=ADD, open_because=_PAYMENTS),
    # returns
    Table("return_hub", app=READ, engine=_RETURN_HUB, staff=_RETURN_HUB, open_because=_HUBS),
    Table("return_file", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("return_line", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("return_cost", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("return_reimbursement", app=READ, engine=ADD, staff=ADD, seller_column="seller_key"),
    # buyers' data
    Table("buyer_lease", app=READ, engine=ADD, staff=READ, seller_column="seller_key"),
    Table("contact_export", app=_EXPORT, engine=ADD, staff=READ, seller_column="seller_key"),
    Table("contact_right", app=EDIT, engine=READ, staff=READ, seller_column="seller_key"),
    Table("canary", engine=ADD, staff="SELECT (id, export_id, seller_key, at)", open_because=_CANARIES),
    Table("canary_touch", engine=EDIT, staff=READ, open_because=_CANARIES),
    Table("payment_defence", engine="SELECT, INSERT, DELETE", open_because=_DEFENCE),
    # disputes
    Table("dispute", app=READ, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("dispute_authorisation", app=READ, engine=EDIT, staff=READ, seller_column="seller_key"),
    # what is done about personal data: of the history a seller does not see which person acted
    Table("data_step", app=_DATA_STEP, engine=ADD, staff=ADD, seller_column="seller_key"),
    Table("data_incident", engine=READ, staff=EDIT, open_because=_DUTIES),
    Table("data_incident_people", engine=READ, staff=EDIT, open_because=_DUTIES),
    Table("data_incident_proof", engine=READ, staff=ADD, open_because=_DUTIES),
    Table("data_incident_clock", engine=EDIT, staff=EDIT, open_because=_DUTIES),
    Table("data_request", app=_DATA_REQUEST, engine=EDIT, staff=EDIT, seller_column="seller_key"),
    Table("data_request_archive", engine=ALL, staff=ADD, open_because=_DUTIES),
    Table("legal_hold", engine=READ, staff=EDIT, open_because=_DUTIES),
    Table("retention_run", engine=ADD, staff=READ, open_because=_DUTIES),
    Table("transfer_destination", engine=EDIT, staff=EDIT, open_because=_DUTIES),
    Table("transfer_subject", engine=ADD, staff=ADD, open_because=_DUTIES),
    Table("transfer_counter", engine=EDIT, staff=EDIT, open_because=_DUTIES),
    # the raw log
    Table("event_body", engine=ALL, staff=READ, open_because=_INTAKE),
    Table("delivery", engine=ALL, staff=READ, open_because=_INTAKE),
    Table("pseudonym", engine=ALL, staff=ADD, open_because=_INTAKE),
    Table("root_key_use", engine=READ, staff=READ, open_because="names of root keys, which are no secret and nobody's"),
    # the key store
    Table("vault_region_key", engine=ALL, open_because=_VAULT),
    Table("vault_region_wrap", engine=ALL, open_because=_VAULT),
    Table("vault_key", engine=ALL, open_because=_VAULT),
    Table("vault_salt", engine=ALL, staff=ADD, open_because=_VAULT),
    Table("vault_ground", engine=EDIT, staff=READ, open_because=_VAULT),
    Table("vault_receipt", engine=_RECEIPT, staff=READ, open_because=_VAULT),
    Table("fact", engine=ALL, staff=READ, open_because=_INTAKE),
    Table("hot_key", engine=ALL, open_because=_INTAKE),
    Table("rollup", engine=ALL, open_because=_INTAKE),
    Table("rollup_seen", engine=ALL, open_because=_INTAKE),
    Table("event_queue", engine=ALL, staff=ADD, open_because=_INTAKE),
    # the record
    Table("leaf", engine="SELECT, INSERT, DELETE", staff=ADD, open_because=_RECORD),
    Table("record_entry", app=READ, engine=ADD, staff=READ, open_because=_RECORD),
    Table("record_tile", app=READ, engine=ADD, staff=READ, open_because=_RECORD),
    Table("record_checkpoint", app=READ, engine=ADD, staff=READ, open_because=_RECORD),
    Table("record_key", app=READ, engine=ADD, staff=READ, open_because=_RECORD),
    Table("record_seen", app=READ, engine=ADD, staff=READ, open_because=_RECORD),
    Table("record_detail", engine="SELECT, INSERT, DELETE", open_because=_SALTS),
    Table("record_secret", engine=ADD, open_because=_SALTS),
    # rules and staff work
    Table("rate", app=READ, engine=ALL, staff=READ, open_because="exchange rates are public"),
    Table("policy_version", engine=EDIT, staff=EDIT, open_because=_RULES),
    Table("policy_step", engine=ADD, staff=ADD, open_because=_RULES),
    Table("mute", engine=EDIT, staff=EDIT, open_because=_RULES),
    Table("review", engine=EDIT, staff=EDIT, open_because=_RULES),
    Table("rule_count", engine=ALL, staff=READ, open_because=_RULES),
    Table("label", engine=EDIT, staff=EDIT, open_because=_RULES),
    Table("watch_list", engine=EDIT, staff=EDIT, open_because=_RULES),
    Table("list_entry", engine=EDIT, staff=EDIT, open_because=_RULES),
    Table("model_version", engine=EDIT, staff=EDIT, open_because=_RULES),
    # what goes out
    Table("mail_former_address", engine="SELECT, DELETE", staff="SELECT, DELETE", open_because=_PEOPLE),
    Table("sent_mail", engine=ALL, open_because=_MAILS),
    Table("mail_setting", app=EDIT, engine=READ, staff=EDIT, open_because=_PEOPLE),
    Table("webhook_endpoint", engine=EDIT, staff=EDIT, open_because=_WEBHOOKS),
    Table("webhook_delivery", engine=ALL, staff=EDIT, open_because=_WEBHOOKS),
    Table("webhook_step", engine=ADD, staff=ADD, open_because=_WEBHOOKS),
    Table("webhook_attempt", engine="SELECT, INSERT, DELETE", staff=READ, open_because=_WEBHOOKS),
    # the API
    Table("api_key", engine=EDIT, staff=EDIT, open_because=_KEYS),
    Table("idempotent_answer", engine=ALL, open_because=_KEYS),
    Table("rate_window", engine=ALL, open_because=_KEYS),
)

_LOGINS = ("app", "engine", "staff")


def create_roles(connection: psycopg.Connection[Any], passwords: dict[str, str], *, set_passwords: bool) -> None:
    """Creates the three unprivileged logins where they are missing, and sets their passwords."""
    for login in _LOGINS:
        name = sql.Identifier(f"safeconduct_{login}")
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [f"safeconduct_{login}"]).fetchone()
        if exists is None:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS").format(name)
            )
        if set_passwords:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(passwords[login])))


def apply(connection: psycopg.Connection[Any]) -> None:
    """Makes rights and row-level security of every table what `TABLES` says. Run as the owner, inside a transaction.

    A table that is as `apply` left it is not touched: this may run beside servers at work, and costs them nothing.
    """
    logins = sql.SQL(", ").join(sql.Identifier(f"safeconduct_{login}") for login in _LOGINS)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(logins))
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    connection.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(logins))
    found = _found(connection)
    changed = [table for table in TABLES if table.name not in found or found[table.name].mark != found[table.name].now]
    for table in changed:
        # Before anything else: a vacuum of the table gives way to whoever waits for its lock, but would itself wait
        # for a transaction that has changed the table's rights already, and each for the other.
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table.name)))
        _grant(connection, table)
        if table.seller_column is not None:
            _isolate(connection, table.name, table.seller_column)
    if changed:
        now = _found(connection)
        for table in changed:
            connection.execute(
                sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(table.name), now[table.name].now)
            )


class _Found(NamedTuple):
    """How `apply` left a table, and how it is: each a hash of what was wanted and of what the database's catalogue
    says."""

    mark: str | None
    now: str


def _found(connection: psycopg.Connection[Any]) -> dict[str, _Found]:
    wanted = {table.name: repr(table) for table in TABLES}
    rows = connection.execute(_STATE).fetchall()
    return {
        name: _Found(mark, "rights " + hashlib.sha256(f"{wanted[name]}\n{state}".encode()).hexdigest()[:32])
        for name, mark, state in rows
        if name in wanted
    }


#: Owner, rights on the table and on its columns, and row-level security, by table.
_STATE = """
SELECT c.relname, obj_description(c.oid, 'pg_class'), jsonb_build_array(
    c.relowner::regrole, c.relacl::text, c.relrowsecurity, c.relforcerowsecurity,
    (SELECT jsonb_agg(jsonb_build_array(attname, attacl::text) ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL),
    (SELECT jsonb_agg(jsonb_build_array(polname, polcmd, polpermissive, polroles::regrole[]::text,
            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) ORDER BY polname)
        FROM pg_policy WHERE polrelid = c.oid))::text
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""


def _grant(connection: psycopg.Connection[Any], table: Table) -> None:
    name = sql.Identifier(table.name)
    for login, rights in (("app", table.app), ("engine", table.engine), ("staff", table.staff)):
        role = sql.Identifier(f"safeconduct_{login}")
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, role))
        if rights:
            connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), name, role))


def _isolate(connection: psycopg.Connection[Any], table: str, column: str) -> None:
    name = sql.Identifier(table)
    connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
    connection.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))
    seller = sql.SQL("{} = nullif(current_setting('safeconduct.seller', true), '')::bigint").format(
        sql.Identifier(column)
    )
    for login, condition in (
        ("safeconduct_app", seller),
        ("safeconduct_engine", sql.SQL("true")),
        ("safeconduct_staff", sql.SQL("true")),
        (None, sql.SQL("true")),
    ):
        role = sql.SQL("CURRENT_USER") if login is None else sql.Identifier(login)
        policy = sql.Identifier(f"{table}_{login or 'owner'}")
        connection.execute(sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(policy, name))
        connection.execute(
            sql.SQL("CREATE POLICY {} ON {} TO {} USING ({}) WITH CHECK ({})").format(
                policy, name, role, condition, condition
            )
        )
