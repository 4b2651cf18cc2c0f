"""How passwords are hashed, and how long one lasts that somebody else made."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

#: A password that the command line made and a person handed over opens for so long; the house's own number.
HANDED_OVER: Final = timedelta(hours=24)


class Argon2id(Argon2PasswordHasher):
    """Argon2id with OWASP's smallest recommended parameters: 19 MiB, two passes, one lane (Password Storage Cheat
    Sheet). Django's own would take ten times as long, which makes sign-in itself a way to exhaust a server."""

    time_cost = 2
    memory_cost = 19456
    parallelism = 1
