"""The root key is replaced while everything runs: processes with files of each step, beside each other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core import signing
from tests.kernel.builders import START
from tests.kernel.vault.root_key_world import Steps
from tests.kernel.vault.root_key_world import steps as steps

from safeconduct.kernel import buyer_links
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import close_connections, engine_scope, owner_scope, query
from safeconduct.kernel.vault import pseudonyms, regions, root_key_use, root_replacement
from safeconduct.kernel.vault.errors import RootUnavailable, StaleRootKey, VaultError
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_file import KeyFileError, read_keys
from safeconduct.kernel.vault.sealing import Column, seal, unseal
from safeconduct.kernel.vault.status import status

MESSAGE = Column("case_message.sealed", "case_message")
LATER = START + root_replacement.OVERLAP


def registered(*emails: str) -> list[int]:
    pseudonyms.forget()
    with engine_scope():
        made = pseudonyms.register([("email", email) for email in emails])
    return [made["email", email] for email in emails]


def found(*emails: str) -> list[int | None]:
    with engine_scope():
        return [pseudonyms.lookup("email", email) for email in emails]


def emails(count: int) -> list[str]:
    return [f"ana{n}@example.org" for n in range(count)]


def test_values_open_and_entities_are_found_before_during_and_after(steps: Steps) -> None:
    known = registered(*emails(30))
    sealed = seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")
    for file in (steps.added, steps.one):
        steps.process(file)
        assert found(*emails(30)) == known
    steps.begin()
    assert found(*emails(30)) == known
    assert unseal(MESSAGE, "cmg_1", "case/cas_1", sealed) == b"Ana"
    told: list[tuple[str, int, int]] = []
    done = root_replacement.move(lambda *said: told.append(said), batch=7)
    assert done == {"vault_region_wrap": 1, "pseudonym": 30, "payout_account": 0}
    assert told[-1] == ("pseudonym", 30, 30) and len(told) == 5
    for file in (steps.added, steps.used):  # a process that is restarted last goes on
        steps.process(file)
        assert found(*emails(30)) == known
        assert unseal(MESSAGE, "cmg_1", "case/cas_1", sealed) == b"Ana"
    assert not status().trouble
    root_replacement.retire(steps.new, at=LATER)
    assert read_keys(steps.new).all == read_keys(steps.used).all[:1]
    steps.process(steps.new)
    assert found(*emails(30)) == known
    assert unseal(MESSAGE, "cmg_1", "case/cas_1", sealed) == b"Ana"
    with engine_scope():
        assert pseudonyms.reveal(known[:1]) == {known[0]: ("email", "ana0@example.org")}
        assert query("SELECT FROM pseudonym WHERE blind_before IS NOT NULL").rowcount == 0
        assert query("SELECT root FROM vault_region_wrap").fetchall() == [(read_keys(steps.new).current.name,)]


def until_somebody_waits_for_us(within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not query(
        "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    ).rowcount:
        assert time.monotonic() < end
        time.sleep(0.01)


def registered_elsewhere(email: str) -> list[int]:
    try:
        return registered(email)
    finally:
        close_connections()


def test_nobody_becomes_two_while_processes_of_different_steps_meet_the_same_people(steps: Steps) -> None:
    steps.begin()
    (late,) = registered("late@example.org")
    steps.process(steps.added)
    assert registered("late@example.org") == [late]
    (early,) = registered("early@example.org")
    # Both at the same instant: the second does not see the first, which has written and not committed, and waits.
    with ThreadPoolExecutor(1) as other_process:
        with engine_scope():
            twin = pseudonyms.register([("email", "twin@example.org")])["email", "twin@example.org"]
            steps.process(steps.used)
            second = other_process.submit(registered_elsewhere, "twin@example.org")
            until_somebody_waits_for_us()
        assert second.result(10) == [twin]
    root_replacement.move()
    root_replacement.retire(steps.new, at=LATER)
    (last,) = registered("last@example.org")  # a process that has the earlier key still, and writes with the new one
    steps.process(steps.new)
    people = ("early@example.org", "late@example.org", "twin@example.org", "last@example.org")
    assert registered(*people) == [early, late, twin, last]
    with engine_scope():
        assert query("SELECT FROM pseudonym WHERE blind_before IS NOT NULL").rowcount == 1
    root_replacement.keep_up(LATER)
    with engine_scope():
        assert query("SELECT FROM pseudonym WHERE blind_before IS NOT NULL").rowcount == 0
    assert registered(*people) == [early, late, twin, last]


def test_a_process_with_the_file_of_another_step_registers_nobody_and_says_why(steps: Steps) -> None:
    (ana,) = registered("ana@example.org")
    steps.begin()
    steps.process(steps.one)
    assert registered("ana@example.org") == [ana], "nothing has moved: who is known is found"
    with pytest.raises(StaleRootKey, match="restart the process with the present file"):
        registered("new@example.org")
    steps.process(steps.used)
    root_replacement.move()
    root_replacement.retire(steps.new, at=LATER)
    for file in (steps.one, steps.added):
        steps.process(file, late=True)
        with pytest.raises(StaleRootKey):
            registered("new@example.org")
    steps.process(steps.new)
    assert registered("ana@example.org") == [ana]


def test_a_link_from_before_works_until_its_key_is_retired_and_not_after(steps: Steps) -> None:
    link = buyer_links.token_of(4711)
    steps.process(steps.added)
    beside = buyer_links.token_of(4712)
    steps.begin()
    fresh = buyer_links.token_of(4713)
    for file in (steps.added, steps.used):
        steps.process(file)
        assert [buyer_links.order_of(token) for token in (link, beside, fresh)] == [4711, 4712, 4713]
    root_replacement.move()
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    assert [buyer_links.order_of(token) for token in (link, beside, fresh)] == [None, None, 4713]


def test_no_signed_link_lives_longer_than_the_earlier_key_has_to_stay() -> None:
    from safeconduct.protections.accounts.sign_in import not_me

    for good_for in (buyer_links.GOOD_FOR, not_me.GOOD_FOR, timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)):
        assert good_for <= root_replacement.OVERLAP


def test_sessions_go_on_until_the_earlier_key_is_retired(steps: Steps) -> None:
    person = User(email="ana@example.org", password="argon2$…")
    hashes = []
    for file in (steps.one, steps.added, steps.used, steps.new):
        steps.process(file)
        assert list(person.get_session_auth_fallback_hash()) == []
        hashes.append(person.get_session_auth_hash())
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]


def test_the_earlier_key_is_not_retired_while_anything_needs_it(steps: Steps) -> None:
    registered(*emails(3))
    seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")
    with pytest.raises(VaultError, match="holds no earlier key"):
        root_replacement.retire(steps.new, at=LATER)
    steps.begin()
    steps.new.unlink()
    with pytest.raises(
        VaultError, match=r"pseudonym \(3\): `safeconduct vault root-key move`.*vault_region_wrap \(1\)"
    ):
        root_replacement.retire(steps.new, at=LATER, end_links=True)
    root_replacement.move()
    with pytest.raises(VaultError, match=r"links that it signed are good until .* \(--end-links\)"):
        root_replacement.retire(steps.new, at=LATER - timedelta(seconds=1))
    steps.process(steps.added)
    registered("early@example.org")  # by a process that was not restarted
    steps.process(steps.used)
    with pytest.raises(VaultError, match=r"pseudonym \(1\)"):
        root_replacement.retire(steps.new, at=LATER)
    root_replacement._end(read_keys(steps.used).all[1].name, LATER)  # as if it had come after the first look
    with pytest.raises(VaultError, match="earlier root key file is running"):
        root_replacement.retire(steps.new, at=LATER)
    assert not steps.new.exists() and not root_replacement.standing(START).retiring
    root_replacement.keep_up(LATER)
    root_replacement.retire(steps.new, at=START, end_links=True)
    assert root_replacement.standing(START).retiring, "this process has the file of before still"
    root_replacement.retire(steps.new, at=START)  # once more, as after a crash: nothing is asked again
    with pytest.raises(VaultError, match="is retired already"):
        root_replacement.move()


def test_somebody_whose_value_nobody_can_open_keeps_the_earlier_key_until_the_erasure_is_repeated(steps: Steps) -> None:
    gone, here = registered("gone@example.org", "here@example.org")
    with engine_scope():  # an older backup of the data, which has the row of an erased person still
        query("DELETE FROM vault_salt WHERE key = %s", [gone])
    steps.begin()
    assert root_replacement.move()["pseudonym"] == 1
    with pytest.raises(VaultError, match=r"pseudonym \(1\): .*reapply-erasures"):
        root_replacement.retire(steps.new, at=LATER)
    with engine_scope():
        query("DELETE FROM pseudonym WHERE key = %s", [gone])
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    assert found("here@example.org", "gone@example.org") == [here, None]


def test_the_root_key_file_as_the_address_of_the_root_is_the_same_file(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")
    steps.begin()
    monkeypatch.setattr(settings, "VAULT_ROOT", f"file:{steps.used}")
    steps.process(steps.used)
    assert unseal(MESSAGE, "cmg_1", "case/cas_1", sealed) == b"Ana"
    assert root_replacement.standing(START).left["vault_region_wrap"] == 1
    assert root_replacement.move()["vault_region_wrap"] == 1


def test_values_of_an_earlier_form_keep_the_key_that_sealed_them(steps: Steps) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from safeconduct.kernel.vault import resealing
    from safeconduct.kernel.vault.keys import purpose_key

    (ana,) = registered("ana@example.org")
    old = b"\x01" + bytes(12) + AESGCM(purpose_key("seal/pseudonym")).encrypt(
        bytes(12), b"ana@example.org", f"email/{ana}".encode()
    )  # fmt: skip
    with owner_scope():
        query("UPDATE pseudonym SET sealed = %b", [old])
        query("TRUNCATE vault_salt")
    steps.begin()
    root_replacement.move()
    assert found("ana@example.org") == [ana]
    with pytest.raises(VaultError, match=r"of an earlier form \(1\): `safeconduct vault rotate --old-values`"):
        root_replacement.retire(steps.new, at=LATER)
    resealing.reseal_all()
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    with engine_scope():
        assert pseudonyms.reveal([ana]) == {ana: ("email", "ana@example.org")}


def test_a_process_that_is_killed_on_the_way_leaves_everybody_found_and_another_goes_on(steps: Steps) -> None:
    known = registered(*emails(200))
    steps.begin()
    moves = subprocess.Popen(
        [sys.executable, "-c", _MOVES], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "SAFECONDUCT_KEY_FILE": str(steps.used)},
    )  # fmt: skip
    try:
        assert moves.stdout is not None
        for _batch in range(3):
            assert moves.stdout.readline().strip().isdecimal(), "it ended before it was killed"
    finally:
        moves.kill()
        moves.wait()
    left = root_replacement.standing(START).left["pseudonym"]
    assert 0 < left < 200, "it was killed on the way"
    for file in (steps.added, steps.used):
        steps.process(file)
        assert registered(*emails(200)) == known
    assert root_replacement.move()["pseudonym"] == left
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    assert registered(*emails(200)) == known


#: Another process that moves rows, and says after each batch how far it is.
_MOVES = """
import time
from safeconduct.cli.start import start_django
start_django(migrate=False)
from safeconduct.kernel.vault import root_replacement

