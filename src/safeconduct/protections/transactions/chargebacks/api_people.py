"""On whose behalf a machine answers a bank: what is sent or given up is looked at by a person, also where a shop's own
pages show it to them. What nobody looks at goes under the seller's standing authorisation, near the bank's last moment
(`answers.auto_submit_due`), or to the staff; no machine shortens that."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from safeconduct.kernel.operations.calls import Caller
from safeconduct.kernel.operations.documents import Sent, Text
from safeconduct.kernel.operations.problems import Code, Problem, invalid
from safeconduct.kernel.parties.members import sellers_of
from safeconduct.kernel.parties.models import MemberRole, StaffRole, User
from safeconduct.kernel.scope import Actor

#: Who of a seller's people sends an answer, and who gives a dispute up: as on the pages of the portal.
SENDS: Final = frozenset({MemberRole.OWNER, MemberRole.FINANCE, MemberRole.SUPPORT})
GIVES_UP: Final = frozenset({MemberRole.OWNER, MemberRole.FINANCE})


class ByPerson(Sent):
    """What a person does, through a machine."""

    person: Annotated[Text, Field(min_length=3, max_length=254)] = Field(
        description="Id or e-mail address of who looked at it: a lead of the staff, or one of the seller's people who"
        " may do it on the pages."
    )


def person_named(
    caller: Caller, named: str, seller_key: int | None, roles: Collection[MemberRole], at: datetime
) -> Actor:  # fmt: skip
    """The person who is named, as who does it; the key is noted beside. ``roles``: of the seller's people, none for
    what only leads of the staff may. Raises Problem for nobody, and for who may not. In a scope of the engine."""
    name, through = named.strip(), f"through {caller.key_id}"
    people = User.objects.filter(is_active=True)
    found = people.filter(email=name.lower()).first() if "@" in name else people.filter(id=name).first()
    if found is None:
        raise invalid("person", "there is no active person with this id or e-mail address")
    if found.may(StaffRole.LEAD):
        return Actor(found.id, found.staff_role, through)
    role = next((one.role for one in sellers_of(found, at=at) if one.seller_key == seller_key), None)
    if role not in roles:
        raise Problem(Code.FORBIDDEN, "this person may not do it on the pages either; name a lead of the staff")
    return Actor(found.id, str(role), through)
