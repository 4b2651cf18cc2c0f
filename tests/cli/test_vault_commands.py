"""`safeconduct vault`, as an operator uses it: rotate, back up, erase, restore, and repeat the erasure."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cli.commands import safeconduct
from tests.kernel.builders import START

from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault import regions
from safeconduct.kernel.vault.sealing import Column, seal

MESSAGE = Column("case_message.sealed", "case_message")


def vault(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return safeconduct("vault", *arguments, **environment)


def test_keys_are_rotated_backed_up_restored_and_erasures_repeated(tmp_path: Path) -> None:
    for number in range(5):
        seal(MESSAGE, f"cmg_{number}", f"case/cas_{number}", b"Ana")
    rotated = vault("rotate", "--json")
    assert rotated.returncode == 0, rotated.stderr
    assert json.loads(rotated.stdout)["region"] == {"version": 2, "rewrapped": 5, "resumed": False}
    regions.forget()  # as after ten minutes: this process remembers the earlier version
    keys, kept = tmp_path / "keys.jsonl", tmp_path / "erasures.jsonl"
    assert vault("backup-keys", str(keys)).returncode == 0
    again = vault("backup-keys", str(keys))
    assert again.returncode == 1 and "there already" in again.stderr
    with engine_scope():
        receipts.erase(["case/cas_1"], None, Actor("usr_1", "data_protection", "request"), at=START)
    assert vault("export-erasures", str(kept)).returncode == 0
    status = vault("status", "--json")
    told = json.loads(status.stdout)
    assert (status.returncode, told["keys"], told["receipts"], told["left"]) == (1, 4 + 1, 1, 0)
    assert "SAFECONDUCT_VAULT_ERASURES_FILE" in told["trouble"][0]
    with engine_scope():
        query("DELETE FROM vault_key WHERE subject LIKE 'case/%%'")
    restored = vault("restore-keys", str(keys), "--json")
    assert json.loads(restored.stdout)["destroyed_again"] == 1, restored.stderr
    with engine_scope():
        subjects = query("SELECT subject FROM vault_key WHERE subject LIKE 'case/%%' ORDER BY 1").fetchall()
    assert subjects == [("case/cas_0",), ("case/cas_2",), ("case/cas_3",), ("case/cas_4",)]
    repeated = vault("reapply-erasures", str(kept), "--json")
    assert json.loads(repeated.stdout) == {"receipts": 1, "destroyed_again": 0}, repeated.stderr


def test_what_cannot_be_done_is_said_with_the_way_out(tmp_path: Path) -> None:
    seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")
    assert vault("rotate", "--finish").returncode == 2
    unknown = vault("rotate", "--root", SAFECONDUCT_VAULT_ROOT=f"file:{tmp_path / 'none.key'}")
    assert unknown.returncode == 1 and "no root key at" in unknown.stderr
    nothing = vault("reapply-erasures")
    assert nothing.returncode == 2 and "SAFECONDUCT_VAULT_ERASURES_FILE" in nothing.stderr
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"receipt": "nobody signed this"}\n')
    refused = vault("reapply-erasures", str(wrong))
    assert refused.returncode == 1 and "line 1" in refused.stderr
    refused = vault("restore-keys", str(wrong))
    assert refused.returncode == 1 and "no backup of keys" in " ".join(refused.stderr.split())
