"""A key process holds the keys in the place of the application, and whoever takes over the application cannot take them."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from tests.kernel.builders import START
from tests.kernel.vault.key_process_world import KeyProcess, asking

from safeconduct.foundation.signed_note import Note
from safeconduct.kernel import buyer_links
from safeconduct.kernel.record import keys as record_keys
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, query, undo
from safeconduct.kernel.vault import data_keys, pseudonyms
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


def test_what_either_sealed_or_found_the_other_opens_and_finds(key_process: KeyProcess) -> None:
    here = seal(MESSAGE, "cmg_1", CASE, b"Ana")
    with engine_scope():
        ana = pseudonyms.register([("email", "ana@example.org")])
        _, _, signer = record_keys.signing_key(now=START)
    link, before = buyer_links.token_of(4711), deployment()
    with asking(key_process):
        assert isinstance(holder(), KeyClient) and deployment() == before
        assert unseal(MESSAGE, "cmg_1", CASE, here) == b"Ana"
        there = seal(MESSAGE, "cmg_2", CASE, b"Li")
        with engine_scope():
            assert list(pseudonyms.register([("email", "Ana@example.org ")]).values()) == list(ana.values())
            assert pseudonyms.reveal(ana.values()) == {key: entity for entity, key in ana.items()}
            _, _, same = record_keys.signing_key(now=START)
        assert (same.public, same.sign(b"said")) == (signer.public, signer.sign(b"said"))
        assert buyer_links.order_of(link) == 4711
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


def test_no_key_is_ever_in_the_memory_of_an_application(key_process: KeyProcess) -> None:
    import msgspec

    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    with engine_scope():
        key = data_keys.keys_for([(CASE, MESSAGE.purpose)])[CASE, MESSAGE.purpose]
    ring = Keyring()
    root = read_keys(Path(settings.ROOT_KEY_FILE)).current.secret
    wanted = {"root key": root, "data key": ring._at_hand(key).secret}
    told = msgspec.msgpack.encode(key).hex()
    assert _keys_in_memory("", settings.ROOT_KEY_FILE, told, wanted) == set(wanted), "it is looked for as it would be"
    assert _keys_in_memory(str(key_process.socket), "", told, wanted) == set()


def test_a_private_key_that_signs_is_opened_for_nobody_and_other_keys_are_not_given_out(
    key_process: KeyProcess,
) -> None:
    with asking(key_process):
        with engine_scope():
            number, _, signer = record_keys.signing_key(now=START)
            row = query("SELECT sealed FROM record_secret").fetchone()
        assert row is not None
        with pytest.raises(KeyUseRefused, match="opened for nobody"):
            unseal(record_keys.SECRET, str(number), data_keys.DEPLOYMENT, bytes(row[0]))
        for purpose in ("vault/root", "blind/email", "seal/event", "django", "signed/sessions", "chargebacks/manifest"):
            with pytest.raises(KeyUseRefused, match="given to nobody"):
                holder().given_out(purpose)
        for purpose in ("django", "seal/event", "vault/root", "signed/anything"):
            with pytest.raises(KeyUseRefused, match="no keyed hash"):
                hashed(purpose, b"")
        assert len(signer.sign(b"said")) == 64
    key_process.write(1)
    assert key_process.counted("open", refused=True) == {"record key": 1}
    assert {"vault/root", "blind/email", "seal/event"} <= set(key_process.counted("given_out", refused=True))


def test_how_much_is_opened_is_written_down_without_what_and_bounded_by_the_operator(tmp_path: Path) -> None:
    with KeyProcess(tmp_path, openings=20) as process, asking(process):
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


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every memory")
def test_no_other_process_of_its_own_user_reads_its_memory_either(key_process: KeyProcess) -> None:
    with pytest.raises(PermissionError), Path(f"/proc/{key_process.number}/mem").open("rb"):
        pass


def test_users_who_are_not_named_are_not_answered(tmp_path: Path) -> None:
    with KeyProcess(tmp_path, allow=str(os.getuid() + 1)) as process:
        client = KeyClient(str(process.socket))
        client._answered_at -= 60
        with pytest.raises(KeyProcessUnavailable, match="does not answer"):
            client.roots()
        assert (process.socket.stat().st_mode & 0o777) == 0o660
    assert process.counted("connect", refused=True)[""] >= 1 and not process.counted("roots")


def test_what_is_no_question_ends_the_connection_and_nothing_else(key_process: KeyProcess) -> None:
    from safeconduct.kernel.vault import key_messages

    client = KeyClient(str(key_process.socket))
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
            line.connect(str(key_process.socket))
            line.sendall(given)
            line.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                assert line.recv(100) == b"", given
    assert client.hashes([("blind/email", b"ana")]).digests


def test_a_second_one_at_the_same_place_is_refused_and_a_file_is_not_removed(
    key_process: KeyProcess, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("mine")
    for place, said in ((key_process.socket, "another key process serves"), (tmp_path / "kept", "no socket")):
        with pytest.raises(VaultError, match=said):
            Serving(place, Keyring(), [os.getuid()], Journal(key_process.log), Limit(0)).serve(threading.Event())
    assert (tmp_path / "kept").read_text() == "mine"
    assert KeyClient(str(key_process.socket)).wrapping()


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_keys(tmp_path / "root.key", read_keys(Path(settings.ROOT_KEY_FILE)))
    (tmp_path / "root.key").chmod(0o640)
    process = KeyProcess(tmp_path, key_file=str(tmp_path / "root.key"), as_typed=True).command()
    _, said = process.communicate(timeout=10)
    assert process.returncode == 2 and "can be read by others" in " ".join(said.decode().split())


def test_a_key_that_an_erasure_destroys_leaves_the_key_process_too(key_process: KeyProcess) -> None:
    with asking(key_process):
        sealed = seal(MESSAGE, "cmg_1", CASE, b"Ana")
        with engine_scope():
            receipts.erase([CASE], None, DESK, at=START)
            undo()
        assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"
        with engine_scope():
            receipts.erase([CASE], None, DESK, at=START)
    key_process.write(2)
    assert key_process.counted("destroyed") == {"": 1}, "once it is committed, and not before"


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


def test_a_signature_of_a_sealed_key_is_that_of_its_public_half(key_process: KeyProcess) -> None:
    with asking(key_process), engine_scope():
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
    with asking(key_process), pytest.raises(SealBroken):
        holder().sign(moved, [b"said"])
