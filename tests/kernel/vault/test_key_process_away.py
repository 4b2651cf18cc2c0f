"""A key process that is restarted, away, or holds other keys; and many who ask one at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from tests.kernel.builders import START, event, live_policy
from tests.kernel.test_deciding import forget_protections
from tests.kernel.vault.key_process_world import KeyProcess, asking
from tests.kernel.vault.root_key_world import note

from safeconduct.api.refusals import problem_of
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.operations.problems import Code
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault import data_keys, keys, pseudonyms, regions, root_replacement
from safeconduct.kernel.vault.errors import KeyProcessUnavailable, VaultError
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_client import KeyClient
from safeconduct.kernel.vault.key_file import KeyFileError, read_keys, write_keys
from safeconduct.kernel.vault.key_journal import Journal, Limit
from safeconduct.kernel.vault.key_process import KeyProcess as Serving
from safeconduct.kernel.vault.key_types import Item
from safeconduct.kernel.vault.keyring import Keyring
from safeconduct.kernel.vault.sealing import Column, seal, unseal

MESSAGE = Column("case_message.sealed", "case_message")
CASE = "case/cas_6"
DESK = Actor("usr_1", "data_protection", "request dsr_1")


def test_a_key_process_that_is_killed_and_started_again_is_waited_for(asked: KeyProcess) -> None:
    """Threads seal and open all the while: each gets its answer, late and whole."""
    key = {(CASE, MESSAGE.purpose): data_keys.standing(CASE, MESSAGE.purpose)}[CASE, MESSAGE.purpose]
    stop, wrong, done = threading.Event(), [], [0] * 4

    def work(number: int) -> None:
        while not stop.is_set():
            plain = f"{number}/{done[number]}".encode()
            (sealed,) = holder().seal([Item(key, b"here", plain)])
            if holder().open([Item(key, b"here", sealed)]) != [plain]:
                wrong.append(plain)
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    asked.stop(signal.SIGKILL)
    before = list(done)
    asked.start()
    time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not wrong and all(now > then for now, then in zip(done, before, strict=True))
    assert [line["said"] for line in asked.written() if "said" in line] == ["started"] * 2, "no end: it was killed"


@pytest.fixture
def sealing_protection() -> Iterator[None]:
    with override_settings(PROTECTIONS=["tests.kernel.sealing_protection"]):
        forget_protections()
        yield
    forget_protections()


@pytest.mark.usefixtures("sealing_protection")
def test_what_waits_to_be_decided_waits_for_the_key_process_and_is_no_fault_of_the_event(asked: KeyProcess) -> None:
    live_policy()
    lanes.accept([event("order.placed")], wait=False)
    asked.stop()
    client = holder()
    assert isinstance(client, KeyClient)
    client._answered_at -= 60
    for _ in range(lanes.MAX_ATTEMPTS + 1):
        with pytest.raises(KeyProcessUnavailable):
            lanes.work()
    with engine_scope():
        assert query("SELECT attempts FROM event_queue").fetchall() == [(0,)]
    told = problem_of(RequestFactory().post("/v1/events"), KeyProcessUnavailable("not there"))
    assert told.code is Code.UNAVAILABLE
    asked.start()
    assert lanes.work() == 1
    with engine_scope():
        assert lanes.waiting()[0] == 0


def test_a_machine_whose_key_process_is_away_lives_and_is_not_ready(asked: KeyProcess) -> None:
    assert Client().get("/readyz").status_code == 200
    asked.stop()
    keys_of = holder()
    assert isinstance(keys_of, KeyClient)
    keys_of._answered_at -= 60
    away = Client().get("/readyz")
    assert (away.status_code, away.json()["database"], away.json()["keys"]) == (503, True, False)
    assert Client().get("/healthz").status_code == 200
    asked.start()
    assert Client().get("/readyz").status_code == 200


def test_one_that_stays_away_is_named_and_not_waited_for(tmp_path: Path) -> None:
    client = KeyClient(str(tmp_path / "keys.sock"))
    client._answered_at -= 60
    began = time.monotonic()
    with pytest.raises(KeyProcessUnavailable, match=r"keys\.sock: No such file.*safeconduct keys serve"):
        client.roots()
    assert time.monotonic() - began < 1


class FarRoot(Keyring):
    """Keys whose root is on another machine, which takes its time."""

    def wrapping(self) -> tuple[str, ...]:
        time.sleep(1.5)
        return super().wrapping()


def test_one_that_lives_and_has_long_to_do_is_waited_for_by_all_who_ask_it(tmp_path: Path) -> None:
    place, stop = tmp_path / "keys.sock", threading.Event()
    serving = Serving(place, FarRoot(), [os.getuid()], Journal(tmp_path / "keys.log"), Limit(0))
    beside = threading.Thread(target=serving.serve, args=(stop,), daemon=True)
    beside.start()
    try:
        client = KeyClient(str(place))
        with ThreadPoolExecutor(4) as threads:
            slow = [threads.submit(client.wrapping) for _ in range(3)]
            time.sleep(1)
            began = time.monotonic()
            assert client.hashes([("blind/email", b"ana")]).digests and time.monotonic() - began < 1
            assert {one.result() for one in slow} == {Keyring().wrapping()}
    finally:
        stop.set()
        beside.join(10)


_FORKS = """
import os, sys, threading
from safeconduct.kernel.vault.key_client import KeyClient
client = KeyClient(sys.argv[1])
ask = lambda said: client.hashes([("test", said)]).digests[0][0]
mine = {n: ask(b"%d" % n) for n in range(200)}
def work():
    for n, expected in mine.items():
        if ask(b"%d" % n) != expected:
            os._exit(1)
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        work()
        for thread in threads: thread.join()
        os._exit(0)
    children.append(child)
