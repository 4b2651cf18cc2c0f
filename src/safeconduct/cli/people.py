"""`keys`, `people` and `rates`."""

from __future__ import annotations

import csv
import io
import re
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from safeconduct.cli.given import text_of
from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

#: What the table of rates can keep: twelve digits before and behind the point.
_LEAST_RATE, _MOST_RATE = Decimal("0.000000000001"), Decimal(10) ** 12


def create_root_key() -> int:
    """Writes the root key file of the settings."""
    from safeconduct.config.environment import read
    from safeconduct.kernel.vault.keys import KeyFileError, create_key_file

    path = read().key_file
    try:
        create_key_file(path)
    except KeyFileError as problem:
        fail(str(problem))
    sys.stdout.write(
        f"{path}\nKeep a copy apart from the database: without it nothing that was sealed can be opened.\n"
    )
    return OK


def create_api_key(name: str, scopes: list[str], networks: list[str], days: int, *, as_json: bool) -> int:
    """Creates a key and prints it once."""
    start_django()
    from safeconduct.kernel.parties.keys import KeyRefused, Scope, create_key
    from safeconduct.kernel.scope import Actor, staff_scope

    known = {scope.value for scope in Scope}
    unknown = sorted(set(scopes) - known)
    if unknown:
        fail(f"unknown scope {', '.join(unknown)}; there are {', '.join(sorted(known))}", USAGE)
    now = datetime.now(UTC)
    try:
        with staff_scope():
            key, secret = create_key(
                name, scopes, Actor("command line", "owner"), at=now, expires_at=now + timedelta(days=days),
                networks=networks,
            )  # fmt: skip
    except KeyRefused as problem:
        fail(str(problem), USAGE)
    if as_json:
        emit_json({"id": key.id, "secret": secret, "scopes": scopes, "expires_at": key.expires_at.isoformat()})
    else:
        # The secret alone is the output: KEY=$(safeconduct keys api …) holds it, and nothing else.
        sys.stdout.write(f"{secret}\n")
        sys.stderr.write(f"This is the only time it is shown. It is {key.id}, and ends on {key.expires_at:%Y-%m-%d}.\n")
    return OK


def revoke_api_key(key_id: str) -> int:
    """Ends a key at once."""
    start_django()
    from safeconduct.kernel.parties.keys import KeyRefused, revoke_key
    from safeconduct.kernel.scope import Actor, staff_scope

    try:
        with staff_scope():
            key = revoke_key(key_id, Actor("command line", "owner"), at=datetime.now(UTC))
    except KeyRefused as problem:
        fail(str(problem))
    sys.stdout.write(f"{key.name} ({key.id}) does not work any more.\n")
    return OK


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
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email
    from django.urls import reverse

    from safeconduct.kernel.parties.errors import PartiesError
    from safeconduct.kernel.parties.invitations import VALID_DAYS
    from safeconduct.kernel.parties.members import invite_member
    from safeconduct.kernel.parties.models import MemberRole, Seller
    from safeconduct.kernel.scope import staff_scope

    if role not in MemberRole.values:
        fail(f"{role!r} is no role; there are {', '.join(MemberRole.values)}", USAGE)
    try:
        validate_email(email)
    except ValidationError:
        fail(f"{email!r} is no e-mail address", USAGE)
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


def import_rates(file: Path, source: str) -> int:
    """Reads currency,day,rate rows; any bad row refuses the file, so that a table is never half there."""
    start_django()
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.scope import engine_scope

    rows, problems = _rates(text_of(file), source)
    if problems:
        sys.stderr.write("\n".join(problems[:20]) + "\nnothing was stored\n")
        return FAILED
    with engine_scope():
        rates.store(rows)
    sys.stdout.write(f"{len(rows):,} rates at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, source {source}\n")
    return OK


def _rates(text: str, source: str) -> tuple[list[tuple[str, date, Decimal, str]], list[str]]:
    """The rows of a table of rates, and a sentence for each one that is none."""
    found, problems = [], []
    lines = csv.DictReader(io.StringIO(text))
    try:
        if missing := [name for name in ("currency", "day", "rate") if name not in (lines.fieldnames or ())]:
            return [], [f"the first line must name the columns currency, day and rate; it has no {', '.join(missing)}"]
        for number, row in enumerate(lines, 2):
            currency, day, rate = ((row[name] or "").strip() for name in ("currency", "day", "rate"))
            try:
                amount = Decimal(rate)
            except InvalidOperation:
                amount = Decimal("NaN")
            if not re.fullmatch("[A-Za-z]{3}", currency):
                problems.append(f"row {number}: currency {currency[:20]!r} is not three letters, such as EUR")
            elif not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day, re.ASCII) or not (on := _day(day)):
                problems.append(f"row {number}: day {day[:20]!r} is no day; write it like 2026-03-31")
            elif not amount.is_finite() or not _LEAST_RATE <= amount < _MOST_RATE:
                problems.append(f"row {number}: rate {rate[:20]!r} is no number above 0 and below {_MOST_RATE:,}")
            else:
                found.append((currency.upper(), on, amount, source))
    except csv.Error as problem:
        problems.append(f"line {lines.line_num}: this is no CSV: {problem}")
    return found, problems


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
