"""A seller's person has lost every second step and the recovery codes.

People of shops come in by an invitation that the owner, or the operator for the first owner, hands to somebody they
know. Who has lost what they proved themselves with since is known again in the same way: the operator, at the command
line, writes down how they know that it is them. Nobody learns a password by it: the person's own still opens the first
door, and where they have forgotten that too, the mail of *forgotten password* goes to them alone. Behind the door
nothing of the shop opens before a new second step is set up (``SAFECONDUCT_SECOND_STEP``).

It is a recovery, the riskiest event there is: sessions and known browsers end, payouts stop for seven days, the person
and their shops are told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from allauth.mfa.models import Authenticator

from safeconduct.kernel.parties import attempts, sessions
from safeconduct.kernel.parties.errors import NoSuchPerson
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Happened, Level, Origin, note_for_person
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.accounts.risk.judging import ActKind
from safeconduct.protections.accounts.sign_in import log, notices
from safeconduct.protections.accounts.sign_in.judged import judgement_of

#: A shorter reason says nothing about how the person was known.
SHORTEST_WHY: Final = 10
_NOWHERE: Final = Origin("", "")


def forget_factors(email: str, why: str, *, at: datetime) -> int:
    """Takes away what the person has lost; how many sessions that ended. Opens its own scopes.

    Raises NoSuchPerson where nobody of a shop has this address: staff have another way (`break_glass`).
    """
    with staff_scope():
        person = User.objects.select_for_update().filter(email=email.strip().lower(), is_active=True).first()
        if person is None or person.is_staff:
            raise NoSuchPerson(email)
        Authenticator.objects.filter(user=person).delete()
        attempts.forget_devices(person)
        attempts.forgive(attempts.codes_of(person.id))
        ended = sessions.end_all(person.id, sessions.Ended.FACTOR_CHANGED, at)
        happened = Happened("recovered", Level.ALERT, person.id, facts={"by": "operator"})
        ids = note_for_person(happened, Actor("command line", "owner", why), at)
    # Stopping payouts and telling are safe to do twice: killed in between, the command is run again.
    judgement_of(person, ActKind.RECOVERY, {}, at)
    log.changed(person, log.sellers_of(person, at), "recovery", _NOWHERE, at)
    with engine_scope():
        notices.send(person, "recovered", Level.ALERT, ids, at, origin=None)
    return ended
