"""A person has one address: that in use, which is known to be theirs. Another takes its place once its mailbox has
shown the code that was sent there.

allauth would keep others beside it, and a link for a new password goes to any of them: whoever sat at an open session
for a minute could leave one behind. People come by an invitation to their mailbox, by the operator or by the company's
directory; so the address of whoever has no row yet counts as known, and a change from it is told as a change.
"""

from __future__ import annotations

from allauth.account.internal.flows import manage_email
from allauth.account.models import EmailAddress

from safeconduct.kernel.parties.models import User

_known_to_allauth = manage_email.sync_email_address


def take_their_place() -> None:
    """allauth finds it by name, and no setting names another."""
    manage_email.sync_email_address = _in_use


def _in_use(user: User, email: str) -> EmailAddress | None:
    """What allauth does, and the address in use stands as such."""
    made: EmailAddress | None = _known_to_allauth(user, email)
    if not EmailAddress.objects.filter(user=user, primary=True).exists():
        EmailAddress.objects.filter(user=user, email=email).update(primary=True, verified=True)
    return made
