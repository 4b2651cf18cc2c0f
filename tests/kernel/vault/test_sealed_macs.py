"""Secrets that sign webhooks or make one-time passwords are used where the keys are, and not given to the application."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from standardwebhooks import Webhook
from tests.kernel.builders import START
from tests.kernel.vault.key_process_world import KeyProcess, asking
from tests.kernel.vault.test_key_process import _in_one_minute

from safeconduct.kernel.notices.models import Endpoint
from safeconduct.kernel.notices.webhooks import endpoints
from safeconduct.kernel.notices.webhooks.wire import headers_of, signed_of
from safeconduct.kernel.parties import factors, recovery_codes
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.one_time_passwords import OneTimePasswords, _code_of
from safeconduct.kernel.scope import Actor, staff_scope, visitor_scope
from safeconduct.kernel.vault import data_keys, key_messages, sealing
from safeconduct.kernel.vault.errors import KeyProcessUnavailable, KeyUseRefused, SealBroken
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_types import Item
from safeconduct.kernel.vault.sealed_macs import KINDS
from safeconduct.kernel.vault.sealing import HEAD, Place, bound_to, key_of, seal

pytestmark = pytest.mark.usefixtures("empty_database")
SEED = base64.b32encode(b"12345678901234567890").decode()
LEAD = Actor("usr_1", "lead", "a test")


def test_codes_are_those_of_rfc_4226() -> None:
    """Appendix D."""
    made = [_code_of(KINDS["one-time password"].hashed(SEED.encode(), n.to_bytes(8, "big"))) for n in range(10)]
    assert made == [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
    ]  # fmt: skip


def test_no_seed_is_opened_to_check_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth.time, "time", lambda: 59)  # RFC 6238, appendix B
    with KeyProcess(tmp_path) as process, asking(process), staff_scope():
        ana, li = (User.objects.create_user(f"{name}@example.org") for name in ("ana", "li"))
        with factors.of(ana.id):
            row = auth.TOTP.activate(ana, SEED).instance
        app = row.wrap()
        assert isinstance(app, OneTimePasswords)
        assert not app.validate_code("287083") and not app.validate_code("") and not app.validate_code("359153")
        assert app.validate_code("287082") and not app.validate_code("287082"), "once"
        monkeypatch.setattr(auth.time, "time", lambda: 59 + 300)
        assert not app.validate_code("755224")
        moved = Authenticator(user=li, type=Authenticator.Type.TOTP, data=row.data)
        with pytest.raises(SealBroken):
            moved.wrap().validate_code("287082")
    assert process.counted("macs") == {"factor": 7}
    assert process.counted("open").keys().isdisjoint({"factor"})


def test_what_proves_a_person_is_opened_for_nobody(tmp_path: Path) -> None:
    with KeyProcess(tmp_path) as process, asking(process), staff_scope(), factors.of("per_1"):
        kept = factors.sealed(SEED)
        assert factors.macs("one-time password", kept, [b"12345678"])
        with pytest.raises(KeyUseRefused, match="opened for nobody"):
            factors.opened(kept)
    assert process.counted("open", refused=True) == {"factor": 1}


def test_no_key_of_recovery_codes_is_opened_to_check_one(tmp_path: Path) -> None:
    with staff_scope():
        ana = User.objects.create_user("ana@example.org")
    with KeyProcess(tmp_path) as process, asking(process), visitor_scope():
        codes = recovery_codes.RecoveryCodes.activate(ana)
        codes.mark_as_viewed()
        first, second, *_ = codes.get_unused_codes()
        again = Authenticator.objects.get(user=ana).wrap()
        assert again.validate_code(first) and not again.validate_code(first) and again.validate_code(second)
    assert process.counted("macs") == {"factor": 3}
    assert process.counted("open").keys().isdisjoint({"factor"})


def test_webhooks_are_signed_without_opening_a_secret(tmp_path: Path) -> None:
    at, bodies = datetime.now(UTC), [b'{"a": 1}', '{"b": "é"}'.encode()]
    with KeyProcess(tmp_path) as process, asking(process):
        with staff_scope():
            made, first = endpoints.create("https://shop.example.org/hook", ["hold.placed"], LEAD, at=START)
            made, second = endpoints.rotate(made.id, LEAD, at=at)
        opened = dict(process.counted("open"))
        with staff_scope():
            told = [signed_of(f"msg_{n}", body, at) for n, body in enumerate(bodies)]
            signed = endpoints.signatures(Endpoint.objects.get(), told, at=at)
    for n, (body, under_each) in enumerate(zip(bodies, signed, strict=True)):
        headers = headers_of(f"msg_{n}", under_each, at)
        for secret in (first, second):
            assert Webhook(secret).verify(body, headers)
        assert headers["webhook-signature"].split()[0] == Webhook(second).sign(f"msg_{n}", at, body.decode())
    assert process.counted("macs") == {"webhook": 4}, "two messages under each of two secrets"
    assert opened == {} and process.counted("open") == {"webhook": 1}, "at the change, and not since"


def test_each_hash_under_a_secret_counts_as_an_opening(tmp_path: Path) -> None:
    with KeyProcess(tmp_path, openings=6) as process, asking(process):
        sealed = seal(endpoints.SECRET, "whe_1", data_keys.DEPLOYMENT, b"s" * 32)
        place = Place("whe_1", data_keys.DEPLOYMENT)
        _in_one_minute(2)
        for _ in range(3):
            sealing.macs("webhook", endpoints.SECRET, place, sealed, [b"a", b"b"])
        with pytest.raises(KeyUseRefused, match="more than 6 values a minute"):
            sealing.macs("webhook", endpoints.SECRET, place, sealed, [b"a"])
    assert process.counted("macs") == {"webhook": 6} and process.counted("macs", refused=True) == {"webhook": 1}


def test_a_secret_makes_hashes_of_its_own_kind_where_it_stands_and_nowhere_else(key_process: KeyProcess) -> None:
    secret, place = b"s" * 32, Place("whe_1", data_keys.DEPLOYMENT)
    for held in (False, True):
        with asking(key_process) if held else staff_scope():
            sealed = seal(endpoints.SECRET, *place, secret)
            (made,) = sealing.macs("webhook", endpoints.SECRET, place, sealed, [b"told"])
            assert made == hmac.new(secret, b"told", hashlib.sha256).digest()
            assert sealing.macs("webhook", endpoints.SECRET, place, sealed, []) == []
            many = [bytes([n % 256]) for n in range(key_messages.MOST + 1)]
            assert len(sealing.macs("webhook", endpoints.SECRET, place, sealed, many)) == len(many)
            for kind in ("one-time password", "recovery code", "anything"):
                with pytest.raises(KeyUseRefused):
                    sealing.macs(kind, endpoints.SECRET, place, sealed, [b"told"])
            with pytest.raises(SealBroken):
                sealing.macs("webhook", endpoints.SECRET, Place("whe_2", place.subject), sealed, [b"told"])
            seed = seal(factors.FACTOR, "mfa_authenticator", place.subject, b"no base 32")
            with pytest.raises(SealBroken):
                sealing.macs(
                    "one-time password", factors.FACTOR, Place("mfa_authenticator", place.subject), seed, [b""]
                )
            message = seal(sealing.Column("case_message.sealed", "case_message"), "cmg_1", "case/cas_1", b"Ana")
            item = Item(key_of(endpoints.SECRET, "cmg_1", message), bound_to(endpoints.SECRET, *place), message[HEAD:])
            with pytest.raises(KeyUseRefused):
                holder().macs("webhook", item, [b"told"])
    with asking(key_process), pytest.raises(KeyProcessUnavailable):
        holder()._ask("macs", ("webhook", item, many))  # type: ignore[attr-defined]
