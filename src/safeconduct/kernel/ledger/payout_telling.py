"""What a seller is told of their payout accounts: each step as a line of what happened, and as a notice to every owner
and all of finance. In the transaction of the step, so that none can happen in silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.notices.texts import text_of
from safeconduct.kernel.parties import security_events
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


def tell(
    account_id: str, seller_key: int, last4: str, step: Step, actor: Actor, at: datetime, *,
    until: datetime | None = None, doubts: Sequence[str] = (), said: str = "",
) -> None:  # fmt: skip
    """Tells of a step. ``until``: from when money goes there; ``doubts``: codes of why a person looks at it;
    ``said``: reasons that a person gave."""
    level = Level.ALERT if step in _LOUD else Level.NOTICE
    facts: dict[str, Any] = {"account": account_id, "last4": last4}
    if doubts:
        facts["doubts"] = list(doubts)
    security_events.note([Happened(f"payout_{step}", level, _person(actor), seller_key, facts)], actor, at)
    values = {
        "account": f"...{last4}", "what": step.value, "until": until,
        "doubt": doubts[0] if doubts else None, "said": said.strip()[:_SAID] or None,
    }  # fmt: skip
    key = f"payout_account/{account_id}/{step}/{at.isoformat()}"
    notify([Notice(key, "payout_account.changed", values, at, seller_key, url=_PAGE)])


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


def _person(actor: Actor) -> str | None:
    """The person who acted, where it was one: the bank and the engine act too."""
    found = query("SELECT id FROM person WHERE id = %s", [actor.id]).fetchone()
    return None if found is None else str(found[0])
