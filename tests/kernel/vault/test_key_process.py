"""A key process holds the keys in the place of the application, and whoever takes over the application cannot take them."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings
from tests.kernel.builders import START, event, live_policy
from tests.kernel.test_deciding import forget_protections
from tests.kernel.vault.key_process_world import KeyProcess, asking
from tests.kernel.vault.root_key_world import note

from safeconduct.api.refusals import problem_of
from safeconduct.foundation.signed_note import Note
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.operations.problems import Code
from safeconduct.kernel.record import keys as record_keys
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, query, undo
from safeconduct.kernel.vault import data_keys, keys, pseudonyms, regions, root_replacement
from safeconduct.kernel.vault.errors import KeyProcessUnavailable, KeyUseRefused, SealBroken, VaultError
from safeconduct.kernel.vault.holder import deployment, hashed, holder
from safeconduct.kernel.vault.key_client import KeyClient
from safeconduct.kernel.vault.key_file import KeyFileError, read_keys, write_keys
from safeconduct.kernel.vault.key_journal import Journal, Limit
from safeconduct.kernel.vault.key_process import KeyProcess as Serving
from safeconduct.kernel.vault.key_types import Item
from safeconduct.kernel.vault.keyring import Keyring
from safeconduct.kernel.vault.keys import root_keys
from safeconduct.kernel.vault.sealing import HEAD, Column, Place, bound_to, key_of, seal, seal_many, unseal, unseal_many

MESSAGE = Column("case_message.sealed", "case_message")
CASE = "case/cas_6"
DESK = Actor("usr_1", "data_protection", "request dsr_1")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyProcess]:
    """One that runs for several tests."""
    with KeyProcess(tmp_path_factory.mktemp("keys")) as found:
        yield found


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[KeyProcess]:
    """One of a test's own, that is asked by this process."""
    with KeyProcess(tmp_path) as found, asking(found):
        yield found


def test_what_either_sealed_or_found_the_other_opens_and_finds(process: KeyProcess) -> None:
    here = seal(MESSAGE, "cmg_1", CASE, b"Ana")
    with engine_scope():
        ana = pseudonyms.register([("email", "ana@example.org")])
        _, _, signer = record_keys.signing_key(now=START)
    secret, before = settings.SECRET_KEY, deployment()
    with asking(process):
        assert isinstance(holder(), KeyClient) and deployment() == before
        assert unseal(MESSAGE, "cmg_1", CASE, here) == b"Ana"
        there = seal(MESSAGE, "cmg_2", CASE, b"Li")
        with engine_scope():
            assert list(pseudonyms.register([("email", "Ana@example.org ")]).values()) == list(ana.values())
            assert pseudonyms.reveal(ana.values()) == {key: entity for entity, key in ana.items()}
            _, _, same = record_keys.signing_key(now=START)
        assert (same.public, same.sign(b"said")) == (signer.public, signer.sign(b"said"))
        assert holder().given_out("django")[0].hex() == secret
        with pytest.raises(KeyFileError, match="the key process holds the root key"):
            root_keys()
    assert unseal(MESSAGE, "cmg_2", CASE, there) == b"Li"


#: An application in small: it opens a value, tells so, and waits.
_APPLICATION = """
import sys
from django.conf import settings
from django.test import RequestFactory, override_settings
settings.configure(KEY_SOCKET=sys.argv[1], ROOT_KEY_FILE=sys.argv[2])
import msgspec
from safeconduct.kernel.vault.holder import hashed, holder
from safeconduct.kernel.vault.key_types import DataKey, Item
key = msgspec.msgpack.decode(bytes.fromhex(sys.argv[3]), type=DataKey)
(sealed,) = holder().seal([Item(key, b"here", b"Ana")])
assert holder().open([Item(key, b"here", sealed)]) == [b"Ana"]
hashed("blind/email", b"ana@example.org")
print("done", flush=True)
sys.stdin.read()
"""


