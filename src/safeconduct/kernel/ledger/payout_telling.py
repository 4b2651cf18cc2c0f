"""What a seller is told of their payout accounts: each step as a line of what happened, and as a notice to every owner
and all of finance. In the transaction of the step, so that none can happen in silence.

A step that leads money elsewhere is about the account of whoever asked for it, whoever takes it, and its notice leads
to *this was not me*: nobody has to sign in, and so a mailbox of before the event can stop it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.notices.texts import text_of
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.parties.not_me_link import path_of
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, query

_PAGE: Final = "/portal/accounts/payout/"
#: As long as somebody's reasons may be in a notice; the page shows all of them.
_SAID: Final = 300


class Step(StrEnum):
    """What happened to a payout account."""

    ASKED = "asked"
    AGEING = "ageing"
    REVIEW = "review"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    FROZEN = "frozen"
    GIVEN_BACK = "given_back"


_LOUD: Final = frozenset({Step.ASKED, Step.REVIEW, Step.FROZEN})
#: What leads money elsewhere, and is stopped with two taps.
_STOPPED_BY_LINK: Final = frozenset({Step.ASKED, Step.AGEING, Step.REVIEW, Step.ACTIVE})


def tell(
    account_id: str, seller_key: int, last4: str, step: Step, actor: Actor, at: datetime, *,
    until: datetime | None = None, doubts: Sequence[str] = (), said: str = "", session: str = "",
) -> None:  # fmt: skip
    """Tells of a step. ``until``: from when money goes there; ``doubts``: codes of why a person looks at it;
    ``said``: reasons that a person gave; ``session``: that in which the step was taken."""
    level = Level.ALERT if step in _LOUD else Level.NOTICE
    facts: dict[str, Any] = {"account": account_id, "last4": last4}
    if doubts:
        facts["doubts"] = list(doubts)
    if session:
        facts["session"] = session
    person = _person(actor, account_id if step in _STOPPED_BY_LINK else "")
    (event,) = security_events.note([Happened(f"payout_{step}", level, person, seller_key, facts)], actor, at)
    by_link = step in _STOPPED_BY_LINK and person is not None
    values = {
        "account": f"...{last4}", "what": step.value, "until": until,
        "doubt": doubts[0] if doubts else None, "said": said.strip()[:_SAID] or None,
        "way": "link" if by_link else "page",
    }  # fmt: skip
    key, url = f"payout_account/{account_id}/{step}/{at.isoformat()}", path_of(event) if by_link else _PAGE
    notify([Notice(key, "payout_account.changed", values, at, seller_key, url=url)])


def tell_of_stop(
    stop_id: str, seller_key: int, reason: str, at: datetime, until: datetime | None, *, replay: bool
) -> None:  # fmt: skip
    """Tells that no payout goes out any more. ``replay``: in the inbox only."""
    facts = {"stop": stop_id, "reason": reason}
    security_events.note(
        [Happened("payouts_stopped", Level.ALERT, None, seller_key, facts)], ENGINE_ACTOR, at
    )  # fmt: skip
    code = "payout.stopped"
    known = text_of(code).values["reason"].choices
    values = {"reason": reason if reason in known else "other", "until": until}
    notify([Notice(f"payout_stop/{stop_id}", code, values, at, seller_key, url=_PAGE)], mail=not replay)


def tell_of_end(stop_id: str, seller_key: int, staff: Actor, at: datetime) -> None:
    """Tells that payouts go out again, and what the staff found."""
    security_events.note([Happened("payouts_resumed", Level.NOTICE, None, seller_key, {"stop": stop_id})], staff, at)
    values = {"said": staff.why.strip()[:_SAID]}
    notify([Notice(f"payout_stop/{stop_id}/ended", "payout.resumed", values, at, seller_key, url=_PAGE)])


def _person(actor: Actor, account_id: str) -> str | None:
    """The person who acted; for a step of this account that somebody else takes (the bank, the staff, the engine), the
    one who asked for it. None where it was nobody."""
    asked_by = query("SELECT asked_by FROM payout_account WHERE id = %s", [account_id]).fetchone()
    whose = actor.id if asked_by is None or actor.role == MemberRole.OWNER else str(asked_by[0])
    found = query("SELECT id FROM person WHERE id = %s", [whose]).fetchone()
    return None if found is None else str(found[0])
