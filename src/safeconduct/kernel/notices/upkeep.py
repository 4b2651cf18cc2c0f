"""What sends: mail and webhooks that are due, and the end of what has been kept long enough."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from safeconduct.kernel.notices import codes, mail
from safeconduct.kernel.notices.webhooks.courier import Courier
from safeconduct.kernel.notices.webhooks.endpoints import KEPT
from safeconduct.kernel.scope import engine_scope, query

#: Messages that one turn deletes, so that no transaction is long.
_AT_ONCE: Final = 5_000


def keep_up(now: datetime) -> None:
    """Does all that is due by `now`, and waits for it. Workers do the same parts side by side, each in its own beat."""
    send_mail(now)
    courier = Courier()
    try:
        courier.drain(now)
    finally:
        courier.close()
    tidy(now)


def send_mail(now: datetime) -> int:
    """Sends mail until none is due. Returns how many went out. Opens scopes of its own."""
    count = sent = mail.send_due(now)
    while sent:
        sent = mail.send_due(now)
        count += sent
    return count


def tidy(now: datetime) -> int:
    """Deletes messages past their time with their deliveries and attempts, and addresses that people had long ago.
    Returns how many messages."""
    count = deleted = _tidy(now)
    while deleted == _AT_ONCE:
        deleted = _tidy(now)
        count += deleted
    with engine_scope():
        codes.forget(now - codes.KEPT)
    return count


def _tidy(now: datetime) -> int:
    with engine_scope():
        query("DELETE FROM mail_former_address WHERE ended_at < %s", [now - mail.FORMER_KEPT])
        old = [
            message_id
            for (message_id,) in query(
                "SELECT id FROM webhook_message WHERE at < %s ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED",
                [now - KEPT, _AT_ONCE],
            )
        ]
        of_these = "(SELECT id FROM webhook_delivery WHERE message_id = ANY(%s))"
        query(f"DELETE FROM webhook_attempt WHERE delivery_id IN {of_these}", [old])
        query("DELETE FROM webhook_delivery WHERE message_id = ANY(%s)", [old])
        query("DELETE FROM webhook_message WHERE id = ANY(%s)", [old])
    return len(old)
