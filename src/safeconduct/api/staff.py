"""On whose behalf a key acts, where only a person may."""

from __future__ import annotations

from safeconduct.kernel.operations.calls import Caller
from safeconduct.kernel.operations.problems import invalid
from safeconduct.kernel.parties.models import User


def person_behind(caller: Caller, named: str | None) -> User:
    """The member of staff who is named, or who made the key. Needs an open scope.

    Raises Problem where there is none: a machine neither rules on an order nor writes a policy.
    """
    name = (named or caller.created_by).strip()
    people = User.objects.filter(is_active=True).exclude(staff_role="")
    person = people.filter(email=name.lower()).first() if "@" in name else people.filter(id=name).first()
    if person is None:
        if named is None:
            raise invalid("person", "name the member of staff who decided: this key was not made by one")
        raise invalid("person", "there is no active member of staff with this id or e-mail address")
    return person
