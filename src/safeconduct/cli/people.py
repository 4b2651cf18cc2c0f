"""`people`: who comes in, and who is let in again."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from safeconduct.cli.output import OK, USAGE, fail
from safeconduct.cli.start import start_django


def invite(email: str, role: str) -> int:
    """Makes the first member of staff; later ones are invited in the console."""
    start_django()
    import secrets

    from allauth.account.models import EmailAddress

    from safeconduct.kernel.parties.models import StaffRole, User
    from safeconduct.kernel.parties.passwords import HANDED_OVER
    from safeconduct.kernel.scope import staff_scope

    if role not in {r.value for r in StaffRole if r.value}:
        fail(f"{role!r} is no role; there are analyst, lead and administrator", USAGE)
    _check_address(email)
    password = secrets.token_urlsafe(18)
    with staff_scope():
        if User.objects.filter(email=email.lower()).exists():
            fail(f"{email} is there already")
        user = User.objects.create_user(
            email, password, staff_role=role, password_until=datetime.now(UTC) + HANDED_OVER
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    sys.stdout.write(
        f"{email}\npassword {password}\nIt opens for 24 hours: set up a second factor and change it within them.\n"
    )
    return OK


def break_glass(email: str, why: str) -> int:
    """Takes a member of staff's keys and password away and prints a link to choose a new password, this once."""
    start_django()
    from safeconduct.kernel.parties.errors import PartiesError
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.accounts.sign_in.break_glass import let_in_again

    if len(why.strip()) < 10:
        fail("--why must say why, and how you know that it is them, in at least 10 letters", USAGE)
    try:
        with staff_scope():
            link = let_in_again(email, why.strip(), at=datetime.now(UTC))
    except PartiesError as problem:
        fail(str(problem))
    sys.stdout.write(
        f"{link}\nHand this over to {email} at once, with the console's address before it, by a channel you trust. It"
        " opens once, within ten minutes: they choose their own password and set up a passkey. Every administrator has"
        " been told.\n"
    )
    return OK


def device(email: str, why: str) -> int:
    """Lets in the browser that a member of staff has asked for."""
    start_django()
    from safeconduct.kernel.parties.errors import PartiesError
    from safeconduct.kernel.parties.staff_devices import approve_by_operator, shown_as
    from safeconduct.kernel.scope import staff_scope

    try:
        with staff_scope():
            found = approve_by_operator(email, why, at=datetime.now(UTC))
    except PartiesError as problem:
        fail(str(problem))
    sys.stdout.write(f"{email} can work in {found.browser or 'that browser'} ({shown_as(found)}) for a year.\n")
    return OK


def lost_factors(email: str, why: str) -> int:
    """Takes the lost second steps of a seller's person away."""
    start_django()
    from safeconduct.kernel.parties.errors import PartiesError
    from safeconduct.protections.accounts.sign_in.lost_factors import SHORTEST_WHY, forget_factors

    if len(why.strip()) < SHORTEST_WHY:
        fail(f"--why must say how you know that it is them, in at least {SHORTEST_WHY} letters", USAGE)
    try:
        ended = forget_factors(email, why.strip(), at=datetime.now(UTC))
    except PartiesError as problem:
        fail(str(problem))
    sys.stdout.write(
        f"{email} has no second step any more, and {ended} sessions ended. They sign in with their own password, or ask"
        " for a new one by mail, and set up a passkey or an app. Payouts of their shops wait for seven days.\n"
    )
    return OK


def invite_member(email: str, seller_ref: str, role: str) -> int:
    """Invites somebody to act for a seller and prints the link, this once."""
    start_django()
    from django.urls import reverse

    from safeconduct.kernel.parties.errors import PartiesError
    from safeconduct.kernel.parties.invitations import VALID_DAYS
    from safeconduct.kernel.parties.members import invite_member
    from safeconduct.kernel.parties.models import MemberRole, Seller
    from safeconduct.kernel.scope import staff_scope

    if role not in MemberRole.values:
        fail(f"{role!r} is no role; there are {', '.join(MemberRole.values)}", USAGE)
    _check_address(email)
    with staff_scope():
        seller = Seller.objects.filter(ref=seller_ref).first()
        if seller is None:
            fail(f"no seller is called {seller_ref!r}; a seller is known with its first event")
        try:
            _invitation, token = invite_member(email, seller.key, MemberRole(role), None, at=datetime.now(UTC))
        except PartiesError as problem:
            fail(str(problem))
    link = reverse("portal:welcome", args=[token])
    sys.stdout.write(
        f"{link}\nHand this over with your marketplace's address before it, by a channel you trust. It makes {email}"
        f" {role} of {seller}, works once, and for {VALID_DAYS} days.\n"
    )
    return OK


def _check_address(email: str) -> None:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    try:
        validate_email(email)
    except ValidationError:
        fail(f"{email!r} is no e-mail address", USAGE)
