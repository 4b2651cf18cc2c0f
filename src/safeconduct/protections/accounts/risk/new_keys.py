"""Signal S20: an API key that is made after a doubtful sign-in."""

from __future__ import annotations

from datetime import datetime

from safeconduct.kernel.parties import whereabouts
from safeconduct.kernel.protection import KeyAnswer
from safeconduct.kernel.scope import engine_scope
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge


def judge_key(person_id: str, address: str, at: datetime) -> KeyAnswer:
    """Refused where the account is to be locked; reading only where anything speaks against the maker, or nothing can
    be known because the engine did not answer. The caller has asked for the sign-in again already. In transactions of
    its own."""
    with engine_scope():
        place = whereabouts.asked_from(person_id, address, at)
    judged = judge(Act(ActKind.KEY_CREATED, person_id, at, known=place))
    if judged.refused:
        return KeyAnswer.REFUSED
    return KeyAnswer.READS_ONLY if judged.step_up else KeyAnswer.AS_ASKED