work()
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def test_forked_processes_and_threads_at_once_get_each_their_own_answers(key_process: KeyProcess) -> None:
    assert subprocess.run([sys.executable, "-c", _FORKS, str(key_process.socket)], timeout=30).returncode == 0


def test_the_root_key_is_replaced_by_restarts_of_the_key_process_alone(tmp_path: Path) -> None:
    """The application goes on all the while, with what it remembers; nobody tells it anything."""
    note()
    file, next_file = tmp_path / "root.key", tmp_path / "next.key"
    write_keys(file, read_keys(Path(settings.ROOT_KEY_FILE)))
    process = KeyProcess(tmp_path, key_file=str(file))

    @contextmanager
    def operator() -> Iterator[None]:
        """A command where the key file is; the key process is restarted with what it has written."""
        settings.KEY_SOCKET, settings.ROOT_KEY_FILE = "", str(file)
        holder.cache_clear()
        keys.forget()
        yield
        process.stop(signal.SIGKILL)
        write_keys(file, read_keys(next_file))
        process.start()
        settings.KEY_SOCKET, settings.ROOT_KEY_FILE = str(process.socket), "/nowhere/root.key"
        holder.cache_clear()
        keys.forget()

    def registered(address: str) -> int:
        pseudonyms.forget()
        with engine_scope():
            return pseudonyms.register([("email", address)])["email", address]

    with process, asking(process):
        ana, sealed = registered("ana@example.org"), seal(MESSAGE, "cmg_1", CASE, b"Ana")
        with operator():
            root_replacement.add(file)
            keys.forget()
            root_replacement.use(next_file, at=START)
        li = registered("li@example.org")
        assert registered("ana@example.org") == ana and unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"
        assert holder().roots().earlier is not None
        root_replacement.move()
        with pytest.raises(KeyFileError, match="the key process holds the root key"):
            root_replacement.retire(next_file, at=START, end_links=True)
        for module in (data_keys, regions):
            module.forget()  # as after ten minutes
        assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"
        with operator():
            root_replacement.retire(next_file, at=START, end_links=True)
        assert (registered("ana@example.org"), registered("li@example.org")) == (ana, li)
        assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana" and holder().roots().earlier is None


def test_values_of_an_earlier_form_say_where_they_are_sealed_anew(key_process: KeyProcess) -> None:
    with asking(key_process), pytest.raises(VaultError, match="rotate --old-values"):
        unseal(MESSAGE, "cmg_1", CASE, b"\x01" + bytes(40))


def test_doctor_says_whether_the_key_process_answers_and_is_apart(key_process: KeyProcess, tmp_path: Path) -> None:
    from safeconduct.cli import doctor

    assert doctor.key_process().found.startswith("none")
    with asking(key_process):
        found = doctor.key_process()
        assert found.ok and "which is this user as well" in found.found
    with asking(KeyProcess(tmp_path)):
        client = holder()
        assert isinstance(client, KeyClient)
        client._answered_at -= 60
        found = doctor.key_process()
        assert not found.ok and "keys serve" in found.mend


def test_a_whole_application_starts_with_a_socket_and_no_key(key_process: KeyProcess) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from safeconduct.kernel.scope import engine_scope, query\n"
        "from safeconduct.kernel.vault.sealing import Column, unseal\n"
        "with engine_scope():\n"
        "    assert query('SELECT 1').fetchone() == (1,)\n"
        "print(settings.ROLE_PASSWORDS['engine'])\n"
    )
    environment = os.environ | {
        "SAFECONDUCT_KEY_SOCKET": str(key_process.socket), "SAFECONDUCT_VAR": str(key_process.socket.parent / "var"),
        "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings",
    }  # fmt: skip
    environment.pop("SAFECONDUCT_KEY_FILE", None)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == settings.ROLE_PASSWORDS["engine"], done.stderr
    assert not (key_process.socket.parent / "var" / "keys").exists()
