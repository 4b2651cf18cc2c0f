"""The record from outside: whoever knows the layout can follow it, without a key, a session or our help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.kernel.record.builders import NOW, decisions, leaves, tamper

from safeconduct.foundation.merkle.hashing import leaf_hash, tree_root
from safeconduct.foundation.merkle.proofs import verify_inclusion
from safeconduct.foundation.merkle.tiles import Tile, edge_tiles, split_hashes, tile_path
from safeconduct.foundation.signed_note import Checkpoint, Note, VerifierKey
from safeconduct.kernel.record import sequencer, verify_record
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions import versions


@pytest.fixture(autouse=True)
def whole_site() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="safeconduct.config.urls", RECORD_ORIGIN="shop.example/record"):
        yield


def get(path: str, status: int = 200) -> Any:
    answer = Client(raise_request_exception=False).get(f"/record/{path}")
    assert answer.status_code == status, answer.content
    assert not answer.cookies
    return answer


def checkpoint() -> Checkpoint:
    note = Note.parse(get("checkpoint").content.decode())
    first = json.loads(get("keys").content)["keys"][0]["key"]
    note.verified([VerifierKey.parse(first)])
    return Checkpoint.parse(note.text)


def full_log(count: int = 700) -> None:
    leaves(count)
    while sequencer.sequence(300, now=NOW):
        pass


def test_a_monitor_rebuilds_the_root_from_published_tiles_and_entries() -> None:
    full_log(700)
    head = checkpoint()
    assert (head.origin, head.size) == ("shop.example/record", 700)
    hashes, entries = [], []
    for tile in (Tile(0, 0), Tile(0, 1), *(t for t in edge_tiles(700) if t.level == 0)):
        hashes += split_hashes(get(tile_path(tile)).content)
        data = get(tile_path(tile, entries=True)).content
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
    assert [leaf_hash(entry) for entry in entries] == hashes
    assert tree_root(hashes) == head.root
    above = split_hashes(get("tile/1/000.p/2").content)
    assert above == [tree_root(hashes[:256]), tree_root(hashes[256:512])]


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/003", "tile/0/002", "tile/0/002.p/189", "tile/1/000", "tile/0/0", "tile/0/x000/001", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/64/000", "tile/00/000", "tile/0/..", "tile/entries/003", "consistency/0",
        "consistency/5", "proof/700", "proof/sub-9000",
    ],
)  # fmt: skip
def test_what_is_not_there_yet_is_not_found(path: str) -> None:
    full_log(700)
    get(path, 404)


def test_caches_keep_tiles_for_good_and_the_checkpoint_for_seconds() -> None:
    full_log(300)
    for path, wanted in (("tile/0/000", "immutable"), ("tile/0/001.p/44", "immutable"), ("checkpoint", "max-age=5")):
        answer = get(path)
        assert "public" in answer["Cache-Control"]
        assert wanted in answer["Cache-Control"]
        assert "Cookie" not in answer.get("Vary", "")


def test_before_the_first_line_the_page_says_so() -> None:
    get("checkpoint", 404)
    assert "Nothing has been recorded yet" in get("").content.decode()


def test_the_page_says_what_a_record_without_a_witness_cannot_show() -> None:
    full_log(3)
    page = get("").content.decode()
    assert "Without somebody outside who remembers a checkpoint" in page
    assert "No witness has signed yet" in page
    assert "shop.example/record+" in page
    assert len(page) < 100_000


def test_a_decision_is_proved_to_anyone_and_its_content_shown_to_nobody() -> None:
    made = decisions(8)
    sequencer.sequence(now=NOW)
    proof = json.loads(get(f"proof/{made[2]}").content)
    assert "content" not in proof
    path = [bytes.fromhex(part) for part in proof["path"]]
    verify_inclusion(leaf_hash(proof["entry"].encode()), proof["index"], proof["size"], path, checkpoint().root)
    assert json.loads(get(f"proof/{proof['index']}").content)["entry"] == proof["entry"]
    get(f"proof/{made[2]}?kind=payout", 404)


def test_what_was_promised_to_all_is_shown_to_all() -> None:
    with staff_scope():
        template = versions.install(NOW)
    assert template is not None
    sequencer.sequence(now=NOW)
    shown = json.loads(get(f"proof/{template.id}").content)["content"]["shown"]
    assert shown["name"] == template.name
    assert "written_by" not in shown


def test_growth_since_a_kept_checkpoint_is_proved() -> None:
    full_log(600)
    growth = json.loads(get("consistency/300").content)
    assert Checkpoint.parse(Note.parse(growth["old"]).text).size == 300
    assert len(growth["path"]) >= 1


def test_the_verifier_that_is_served_is_the_one_that_is_tested() -> None:
    assert get("verify_record.py").content == Path(verify_record.__file__).read_bytes()


@pytest.mark.parametrize("path", ["tile/entries/000.p/3", "proof/1", "proof/sub-1"])
def test_an_operator_can_publish_hashes_only(path: str) -> None:
    full_log(3)
    with override_settings(RECORD_ENTRIES_PUBLIC=False):
        assert "hashes of entries only" in get(path, 404).content.decode()
        assert len(get("tile/0/000.p/3").content) == 96
        assert "tile/entries" not in get("").content.decode()


def test_it_can_only_be_read() -> None:
    full_log(3)
    for path in ("", "checkpoint", "keys", "tile/0/000.p/3", "verify_record.py"):
        assert Client().post(f"/record/{path}").status_code == 405


def test_a_log_that_does_not_fit_together_is_not_published() -> None:
    full_log(300)
    tamper("DELETE FROM record_entry WHERE index = 299")
    answer = get("tile/0/001.p/44", 503)
    assert answer["Cache-Control"] == "no-store"
