"""The offline verifier as a seller runs it: a process of its own, one file, no package of ours to be found."""

from __future__ import annotations

import base64
import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.kernel.record.builders import NOW, decisions, leaves

from safeconduct.foundation.merkle.hashing import EMPTY_ROOT
from safeconduct.foundation.signed_note import (
    COSIGNATURE,
    Checkpoint,
    Note,
    VerifierKey,
    cosign,
    sign,
)
from safeconduct.kernel.record import erasure, keys, proving, sequencer, verify_record
from safeconduct.kernel.record.errors import NotRecorded
from safeconduct.kernel.scope import engine_scope

SCRIPT = Path(verify_record.__file__)
#: An old Python, where there is one: the script promises to work from 3.8 on.
PYTHON = os.environ.get("SAFECONDUCT_OLD_PYTHON", sys.executable)
PROVED, REFUSED, UNREADABLE, UNPINNED = 0, 1, 2, 3


def run(folder: Path, file: Any, *more: str, lang: str = "en") -> tuple[int, str]:
    """Exit code and what was said."""
    path = folder / "proof.json"
    path.write_text(file if isinstance(file, str) else json.dumps(file, ensure_ascii=False), encoding="utf-8")
    (folder / "verify.py").write_bytes(SCRIPT.read_bytes())
    done = subprocess.run(
        [PYTHON, "-I", "verify.py", "proof.json", "--lang", lang, *more],
        cwd=folder, capture_output=True, env={"PATH": os.environ["PATH"]}, timeout=60,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said, said
    return done.returncode, said


def proof_and_key() -> tuple[dict[str, Any], str]:
    """The proof of a held decision, and the first key of the log."""
    made = decisions(8)
    leaves(500)
    while sequencer.sequence(200, now=NOW):
        pass
    with engine_scope():
        proof = proving.proof_of("decision", made[5])
        first = str(keys.chain()[0].verifier)
    assert proof is not None
    return proof, first


def test_a_seller_checks_a_decision_offline(tmp_path: Path) -> None:
    proof, key = proof_and_key()
    code, said = run(tmp_path, proof, "--key", key)
    assert code == PROVED, said
    assert said.startswith("PROVED: this line stands in the record")
    assert f"Line 7 of 510: decision {proof['content']['shown']['id']}" in said
    assert "A part is withheld from you" in said
    assert "Signed by shop.example/record" in said


def test_it_speaks_chinese_and_spanish(tmp_path: Path) -> None:
    proof, key = proof_and_key()
    assert "已证明" in run(tmp_path, proof, "--key", key, lang="zh")[1]
    assert "PROBADO" in run(tmp_path, proof, "--key", key, lang="es")[1]
    for words in verify_record.WORDS.values():
        assert len(words) == 3


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh_CN.UTF-8", "zh"), ("es_MX", "es"), ("C", "en"), ("", "en"), ("de_DE.UTF-8", "en")],
)
def test_the_language_is_that_of_the_computer(locale: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", locale)
    assert verify_record.language_of(None) == language


def test_without_a_pinned_key_it_says_that_anyone_could_have_made_it(tmp_path: Path) -> None:
    proof, key = proof_and_key()
    code, said = run(tmp_path, proof)
    assert code == UNPINNED
    assert "anyone can make up a log" in said
    assert key in said


def test_the_key_can_lie_in_a_file(tmp_path: Path) -> None:
    proof, key = proof_and_key()
    (tmp_path / "shop.key").write_text(key + "\n")
    assert run(tmp_path, proof, "--key", "shop.key")[0] == PROVED


def test_another_logs_key_is_noticed(tmp_path: Path) -> None:
    proof, _ = proof_and_key()
    other = VerifierKey("shop.example/record", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    code, said = run(tmp_path, proof, "--key", str(other))
    assert code == REFUSED
    assert "this is another log" in said


def _flip(text: str, place: int = -1) -> str:
    return text[:place] + ("0" if text[place] != "0" else "1") + (text[place:][1:])


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def act(proof: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = proof
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        key = int(last) if last.isdigit() else last
        place[key] = value(place[key]) if callable(value) else value

    return act


TAMPERING = {
    "amount": _set("content.shown.amount_minor", 1),
    "action": _set("content.shown.action", "allow"),
    "something more shown": _set("content.shown.note", "yes"),
    "commitment of what is withheld": _set("content.shown.withheld", _flip),
    "salt": _set("content.salt", _flip),
    "empty salt": _set("content.salt", ""),
    "the line's action": _set("entry", lambda text: text.replace('"act":"', '"act":"x')),
    "the line's id": _set("entry", lambda text: text.replace('"subject":"dec', '"subject":"ded')),
    "the line's spelling": _set("entry", lambda text: text.replace(":", ": ", 1)),
    "number": _set("index", 6),
    "number beyond the end": _set("index", 510),
    "negative number": _set("index", -1),
    "size": _set("size", 509),
    "a hash of the path": _set("path.2", _flip),
    "path too short": _set("path", lambda path: path[:-1]),
    "path too long": _set("path", lambda path: [*path, path[0]]),
    "no path": _set("path", []),
    "root": _set("checkpoint", lambda note: note.replace("\n510\n", "\n509\n")),
    "origin": _set("checkpoint", lambda note: note.replace("shop.example", "shoq.example")),
    "signature": _set("checkpoint", lambda note: note[:-20] + ("A" if note[-20] != "A" else "B") + note[-19:]),
    "no signature": _set("checkpoint", lambda note: note.split("\n\n")[0] + "\n\n"),
    "no keys": _set("keys", []),
    "keys without a shape": _set("keys", [1]),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_any_change_of_a_proof_is_refused(what: str, tmp_path: Path) -> None:
    proof, key = proof_and_key()
    changed = copy.deepcopy(proof)
    TAMPERING[what](changed)
    assert changed != proof
    code, said = run(tmp_path, changed, "--key", key)
    assert code == REFUSED, said
    assert said.startswith("NOT PROVED: ")


@pytest.mark.parametrize(
    "file",
    [
        "", "{}", "[]", "nothing", '{"form": 2}', "\x00", "[" * 5000,
        '{"form":1,"index":"0","size":1,"entry":"","checkpoint":"","path":[],"keys":[]}',
    ],
)  # fmt: skip
def test_what_is_no_proof_cannot_be_read(file: str, tmp_path: Path) -> None:
    code, said = run(tmp_path, file)
    assert code == UNREADABLE, said
    assert "Download it again" in said


def test_a_name_that_stands_twice_cannot_be_read(tmp_path: Path) -> None:
    """A reader would see one value, and the hash be over the other."""
    proof, key = proof_and_key()
    text = json.dumps(proof).replace('"action": "', '"action": "allow", "action": "', 1)
    assert run(tmp_path, text, "--key", key)[0] == UNREADABLE


def test_a_bad_key_or_missing_file_cannot_be_read(tmp_path: Path) -> None:
    proof, key = proof_and_key()
    assert run(tmp_path, proof, "--key", key.replace("A", "B", 1))[0] == UNREADABLE
    assert run(tmp_path, proof, "--key", "nowhere.key")[0] == UNREADABLE
    assert run(tmp_path, proof, "--key", key, "--checkpoint", "nowhere")[0] == UNREADABLE


def test_a_line_whose_content_was_erased_is_still_proved(tmp_path: Path) -> None:
    leaves(3)
    sequencer.sequence(now=NOW)
    erasure.erase(["sub-1"], now=NOW)
    sequencer.sequence(now=NOW)
    with engine_scope():
        proof, key = proving.proof_of("note", "sub-1"), str(keys.chain()[0].verifier)
    code, said = run(tmp_path, proof, "--key", key)
    assert code == PROVED
    assert "erased" in said


def test_whoever_pinned_the_first_key_can_follow_to_the_last(tmp_path: Path) -> None:
    leaves(3)
    sequencer.sequence(now=NOW)
    sequencer.rotate(now=NOW)
    sequencer.rotate(now=NOW)
    sequencer.sequence(now=NOW)
    with engine_scope():
        proof, chain = proving.proof_of("note", "sub-1"), keys.chain()
    assert proof is not None
    for key in chain:
        assert run(tmp_path, proof, "--key", str(key.verifier))[0] == PROVED
    for cut in (lambda p: p["keys"].pop(1), lambda p: p["keys"][1].update(vouched=p["keys"][2]["vouched"])):
        changed = copy.deepcopy(proof)
        cut(changed)
        assert run(tmp_path, changed, "--key", str(chain[0].verifier))[0] == REFUSED


def grown() -> tuple[dict[str, Any], dict[str, Any], str]:
    """An early proof, the proof that the log only grew since, and the key."""
    leaves(300)
    sequencer.sequence(now=NOW)
    with engine_scope():
        early = proving.proof_of("note", "sub-7")
    leaves(500, first=300)
    while sequencer.sequence(200, now=NOW):
        pass
    with engine_scope():
        growth, key = proving.proof_of_growth(300), str(keys.chain()[0].verifier)
    assert early is not None
    return early, growth, key


def test_a_kept_checkpoint_shows_that_the_record_only_grew(tmp_path: Path) -> None:
    early, growth, key = grown()
    (tmp_path / "kept.json").write_text(json.dumps(early))
    (tmp_path / "kept.txt").write_text(early["checkpoint"])
    (tmp_path / "kept.log").write_text(json.dumps({"at": "…", "checkpoint": early["checkpoint"]}) + "\n")
    for kept in ("kept.json", "kept.txt", "kept.log"):
        code, said = run(tmp_path, growth, "--key", key, "--checkpoint", kept)
        assert code == PROVED, said
        assert "of 800 lines begins with the record of 300 lines" in said
        assert "is of this same record" in said


def test_a_checkpoint_of_another_size_says_where_to_get_the_proof(tmp_path: Path) -> None:
    early, _, key = grown()
    with engine_scope():
        late = proving.proof_of("note", "sub-7")
    (tmp_path / "kept.json").write_text(json.dumps(early))
    code, said = run(tmp_path, late, "--key", key, "--checkpoint", "kept.json")
    assert code == REFUSED
    assert "/record/consistency/300" in said


@pytest.mark.parametrize("place", [0, 3, -1])
def test_a_changed_proof_of_growth_is_refused(place: int, tmp_path: Path) -> None:
    _, growth, key = grown()
    growth["path"][place] = _flip(growth["path"][place])
    code, said = run(tmp_path, growth, "--key", key)
    assert code == REFUSED
    assert "written anew" in said


def signed(checkpoint: Checkpoint) -> str:
    """A checkpoint signed by the log's own key, as a dishonest operator can."""
    with engine_scope():
        _, name, private = keys.newest_private()
    return str(sign(str(checkpoint), name, private))


def test_two_records_of_one_size_are_a_split(tmp_path: Path) -> None:
    early, _, key = grown()
    forged = signed(Checkpoint("shop.example/record", 300, sha256(b"another history").digest()))
    (tmp_path / "kept.txt").write_text(forged)
    code, said = run(tmp_path, early, "--key", key, "--checkpoint", "kept.txt")
    assert code == REFUSED
    assert "two different records of 300 lines were signed" in said


def test_growth_from_nothing_and_backwards_is_refused(tmp_path: Path) -> None:
    _, growth, key = grown()
    empty = signed(Checkpoint("shop.example/record", 0, EMPTY_ROOT))
    code, said = run(tmp_path, {**growth, "old": empty, "path": []}, "--key", key)
    assert (code, "proves nothing" in said) == (REFUSED, True)
    code, said = run(tmp_path, {**growth, "old": growth["new"], "new": growth["old"]}, "--key", key)
    assert (code, "cut off" in said) == (REFUSED, True)
    for size in (0, 299, 801):
        with engine_scope(), pytest.raises(NotRecorded):
            proving.proof_of_growth(size)


def test_a_witness_can_be_required(tmp_path: Path) -> None:
    proof, key = proof_and_key()
    private = Ed25519PrivateKey.from_private_bytes(sha256(b"a witness").digest())
    witness = VerifierKey("witness.example", private.public_key().public_bytes_raw(), COSIGNATURE)
    assert run(tmp_path, proof, "--key", key, "--witness", str(witness))[0] == REFUSED
    note = Note.parse(proof["checkpoint"])
    proof["checkpoint"] = str(note.with_lines([cosign(note.text, "witness.example", private, 1_780_000_000)]))
    code, said = run(tmp_path, proof, "--key", key, "--witness", str(witness))
    assert (code, "witness.example saw the same record" in said) == (PROVED, True)
    line = base64.b64encode(b"\x00" * 76).decode()
    assert (
        run(tmp_path, {**proof, "checkpoint": f"{note}— witness.example {line}\n"}, "--witness", str(witness))[0] == 1
    )
