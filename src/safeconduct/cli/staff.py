"""Who of the staff a command acts for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeconduct.cli.output import fail

if TYPE_CHECKING:
    from safeconduct.kernel.parties.models import User


def author_and_approver(author: str, approver: str) -> tuple[User, User]:
    """The people with these addresses; ends the command where one is none of the staff. In a staff scope."""
    from safeconduct.kernel.parties.models import User

    people = {user.email: user for user in User.objects.filter(email__in=[author, approver])}
    for email in (author, approver):
        if email not in people or not people[email].is_staff:
            fail(f"{email} is no member of staff; `safeconduct people invite` makes one")
    return people[author], people[approver]
