"""What members, staff, and people who claim or ask for something left, past its time: where they signed in from, what
they wrote and brought, and addresses of people who were invited. For `sweeping`, in its transactions."""

from __future__ import annotations

from datetime import datetime

from safeconduct.kernel.parties import ownership, security_events
from safeconduct.kernel.parties.invitations import FORGOTTEN
from safeconduct.kernel.parties.models import Invitation
from safeconduct.kernel.parties.sealed_fields import field_of
from safeconduct.kernel.scope import query
from safeconduct.protections.data_security.requests import archives
from safeconduct.protections.data_security.retention.gone import Gone
from safeconduct.protections.data_security.retention.holds import UNHELD


def sign_in_origins(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Where people's requests came from; what happened stays."""
    rows = query(
        f"""
        UPDATE security_event SET origin = NULL WHERE id IN (
            SELECT s.id FROM security_event s WHERE s.at < %s AND s.origin IS NOT NULL
                AND {UNHELD.format(seller="s.seller_key", order="NULL")}
            ORDER BY s.at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, at, person_id, seller_key
        """,
        [cutoff, now, limit],
    ).fetchall()
    people = sorted({person for _key, _at, person, _seller in rows if person is not None})
    shops = sorted({seller for _key, _at, person, seller in rows if person is None and seller is not None})
    empty = query(
        "SELECT 'person/' || k FROM unnest(%b::text[]) AS k WHERE NOT EXISTS"
        " (SELECT 1 FROM security_event s WHERE s.person_id = k AND s.origin IS NOT NULL)"
        " UNION ALL SELECT 'seller/' || k FROM unnest(%b::bigint[]) AS k WHERE NOT EXISTS"
        " (SELECT 1 FROM security_event s WHERE s.seller_key = k AND s.person_id IS NULL AND s.origin IS NOT NULL)",
        [people, shops],
    ).fetchall()
    subjects = sorted(subject for (subject,) in empty)
    return Gone([(key, at) for key, at, _person, _seller in rows], subjects, (security_events.ORIGIN.purpose,))


def request_archives(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """The archives that people asked for: whoever wanted one has it."""
    rows = query(
        "DELETE FROM data_request_archive WHERE request_id IN (SELECT request_id FROM data_request_archive"
        " WHERE made_at < %s ORDER BY made_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING request_id, made_at",
        [cutoff, limit],
    ).fetchall()
    # What somebody wrote with the request goes with it: it is under the same key, and has been answered.
    return Gone(rows, [archives.whose(key) for key, _at in rows], ("data_request",))


def ownership_claims(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What both sides of a claim to a shop said and brought, and how a claimant without an account was reached: the key
    goes, and with it the rows that are worth nothing any more. Read by name: another protection has the papers."""
    rows = query(
        f"""
        SELECT c.id, coalesce(c.final_at, c.appeal_until) FROM ownership_claim c
        JOIN vault_key k ON k.subject = 'ownership/' || c.id AND k.purpose = 'ownership'
        WHERE c.state IN ('decided', 'closed') AND coalesce(c.final_at, c.appeal_until) < %s
            AND NOT EXISTS (SELECT 1 FROM vault_ground g WHERE g.subject = k.subject AND g.purpose = k.purpose
                            AND g.ended_at IS NULL AND g.until > %s)
            AND {UNHELD.format(seller="c.seller_key", order="NULL")}
        ORDER BY 2, c.id LIMIT %s FOR UPDATE OF c SKIP LOCKED
        """,
        [cutoff, now, now, limit],
    ).fetchall()
    ids = [key for key, _at in rows]
    for table in ("ownership_paper", "ownership_word"):
        query(f"DELETE FROM {table} WHERE claim_id = ANY(%b::text[])", [ids])
    return Gone(rows, [ownership.subject_of(key) for key in ids], (ownership.WORDS.purpose,))


def request_words(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What people wrote with requests that were answered, where no archive went with its key already."""
    rows = query(
        f"""
        UPDATE data_request SET words = NULL WHERE id IN (
            SELECT d.id FROM data_request d WHERE d.answered_at < %s AND d.words IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM data_request_archive a WHERE a.request_id = d.id)
                AND {UNHELD.format(seller="d.seller_key", order="d.order_key")}
            ORDER BY d.answered_at, d.id LIMIT %s FOR UPDATE OF d SKIP LOCKED) RETURNING id, answered_at
        """,
        [cutoff, now, limit],
    ).fetchall()
    return Gone(rows, [archives.whose(key) for key, _at in rows], ("data_request",))


def invitations(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Addresses in invitations that were taken up, withdrawn or let lapse."""
    forgotten = field_of(Invitation, "email").sealed(FORGOTTEN)
    rows = query(
        f"""
        SELECT i.id, coalesce(i.accepted_at, i.expires_at) FROM invitation i
        WHERE coalesce(i.accepted_at, i.expires_at) < %s AND i.email <> %s
            AND {UNHELD.format(seller="i.seller_key", order="NULL")}
        ORDER BY 2, i.id LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [cutoff, forgotten, now, limit],
    ).fetchall()
    query("UPDATE invitation SET email = %s WHERE id = ANY(%s::text[])", [forgotten, [key for key, _at in rows]])
    return Gone(rows)
