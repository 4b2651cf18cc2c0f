"""What people are told about their account, by mail at once and in the inbox, each with a link that says *not me*.

The mail goes to addresses of the last 30 days as well (`former` of the text): whoever took an account over and gave it
another address does not read that mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import SecurityEvent, User
from safeconduct.kernel.parties.not_me_link import path_of
from safeconduct.kernel.parties.security_events import Level, Noted, Origin
from safeconduct.kernel.scope import engine_scope

CODE: Final = "account.event"
#: What the text has words for; anything else stands on the security page only.
KINDS: Final = frozenset(
    {
        "signed_in", "sign_in_refused", "password_changed", "password_stopped", "factor_added", "factor_removed",
        "recovery_codes_made", "recovered", "contact_changed", "session_too_many", "session_moved",
        "password_breached", "session_off_device", "codes_stopped", "account_locked", "ownership_ended",
        "factors_reset", "identity_linked", "sessions_ended", "device_enrolled", "device_ended",
    }
)  # fmt: skip
#: Somebody with the right password could fill a mailbox with these: told once an hour.
_HOURLY: Final = frozenset({"sign_in_refused", "session_moved", "session_off_device", "password_breached"})


def send(
    person: User, kind: str, level: Level, event_ids: Sequence[str], at: datetime, *, origin: Origin | None
) -> None:
    """Tells a person what happened, once, however many sellers they act for. What happens daily is not told."""
    if kind not in KINDS or level is Level.INFO or not event_ids:
        return
    values: dict[str, object] = {"what": kind, "at": at}
    browser = "" if origin is None else str(browser_of(origin.browser))
    if browser:
        values["browser"] = browser
    with engine_scope():
        key = f"{person.id}/{kind}/{at:%Y-%m-%dT%H}" if kind in _HOURLY else min(event_ids)
        first = SecurityEvent.objects.filter(id__in=event_ids).order_by("id").values_list("id", "seller_key")[0]
        notify(
            [
                Notice(
                    f"account/{key}", CODE, values, at, first[1], person.id,
                    url=path_of(first[0]),
                )
            ]
        )  # fmt: skip


def send_all(noted: Mapping[str, Noted], kind: str, level: Level, at: datetime) -> None:
    """Tells each of these people what happened to their account, in the open scope. One statement."""
    if kind not in KINDS or level is Level.INFO:
        return
    notify(
        [
            Notice(
                f"account/{one.event_id}", CODE, {"what": kind, "at": at}, at, one.seller_key, person,
                url=path_of(one.event_id),
            )
            for person, one in noted.items()
        ]
    )  # fmt: skip