def _keys_in_memory(socket_path: str, key_file: str, key: str, wanted: dict[str, bytes]) -> set[str]:
    """Which of these an application has in its memory, after it has used keys."""
    command = [sys.executable, "-c", _APPLICATION, socket_path, key_file, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as application:
        assert application.stdout is not None and application.stdout.readline() == "done\n"
        found = set()
        with Path(f"/proc/{application.pid}/mem").open("rb", buffering=0) as memory:
            for line in Path(f"/proc/{application.pid}/maps").read_text().splitlines():
                first, last = (int(place, 16) for place in line.split()[0].split("-"))
                if "rw" in line and "[v" not in line:
                    memory.seek(first)
                    held = memory.read(last - first)
                    found |= {name for name, secret in wanted.items() if secret in held}
        application.communicate("")
    return found


def test_no_key_is_ever_in_the_memory_of_an_application(process: KeyProcess) -> None:
    import msgspec

    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    with engine_scope():
        key = data_keys.keys_for([(CASE, MESSAGE.purpose)])[CASE, MESSAGE.purpose]
    ring = Keyring()
    root = read_keys(Path(settings.ROOT_KEY_FILE)).current.secret
    wanted = {"root key": root, "data key": ring._at_hand(key).secret}
    told = msgspec.msgpack.encode(key).hex()
    assert _keys_in_memory("", settings.ROOT_KEY_FILE, told, wanted) == set(wanted), "it is looked for as it would be"
    assert _keys_in_memory(str(process.socket), "", told, wanted) == set()


def test_a_private_key_that_signs_is_opened_for_nobody_and_other_keys_are_not_given_out(process: KeyProcess) -> None:
    with asking(process):
        with engine_scope():
            number, _, signer = record_keys.signing_key(now=START)
            row = query("SELECT sealed FROM record_secret").fetchone()
        assert row is not None
        with pytest.raises(KeyUseRefused, match="opened for nobody"):
            unseal(record_keys.SECRET, str(number), data_keys.DEPLOYMENT, bytes(row[0]))
        for purpose in ("vault/root", "blind/email", "seal/event"):
            with pytest.raises(KeyUseRefused, match="given to nobody"):
                holder().given_out(purpose)
        for purpose in ("django", "seal/event", "vault/root"):
            with pytest.raises(KeyUseRefused, match="no keyed hash"):
                hashed(purpose, b"")
        assert len(signer.sign(b"said")) == 64
    process.write(1)
    assert process.counted("open", refused=True) == {"record key": 1}
    assert {"vault/root", "blind/email", "seal/event"} <= set(process.counted("given_out", refused=True))


def test_how_much_is_opened_is_written_down_without_what_and_bounded_by_the_operator(tmp_path: Path) -> None:
    with KeyProcess(tmp_path, "--openings-a-minute", "20") as process, asking(process):
        values = [(Place(f"cmg_{n}", f"case/cas_{n}"), f"Ana {n}".encode()) for n in range(15)]
        sealed = list(zip([place for place, _ in values], seal_many(MESSAGE, values), strict=True))
        _in_one_minute(2)
        assert None not in unseal_many(MESSAGE, sealed)
        with pytest.raises(KeyUseRefused, match="more than 20 values a minute"):
            unseal_many(MESSAGE, sealed)
        assert None not in unseal_many(MESSAGE, sealed[:5]), "what is refused is not counted as opened"
        assert len(seal_many(MESSAGE, values)) == 15, "only opening is bounded"
    assert process.counted("open") == {"case_message": 20}
    assert process.counted("open", refused=True) == {"case_message": 15}
    assert process.counted("seal") == {"case_message": 30}
    lines = process.written()
    assert [line["said"] for line in lines if "said" in line] == ["started", "stopped"]
    assert {line["user"] for line in lines if "user" in line} == {os.getuid()}
    text = process.log.read_text()
    assert "Ana" not in text and "cas_" not in text and "cmg_" not in text


def _in_one_minute(seconds: float) -> None:
    """Waits, where a minute of the clock would end within so many seconds."""
    if (left := 60 - time.time() % 60) < seconds:
        time.sleep(left + 0.1)


def test_nothing_is_opened_while_the_log_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    process = KeyProcess(tmp_path)
    process.log = tmp_path / "log" / "keys.log"
    with process, asking(process):
        sealed = seal(MESSAGE, "cmg_1", CASE, b"Ana")
        (tmp_path / "log").rename(tmp_path / "away")
        with pytest.raises(KeyUseRefused):
            holder().given_out("vault/root")  # a refusal is written down at once
        with pytest.raises(KeyUseRefused, match="cannot write its log"):
            unseal(MESSAGE, "cmg_1", CASE, sealed)
        (tmp_path / "away").rename(tmp_path / "log")
        with pytest.raises(KeyUseRefused):
            holder().given_out("vault/other")
        assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"
    assert process.counted("given_out", refused=True) == {"vault/root": 1, "vault/other": 1}, "nothing is lost"


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


def test_one_that_stays_away_is_named_and_not_waited_for(tmp_path: Path) -> None:
    client = KeyClient(str(tmp_path / "keys.sock"))
    client._answered_at -= 60
    began = time.monotonic()
    with pytest.raises(KeyProcessUnavailable, match=r"keys\.sock: No such file.*safeconduct keys serve"):
        client.roots()
    assert time.monotonic() - began < 1


def test_users_who_are_not_named_are_not_answered(tmp_path: Path) -> None:
    with KeyProcess(tmp_path, "--allow", str(os.getuid() + 1)) as process:
        client = KeyClient(str(process.socket))
        client._answered_at -= 60
        with pytest.raises(KeyProcessUnavailable, match="does not answer"):
            client.roots()
        assert (process.socket.stat().st_mode & 0o777) == 0o660
    assert process.counted("connect", refused=True)[""] >= 1 and not process.counted("roots")


def test_what_is_no_question_ends_the_connection_and_nothing_else(process: KeyProcess) -> None:
    from safeconduct.kernel.vault import key_messages

    client = KeyClient(str(process.socket))
    assert client.hashes([("blind/email", b"ana")]).digests
    strange = (
        b"\xff\xff\xff\xff", b"\x00\x00\x00\x05ab", b"GET / HTTP/1.1\r\n\r\n",
        *(len(one).to_bytes(4, "big") + one for one in (
            b"", pickle.dumps(print), key_messages.question("seal", ([], [(0, b"", b"", b"")])),
            key_messages.question("seal", ([], [(-1, b"", b"", b"")])), key_messages.question("root_keys", None),
            key_messages.question("hashes", [[b"blind", 7]]), key_messages.question("hashes", [("blind/x", b"")] * 5_001), b"\x91" * 5_000,
        )),
    )  # fmt: skip
    for given in strange:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(5)
            line.connect(str(process.socket))
            line.sendall(given)
            line.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                assert line.recv(100) == b"", given
    assert client.hashes([("blind/email", b"ana")]).digests


def test_a_second_one_at_the_same_place_is_refused_and_a_file_is_not_removed(
    process: KeyProcess, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("mine")
    for place, said in ((process.socket, "another key process serves"), (tmp_path / "kept", "no socket")):
        with pytest.raises(VaultError, match=said):
            Serving(place, Keyring(), [os.getuid()], Journal(process.log), Limit(0)).serve(threading.Event())
    assert (tmp_path / "kept").read_text() == "mine"
    assert KeyClient(str(process.socket)).wrapping()


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_keys(tmp_path / "root.key", read_keys(Path(settings.ROOT_KEY_FILE)))
    (tmp_path / "root.key").chmod(0o640)
    process = KeyProcess(tmp_path, key_file=str(tmp_path / "root.key")).command()
    _, said = process.communicate(timeout=10)
    assert process.returncode == 2 and "can be read by others" in " ".join(said.decode().split())


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


def test_forked_processes_and_threads_at_once_get_each_their_own_answers(process: KeyProcess) -> None:
    assert subprocess.run([sys.executable, "-c", _FORKS, str(process.socket)], timeout=30).returncode == 0


def test_a_key_that_an_erasure_destroys_leaves_the_key_process_too(process: KeyProcess) -> None:
    with asking(process):
        sealed = seal(MESSAGE, "cmg_1", CASE, b"Ana")
        with engine_scope():
            receipts.erase([CASE], None, DESK, at=START)
            undo()
        assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"
        with engine_scope():
            receipts.erase([CASE], None, DESK, at=START)
    process.write(2)
    assert process.counted("destroyed") == {"": 1}, "once it is committed, and not before"


def test_what_a_holder_is_told_is_destroyed_it_keeps_no_longer() -> None:
    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    seal(MESSAGE, "cmg_2", "case/cas_7", b"Li")
    ring = holder()
    assert isinstance(ring, Keyring)
    assert {one.key.subject for one in ring._opened.values()} >= {CASE, "case/cas_7"}
    with engine_scope():
        receipts.erase([CASE], None, DESK, at=START)
    held = {one.key.subject for one in ring._opened.values()}
    assert CASE not in held and "case/cas_7" in held


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


def test_values_of_an_earlier_form_say_where_they_are_sealed_anew(process: KeyProcess) -> None:
    with asking(process), pytest.raises(VaultError, match="rotate --old-values"):
        unseal(MESSAGE, "cmg_1", CASE, b"\x01" + bytes(40))


def test_doctor_says_whether_the_key_process_answers_and_is_apart(process: KeyProcess, tmp_path: Path) -> None:
    from safeconduct.cli.doctor import key_process

    assert key_process().found.startswith("none")
    with asking(process):
        found = key_process()
        assert found.ok and "which is this user as well" in found.found
    with asking(KeyProcess(tmp_path)):
        client = holder()
        assert isinstance(client, KeyClient)
        client._answered_at -= 60
        found = key_process()
        assert not found.ok and "keys serve" in found.mend


def test_a_whole_application_starts_with_a_socket_and_no_key(process: KeyProcess) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from safeconduct.kernel.scope import engine_scope, query\n"
        "from safeconduct.kernel.vault.sealing import Column, unseal\n"
        "with engine_scope():\n"
        "    assert query('SELECT 1').fetchone() == (1,)\n"
        "print(settings.SECRET_KEY)\n"
    )
    environment = os.environ | {
        "SAFECONDUCT_KEY_SOCKET": str(process.socket), "SAFECONDUCT_VAR": str(process.socket.parent / "var"),
        "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings",
    }  # fmt: skip
    environment.pop("SAFECONDUCT_KEY_FILE", None)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == settings.SECRET_KEY, done.stderr
    assert not (process.socket.parent / "var" / "keys").exists()


def test_a_signature_of_a_sealed_key_is_that_of_its_public_half(process: KeyProcess) -> None:
    with asking(process), engine_scope():
        record_keys.signing_key(now=START)
        key = record_keys.add_next(now=START)
        chain = record_keys.chain()
        row = query("SELECT sealed FROM record_secret WHERE number = 2").fetchone()
    assert row is not None
    assert Note.parse(key.vouched).verified([chain[0].verifier]) == (chain[0].verifier,)
    sealed = bytes(row[0])
    moved = Item(
        key_of(record_keys.SECRET, "2", sealed), bound_to(record_keys.SECRET, "1", "deployment"), sealed[HEAD:]
    )
    with asking(process), pytest.raises(SealBroken):
        holder().sign(moved, [b"said"])
