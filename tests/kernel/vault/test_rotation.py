"""Rotation: keys change while values are sealed and opened, and a rotation that was killed goes on."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import tests.django_world as world
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from tests.kernel.builders import START, event, live_policy

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events import bodies
from safeconduct.kernel.events.log import receive
from safeconduct.kernel.scope import engine_scope, owner_scope, query
from safeconduct.kernel.vault import data_keys, pseudonyms, regions, resealing, rotation
from safeconduct.kernel.vault.errors import RootUnavailable, VaultError
from safeconduct.kernel.vault.holder import steady_hash
from safeconduct.kernel.vault.keys import create_key_file, purpose_key
from safeconduct.kernel.vault.sealing import Column, Place, key_number, seal, seal_many, unseal, unseal_many
from safeconduct.kernel.vault.status import status

MESSAGE = Column("case_message.sealed", "case_message")


def forget() -> None:
    """As another process would begin."""
    for module in (data_keys, regions, pseudonyms):
        module.forget()


def sealed_values(count: int) -> list[tuple[Place, bytes]]:
    places = [Place(f"cmg_{n}", f"case/cas_{n}") for n in range(count)]
    return list(zip(places, seal_many(MESSAGE, [(place, place.row.encode()) for place in places]), strict=True))


def versions() -> dict[int, int]:
    with engine_scope():
        return dict(query("SELECT region_version, count(*) FROM vault_key GROUP BY 1").fetchall())


def test_after_a_rotation_the_same_values_open_and_the_earlier_key_is_destroyed_in_its_time() -> None:
    values = sealed_values(30)
    told: list[tuple[int, int]] = []
    done = rotation.rotate_region(now=START, progress=lambda n, of: told.append((n, of)), batch=7)
    assert (done.version, done.rewrapped, done.resumed) == (2, 30, False)
    assert told[-1] == (30, 30) and len(told) == 5
    assert versions() == {2: 30}
    forget()
    assert unseal_many(MESSAGE, values) == [place.row.encode() for place, _ in values]
    rotation.keep_up(START)
    assert status().version == 2 and not status().trouble
    rotation.keep_up(START + timedelta(hours=1))
    with engine_scope():
        assert query("SELECT version FROM vault_region_key").fetchall() == [(2,)]
        assert query("SELECT version FROM vault_region_wrap").fetchall() == [(2,)]
    forget()
    assert unseal_many(MESSAGE, values[:1]) == [b"cmg_0"]


def test_the_monitor_reminds_of_a_key_that_is_older_than_a_year_until_it_is_replaced() -> None:
    sealed_values(3)
    for made_at in ("now() - interval '367 days'", "NULL"):
        with engine_scope():
            query(f"UPDATE vault_region_key SET made_at = {made_at}")
        (sentence,) = status().trouble
        assert "vault rotate" in sentence
    rotation.rotate_region(now=START)
    assert not status().trouble


def test_a_rotation_that_was_killed_goes_on_where_it_stopped() -> None:
    values = sealed_values(20)

    def killed(done: int, _of: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate_region(now=START, progress=killed, batch=5)
    assert versions() == {1: 10, 2: 10}
    assert status().trouble, "the monitor says that it is not finished"
    forget()
    assert unseal_many(MESSAGE, values) == [place.row.encode() for place, _ in values]
    done = rotation.rotate_region(now=START)
    assert (done.version, done.rewrapped, done.resumed) == (2, 10, True)
    assert versions() == {2: 20}


def test_a_process_that_remembers_the_earlier_key_is_caught_up_with() -> None:
    sealed_values(3)
    earlier = regions.newest()
    rotation.rotate_region(now=START)
    regions._memory.newest, regions._memory.regions[1] = 1, earlier  # another process, minutes behind
    late = seal(MESSAGE, "cmg_9", "case/cas_9", b"late")
    assert versions() == {1: 1, 2: 3}
    regions.forget()
    rotation.keep_up(START)
    assert versions() == {2: 4}
    assert unseal(MESSAGE, "cmg_9", "case/cas_9", late) == b"late"


@contextmanager
def events_taken_in_and_read() -> Iterator[list[str]]:
    """Two threads that take in events and read them again, until the block ends; the ids of what they took."""
    live_policy()
    stop, problems, taken = threading.Event(), list[BaseException](), list[str]()

    def load() -> None:
        try:
            while not stop.is_set():
                found = receive([event("order.placed", email=f"{secrets.token_hex(6)}@example.org") for _ in range(20)])
                assert not found.refused
                taken.extend(item.id for item in found.stored)
                newest = taken[-40:]
                with engine_scope():
                    assert bodies.read(newest).keys() == set(newest)
        except BaseException as problem:
            problems.append(problem)

    workers = [world.thread_of(load) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        yield taken
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert not problems, problems


def everything_opens(taken: list[str]) -> None:
    """All that was taken in is there, under the one key that is left."""
    assert len(versions()) == 1
    forget()
    with engine_scope():
        assert len(bodies.read(taken)) == len(taken) > 0
        emails = query("SELECT key FROM pseudonym WHERE entity = 'email'").fetchall()
        assert len(pseudonyms.reveal(key for (key,) in emails)) == len(taken)


def test_events_are_taken_in_and_read_while_keys_rotate() -> None:
    with events_taken_in_and_read() as taken:
        for turn in range(4):
            rotation.rotate_region(now=START + timedelta(hours=turn), batch=25)
    rotation.keep_up(START + timedelta(days=1))
    everything_opens(taken)


def test_a_process_that_is_killed_while_it_rotates_leaves_everything_readable_and_another_goes_on() -> None:
    values = sealed_values(200)
    with events_taken_in_and_read() as taken:
        rotates = subprocess.Popen([sys.executable, "-c", _ROTATES], stdout=subprocess.PIPE, text=True)
        try:
            assert rotates.stdout is not None
            for _batch in range(3):
                assert rotates.stdout.readline().strip().isdecimal(), "it ended before it was killed"
        finally:
            rotates.kill()
            rotates.wait()
        assert versions().keys() == {1, 2}, "it was killed on the way"
        forget()
        assert unseal_many(MESSAGE, values) == [place.row.encode() for place, _ in values]
        done = rotation.rotate_region(now=START + timedelta(hours=1), batch=50)
        assert (done.version, done.resumed) == (2, True) and done.rewrapped > 0
    rotation.keep_up(START + timedelta(days=1))
    everything_opens(taken)
    assert unseal_many(MESSAGE, values) == [place.row.encode() for place, _ in values]


#: Another process that rotates, and says after each batch how far it is.
_ROTATES = """
import time
from datetime import UTC, datetime
from safeconduct.cli.start import start_django
start_django(migrate=False)
from safeconduct.kernel.vault import rotation

