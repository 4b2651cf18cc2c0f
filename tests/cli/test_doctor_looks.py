"""What the doctor looks at outside the house: certificates of the public names, clocks."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tests.django_world as world
from django.test import override_settings
from tests.certificates import Authority
from tests.config.test_production_settings import whole
from tests.kernel.builders import person

from safeconduct.cli import doctor
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, staff_scope
from safeconduct.protections.data_security.transfers import destinations
from safeconduct.protections.data_security.transfers.words import Role
from safeconduct.protections.transactions.chargebacks.sending import KINDS


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture
def answers(authority: Authority) -> Iterator[Any]:
    """Starts something that shows a certificate of so many days; its address."""
    opened = []

    def start(days: int) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.sign("localhost", days=days))
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    with suppress(OSError), context.wrap_socket(line, server_side=True) as secured:
                        secured.recv(1)

        threading.Thread(target=accept, daemon=True).start()
        return f"localhost:{listening.getsockname()[1]}"

    yield start
    for listening in opened:
        listening.close()


def test_a_certificate_is_believed_only_by_who_knows_its_authority(answers: Any, authority: Authority) -> None:
    here = answers(30)
    assert doctor.days_left(here, authorities=str(authority.file)) == 29
    with pytest.raises(ssl.SSLCertVerificationError):
        doctor.days_left(here)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        doctor.days_left(answers(-1), authorities=str(authority.file))


def test_in_production_the_doctor_says_which_public_name_shows_no_trusted_certificate(
    answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = answers(30)
    given = whole(tmp_path) | {"SAFECONDUCT_ORIGINS": f"https://{here}"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for face in ("PORTAL", "CONSOLE", "API"):
        monkeypatch.setenv(f"SAFECONDUCT_{face}_HOST", "")
    found = doctor.certificates()
    assert not found.ok and here in found.found and "publicly trusted" in found.mend
    monkeypatch.setenv("SAFECONDUCT_MODE", "demo")
    assert doctor.certificates().ok


def test_the_doctor_compares_this_machines_clock_with_the_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.clock().ok

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(minutes=1)

    monkeypatch.setattr(doctor, "datetime", Ahead)
    found = doctor.clock()
    assert not found.ok and "NTP" in found.mend


def test_the_doctor_says_before_the_first_dispute_that_no_answer_would_leave() -> None:
    world.forget_everything()
    lead, now = Actor(person(StaffRole.LEAD).id, "lead"), datetime.now(UTC)
    assert doctor.recipients().ok, "where no processor is answered from here, none has to be declared"
    with override_settings(STRIPE_API_KEY="sk_test_1"):
        assert not doctor.recipients().ok and "nobody has declared Stripe" in doctor.recipients().found
        with staff_scope():
            some = destinations.declare("stripe", "US", Role.PROCESSOR, "banks", ("orders",), None, lead, at=now)
        assert not doctor.recipients().ok and "less than answers hold" in doctor.recipients().found
        with staff_scope():
            destinations.end(some, lead, at=now)
            destinations.declare("Stripe", "US", Role.PROCESSOR, "banks", tuple(KINDS), None, lead, at=now)
        assert doctor.recipients().ok
