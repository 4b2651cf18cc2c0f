"""How passwords are hashed."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Argon2id with OWASP's smallest recommended parameters: 19 MiB, two passes, one lane (Password Storage Cheat
    Sheet). Django's own would take ten times as long, which makes sign-in itself a way to exhaust a server."""

    time_cost = 2
    memory_cost = 19456
    parallelism = 1
