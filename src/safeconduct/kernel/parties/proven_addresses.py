"""Another address of a person is one whose mailbox they have shown to be theirs.

allauth takes an unconfirmed address as the name to sign in with where the one before was never confirmed either, as
those are that came by an invitation; and it says nothing of a change where it knows of no earlier address. Both are
kept from happening here: whoever mistypes an address, or takes somebody else's, stays with their own.
"""

from __future__ import annotations

from allauth.account.internal.flows import manage_email
from allauth.account.models import EmailAddress

from safeconduct.kernel.parties.models import User

_known_to_allauth = manage_email.sync_email_address


def take_their_place() -> None:
    """allauth finds both by name, and no setting names others."""
    manage_email.can_mark_as_primary = _is_proven
    manage_email.sync_email_address = _with_the_present_one


def _is_proven(address: EmailAddress) -> bool:
    return bool(address.pk and address.verified)


def _with_the_present_one(user: User, email: str) -> EmailAddress | None:
    """What allauth does, and the address in use stands as such: so a change is a change, and is told."""
    made: EmailAddress | None = _known_to_allauth(user, email)
    if not EmailAddress.objects.filter(user=user, primary=True).exists():
        EmailAddress.objects.filter(user=user, email=email).update(primary=True)
    return made