def told(done, _of):
    print(done, flush=True)
    time.sleep(0.2)

rotation.rotate_region(now=datetime.now(UTC), progress=told, batch=5)
"""


def test_the_root_is_replaced_while_processes_with_the_earlier_one_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = sealed_values(3)
    create_key_file(tmp_path / "vault.key")
    session, password = steady_hash("signed/sessions", b""), settings.ROLE_PASSWORDS["engine"]
    new = f"file:{tmp_path / 'vault.key'}"

    def root(address: str, before: str = "") -> None:
        monkeypatch.setattr(settings, "VAULT_ROOT", address)
        monkeypatch.setattr(settings, "VAULT_ROOT_BEFORE", before)
        forget()

    root(new)
    with pytest.raises(RootUnavailable, match="not wrapped by file/"):
        unseal_many(MESSAGE, values)
    with pytest.raises(VaultError, match="SAFECONDUCT_VAULT_ROOT_BEFORE"):
        rotation.rotate_root()
    with pytest.raises(VaultError, match="rotate --root"):
        rotation.finish_root()
    root(new, "key-file")
    assert rotation.rotate_root() == 1
    assert rotation.rotate_root() == 0
    for address in ("", new):  # a process that was not restarted yet, and one that was
        root(address)
        assert unseal_many(MESSAGE, values) == [place.row.encode() for place, _ in values]
    assert any("--finish" in sentence for sentence in status().trouble)
    assert rotation.finish_root() == 1
    root("")
    with pytest.raises(RootUnavailable):
        unseal_many(MESSAGE, values)
    root(new)
    assert not status().trouble
    assert (steady_hash("signed/sessions", b""), settings.ROLE_PASSWORDS["engine"]) == (session, password)


def test_values_of_an_earlier_version_are_sealed_anew_and_open_all_along() -> None:
    live_policy()
    (stored,) = lanes.accept([event("order.placed", email="ana@example.org")]).receipt.stored
    with engine_scope():
        body = bodies.read([stored.id])[stored.id]
        key = pseudonyms.lookup("email", "ana@example.org")
        order = query("SELECT key FROM pseudonym WHERE entity = 'order'").fetchone()
    assert key is not None and order is not None
    with owner_scope():  # as the version before data keys left it
        query("UPDATE event_body SET sealed = %s", [_form_1("event", f"event_body/{stored.id}", body)])
        query(
            "UPDATE pseudonym SET sealed = %s WHERE key = %s", [_form_1("pseudonym", f"email/{key}", b"ana@old"), key]
        )
        query("TRUNCATE vault_salt")
    with engine_scope():
        assert bodies.read([stored.id]) == {stored.id: body}
        assert pseudonyms.reveal([key]) == {key: ("email", "ana@old")}
    assert resealing.reseal_all() == {"event_body.sealed": 1, "pseudonym.sealed": 1}
    assert resealing.reseal_all() == {}
    with engine_scope():
        assert bodies.read([stored.id]) == {stored.id: body}
        assert pseudonyms.reveal([key]) == {key: ("email", "ana@old")}
        assert query("SELECT 1 FROM vault_salt WHERE key = %s", [key]).fetchone()
        row = query("SELECT sealed FROM event_body").fetchone()
    assert row is not None and key_number(bytes(row[0])) is not None


def test_every_column_that_is_sealed_anew_has_statements_that_run() -> None:
    for stored in resealing.columns():
        with owner_scope():
            assert query(stored.rows, [stored.first, 10]).fetchall() == []


def _form_1(purpose: str, place: str, plain: bytes) -> bytes:
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(purpose_key("seal/" + purpose)).encrypt(nonce, plain, place.encode())