def told(_column, done, _of):
    print(done, flush=True)
    time.sleep(0.2)

root_replacement.move(told, batch=5)
"""


def test_a_retirement_that_is_killed_is_finished_by_the_next(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    known = registered(*emails(3))
    steps.begin()
    root_replacement.move()
    file = steps.new.parent / "nowhere" / "file"
    with pytest.raises(FileNotFoundError):
        root_replacement.retire(file, at=LATER)
    assert "root-key retire` again" in root_replacement.standing(LATER).trouble[0]
    assert registered(*emails(3)) == known
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    assert registered(*emails(3)) == known and not root_replacement.standing(LATER).trouble


def test_an_older_backup_under_the_present_file_says_what_is_missing_and_is_brought_back(steps: Steps) -> None:
    known = registered(*emails(3))
    sealed = seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")
    old = read_keys(steps.one).current.name
    steps.process(steps.new)  # what was restored has never heard of this key
    assert found(*emails(3)) == [None] * 3
    with pytest.raises(StaleRootKey, match=f"used with root key {old}.*bring-back"):
        root_key_use.check(holder().roots())
    with pytest.raises(RootUnavailable, match="bring-back"):
        unseal(MESSAGE, "cmg_1", "case/cas_1", sealed)
    (trouble,) = root_replacement.standing(START).trouble
    assert old in trouble and read_keys(steps.new).current.name in trouble and "backup" in trouble
    root_replacement.keep_up(START)  # the periodic job touches nothing meanwhile
    other = steps.one.with_name("other")
    other.write_text("ab" * 32)
    with pytest.raises(KeyFileError, match="another deployment"):
        root_replacement.bring_back(other, steps.used, at=START)
    root_replacement.bring_back(steps.one, steps.used, at=START)
    steps.process(steps.used)
    assert registered(*emails(3)) == known
    assert unseal(MESSAGE, "cmg_1", "case/cas_1", sealed) == b"Ana"
    root_replacement.move()
    root_replacement.retire(steps.new, at=START, end_links=True)
    steps.process(steps.new)
    assert registered(*emails(3)) == known and not root_replacement.standing(START).trouble
    assert unseal(MESSAGE, "cmg_1", "case/cas_1", sealed) == b"Ana"


def test_a_new_region_key_during_the_replacement_opens_for_processes_of_both_steps(steps: Steps) -> None:
    from safeconduct.kernel.vault import rotation

    seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")
    steps.begin()
    rotation.rotate_region(now=START)
    sealed = seal(MESSAGE, "cmg_2", "case/cas_2", b"Li")
    steps.process(steps.added)
    assert unseal(MESSAGE, "cmg_2", "case/cas_2", sealed) == b"Li"
    regions.add()
    steps.process(steps.used)
    assert regions.newest().version == 3
    assert not status().trouble


def test_the_messages_of_pages_and_all_that_django_signs_follow(steps: Steps) -> None:
    signed = signing.dumps("read", salt="anything")
    steps.begin()
    assert signing.loads(signed, salt="anything") == "read"


def test_a_file_of_keys_is_read_strictly_and_written_at_once(tmp_path: Path) -> None:
    file, secret, other = tmp_path / "root.key", "0a" * 32, "0b" * 32
    file.write_text(secret)
    one = read_keys(file)
    two = one.with_next()
    assert two.deployment == one.deployment and two.in_use().earlier == one.current
    assert secret not in repr(two)
    for text, wrong in (
        ("", "64 hexadecimal digits"),
        (f"{secret}\n{other}", "64 hexadecimal digits"),
        (f"deployment 00\ncurrent 1 {secret}", "must name a deployment"),
        (f"deployment {'0' * 16}\nearlier 1 {secret}", "must name a deployment"),
        (f"deployment {'0' * 16}\ncurrent 1 {secret}\ncurrent 2 {other}", "line 3"),
        (f"deployment {'0' * 16}\ncurrent 1 {secret}\nnext 2 {other[:-1]}", "line 3"),
        (f"deployment {'0' * 16}\ncurrent 3 {secret}\nnext 4 {other}\nearlier 1 {other}", "at most one beside it"),
    ):
        file.write_text(text)
        with pytest.raises(KeyFileError, match=wrong):
            read_keys(file)
    from safeconduct.kernel.vault.key_file import write_keys

    write_keys(file, two)
    assert read_keys(file) == two and file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["root.key"]
    with pytest.raises(KeyFileError, match="holds two keys already"):
        two.with_next()
