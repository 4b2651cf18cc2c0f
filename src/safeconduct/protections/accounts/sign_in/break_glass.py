"""Break-glass: a member of staff has lost every key, and passkeys are all that opens the console.

Only the operator at the command line does this, with a reason. It makes nobody more than they were: the person chooses
a new password, which nobody else ever knows, by a link that opens once and for minutes; and the console stays closed
until they have set up a passkey. It is loud: the record, the person, and every administrator hear of it at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.urls import reverse

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import attempts, sessions
from safeconduct.kernel.parties.errors import NoSuchPerson
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, note
from safeconduct.kernel.scope import Actor


def let_in_again(email: str, why: str, *, at: datetime) -> str:
    """Takes away password, keys, codes, sessions and known browsers; returns the address, without its host, at which
    the person chooses a password: like that in a mail of *forgotten password*, once and in ten minutes. In a staff
    scope.

    Raises NoSuchPerson where no active member of staff has this address.
    """
    person = User.objects.select_for_update().filter(email=email.strip().lower(), is_active=True).first()
    if person is None or not person.is_staff:
        raise NoSuchPerson(email)
    person.set_unusable_password()
    person.password_until = at + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    person.save(update_fields=["password", "password_until"])
    Authenticator.objects.filter(user=person).delete()
    sessions.end_all(person.id, sessions.Ended.FACTOR_CHANGED, at)
    attempts.forgive(person.email)
    (event,) = note(
        [Happened("break_glass", Level.ALERT, person.id)], Actor("command line", "owner", why), at
    )  # fmt: skip
    told = User.objects.filter(staff_role=StaffRole.ADMINISTRATOR, is_active=True).values_list("id", flat=True)
    notify(
        [
            Notice(
                f"break-glass/{event}/{who}",
                "account.break_glass",
                {"name": person.sealed_name, "at": at},
                at,
                person=who,
            )
            for who in sorted({*told, person.id})
        ]
    )
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    return reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"}).replace("UID-KEY", key)
