"""People for the stories of data security."""

from __future__ import annotations

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from tests.kernel.builders import person

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope


def staff(role: StaffRole) -> Client:
    """A member of the staff with a second step, signed in."""
    user = person(role)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client
