"""Nobody learns from how much work an answer takes whether an address has an account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from tests.kernel.builders import person

from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.passwords import Argon2id
from safeconduct.kernel.scope import staff_scope

KNOWN, UNKNOWN = "ana@example.org", "nobody@example.org"
PASSWORD = "a long pass phrase"
LOGINS = ("default", "engine", "staff")


@dataclass
class Work:
    """What one answer cost: password hashes, mails, and statements of all logins."""

    hashes: int = 0
    mails: int = 0
    statements: list[str] = field(default_factory=list)
    status: int = 0


@contextmanager
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    found, hashed = Work(), Argon2id.encode

    def counted(self: Argon2id, password: str, salt: str) -> str:
        found.hashes += 1
        return hashed(self, password, salt)

    before = len(mail.outbox)
    verified = Argon2id.verify

    def looked_at(self: Argon2id, password: str, encoded: str) -> bool:
        found.hashes += 1
        return bool(verified(self, password, encoded))

    with ExitStack() as open_ones, monkeypatch.context() as patched:
        patched.setattr(Argon2id, "encode", counted)
        patched.setattr(Argon2id, "verify", looked_at)
        asked = [open_ones.enter_context(CaptureQueriesContext(connections[login])) for login in LOGINS]
        yield found
    found.mails = len(mail.outbox) - before
    found.statements = [one["sql"] for context in asked for one in context.captured_queries]


@pytest.fixture(autouse=True)
def ana() -> User:
    someone = person(StaffRole.NONE, email=KNOWN)
    someone.set_password(PASSWORD)
    with staff_scope():
        someone.save()
    return someone


def asked(monkeypatch: pytest.MonkeyPatch, path: str, form: dict[str, str]) -> Work:
    """What a first request of its kind from somewhere costs, with nothing left to be learnt by this process."""
    cache.clear()
    with measured(monkeypatch) as work:
        work.status = Client().post(path, form).status_code
    return work


WAYS = [
    ("/accounts/login/", {"login": "{}", "password": "quite another phrase"}),
    ("/accounts/password/reset/", {"email": "{}"}),
    ("/accounts/signup/", {"email": "{}", "password1": PASSWORD, "password2": PASSWORD}),
    ("/console/sealed-code/", {"email": "{}", "code": "AAAA-BBBB"}),
]


@pytest.mark.parametrize(("path", "form"), WAYS, ids=[path for path, _ in WAYS])
@override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")
def test_a_known_and_an_unknown_address_cost_the_same(
    path: str, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mail.outbox = []
    for address in ("first@example.org", KNOWN):  # what a process learns once
        asked(monkeypatch, path, {name: value.format(address) for name, value in form.items()})
    known = asked(monkeypatch, path, {name: value.format(KNOWN) for name, value in form.items()})
    unknown = asked(monkeypatch, path, {name: value.format(UNKNOWN) for name, value in form.items()})
    assert (known.status, known.hashes, known.mails) == (unknown.status, unknown.hashes, unknown.mails)
    assert abs(len(known.statements) - len(unknown.statements)) <= 1, (known.statements, unknown.statements)
