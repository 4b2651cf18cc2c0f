"""One decision about every sensitive act: received as an event, decided at once, answered with what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.decisions.models import Decision, DecisionKind
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.protections.accounts.risk import locking
from safeconduct.protections.accounts.risk.signals import Level, level_of

POLICY: Final = "account-risk"
_SOURCE: Final = "safeconduct/accounts"


class ActKind(StrEnum):
    """What a person is about to do."""

    SIGN_IN = "sign_in"
    SESSION_USE = "session_use"
    RECOVERY = "recovery"
    FACTOR_CHANGE = "factor_change"
    CONTACT_CHANGE = "contact_change"
    MEMBER_ADDED = "member_added"
    KEY_CREATED = "key_created"
    PAYOUT_CHANGE = "payout_change"
    MASS_EDIT = "mass_edit"
    MASS_EXPORT = "mass_export"
    MASS_READING = "mass_reading"


@dataclass(frozen=True, slots=True)
class Act:
    """A sensitive act before it happens. ``seller``: the shop's id of the seller, "" where none is known yet.
    ``known``: what else is known, by the catalogue's names of `access.requested`; what is not known is left out, and is
    then unknown, not false. ``key``: makes a retry the same act.
    """

    kind: ActKind
    person_id: str
    at: datetime
    seller: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows. ``decision_id``: "" where no policy answered in time and its written answer stands."""

    action: Action
    level: Level
    decision_id: str = ""
    fired: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the act may not be done at all."""
        return self.action is Action.BLOCK or self.level >= Level.LOCK

    @property
    def step_up(self) -> bool:
        """Whether a passkey is needed before it goes on."""
        return not self.refused and self.level >= Level.STEP_UP


def judge(act: Act) -> Judgement:
    """Receives and decides one act, in transactions of its own; the caller does the act, or what is needed first. Of
    level *lock*, the person's sessions and newer keys are stopped before this returns.

    Raises ValueError for an act that the catalogue refuses. Where the policy is not in force everything is allowed.
    """
    found = _judged(act)
    comes_in = act.kind in (ActKind.SIGN_IN, ActKind.SESSION_USE)
    locking.lock_where_needed(
        act.person_id, found.decision_id, found.level, found.fired, act.at, comes_in=comes_in
    )  # fmt: skip
    return found


def _judged(act: Act) -> Judgement:
    data = {"member": act.person_id, "act": act.kind.value, **{k: v for k, v in act.known.items() if v is not None}}
    if act.seller:
        data["seller"] = act.seller
    envelope = {
        "id": act.key or new_id("evt"), "source": _SOURCE, "type": "access.requested", "time": act.at.isoformat(),
        "data": data,
    }  # fmt: skip
    accepted = lanes.accept([envelope], now=lambda: act.at)
    for refusal in accepted.receipt.refused:
        raise ValueError(f"{refusal.field}: {refusal.problem}")
    for made in accepted.decisions:
        if made.policy == POLICY and made.kind is DecisionKind.LIVE:
            return Judgement(made.action, level_of(made.action, made.fired), made.id, tuple(made.fired))
    (stored,) = accepted.receipt.stored
    if stored.duplicate:
        return _of_the_first_time(stored.moment)
    answer = accepted.fallback.get(stored.moment, Action.ALLOW)
    return Judgement(answer, level_of(answer, []))


def _of_the_first_time(moment: int) -> Judgement:
    """What was decided when the act was received first; where that is still under way, a passkey is needed."""
    with engine_scope():
        made = Decision.objects.filter(moment=moment, policy=POLICY, kind=DecisionKind.LIVE).first()
        waits = query("SELECT 1 FROM event_queue WHERE moment = %s", [moment]).fetchone() is not None
    if made is None:
        answer = Action.CHALLENGE if waits else Action.ALLOW
        return Judgement(answer, level_of(answer, []))
    fired = [line["rule"] for line in made.reasons.get("statement", ())]
    action = Action(made.action)
    return Judgement(action, level_of(action, fired), made.id, tuple(fired))
