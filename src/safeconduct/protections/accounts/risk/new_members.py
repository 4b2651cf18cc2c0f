"""Signal S19, and what else speaks against it: somebody who is about to be let in to a shop."""

from __future__ import annotations

from datetime import datetime

from safeconduct.kernel.parties import whereabouts
from safeconduct.kernel.protection import ActAnswer
from safeconduct.kernel.scope import engine_scope
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge
from safeconduct.protections.accounts.risk.signals import Level


def judge_member(person_id: str, seller_ref: str, role: str, address: str, at: datetime) -> ActAnswer:
    """Refused from level *hold* on: who may do what then stays as it is. In transactions of its own."""
    with engine_scope():
        place = whereabouts.asked_from(person_id, address, at)
    judged = judge(Act(ActKind.MEMBER_ADDED, person_id, at, seller_ref, {"member_role": role, **place}))
    if judged.refused or judged.level >= Level.HOLD:
        return ActAnswer.REFUSED
    return ActAnswer.PROVE if judged.step_up else ActAnswer.AS_ASKED
