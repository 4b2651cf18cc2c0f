"""A list of breached passwords is made once from a download, goes on where it was stopped, and is searched locally."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safeconduct.foundation import hash_list
from safeconduct.foundation.hash_list import HashList, ListBroken, ListRefused, is_list, make

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def hashes(passwords: list[str]) -> list[str]:
    return sorted(f"{hashlib.sha1(p.encode()).hexdigest().upper()}:{n + 1}" for n, p in enumerate(passwords))


def text(folder: Path, lines: list[str], end: str = "\r\n", name: str = "pwned.txt") -> Path:
    file = folder / name
    file.write_bytes((end.join(lines) + end).encode())
    return file


@pytest.mark.parametrize("count", [1, 2, 3, 256, 257])
def test_each_password_is_found_and_no_other(tmp_path: Path, count: int) -> None:
    known = [f"a sentence number {n}" for n in range(count)]
    made = make(text(tmp_path, hashes(known)), tmp_path / "list", at=NOW)
    assert made.count == count and all(made.has(one) for one in known)
    assert not any(made.has(f"another sentence {n}") for n in range(300))
    assert is_list(tmp_path / "list") and not is_list(tmp_path / "pwned.txt")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["list", "pwned.txt"]


def test_a_folder_of_range_files_makes_the_same_list_and_says_how_many_ranges_it_had(tmp_path: Path) -> None:
    known, folder = [f"sentence {n}" for n in range(40)], tmp_path / "ranges"
    folder.mkdir()
    for line in hashes(known):
        with (folder / f"{line[:5]}.txt").open("a") as out:
            out.write(line[5:] + "\n")
    (folder / "readme.md").write_text("not a range")
    made = make(folder, tmp_path / "list", at=NOW)
    whole = make(text(tmp_path, hashes(known)), tmp_path / "other", at=NOW)
    assert (tmp_path / "list").read_bytes()[512:] == (tmp_path / "other").read_bytes()[512:]
    assert (made.about.ranges, whole.about.ranges, made.about.source) == (40, None, "ranges")


def test_rare_ones_can_be_left_out_and_compressed_files_are_read(tmp_path: Path) -> None:
    known = [f"sentence {n}" for n in range(10)]
    (tmp_path / "pwned.txt.gz").write_bytes(gzip.compress("\n".join(hashes(known)).encode()))
    made = make(tmp_path / "pwned.txt.gz", tmp_path / "list", seen=8, at=NOW)
    assert [made.has(one) for one in known] == [False] * 7 + [True] * 3


def test_an_import_that_was_killed_goes_on_and_ends_with_the_same_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [f"sentence {n}" for n in range(95)]
    source = text(tmp_path, hashes(known))
    whole = make(source, tmp_path / "whole", at=NOW)
    monkeypatch.setattr(hash_list, "_BETWEEN", 10)

    def killed(count: int) -> None:
        if count == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(source, tmp_path / "list", at=NOW, told=killed)
    assert not (tmp_path / "list").exists()
    heard: list[int] = []
    made = make(source, tmp_path / "list", at=NOW, told=heard.append)
    assert heard == [60, 70, 80, 90], "fifty were there already"
    assert (tmp_path / "list").read_bytes()[512:] == (tmp_path / "whole").read_bytes()[512:]
    assert made.count == whole.count


def test_a_changed_source_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_list, "_BETWEEN", 10)

    def killed(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(text(tmp_path, hashes([f"old {n}" for n in range(30)])), tmp_path / "list", at=NOW, told=killed)
    made = make(text(tmp_path, hashes([f"new {n}" for n in range(20)])), tmp_path / "list", at=NOW)
    assert made.count == 20 and made.has("new 7") and not made.has("old 7")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (sorted(hashes(["a", "b", "c"]), reverse=True), "ordered by hash"),
        (["31D6CFE0D16AE931B73C59D7E0C089C0:3"], "not a SHA-1 hash in 40 hex digits"),
        (["correct horse battery staple"], "not a SHA-1 hash"),
        (["x" * 40 + ":1"], "not a SHA-1 hash"),
        ([hashes(["a"])[0][:40] + ":many"], "not a SHA-1 hash"),
        ([""], "no password that was seen"),
    ],
)
def test_what_is_no_list_of_hashes_is_refused_and_the_list_of_before_stays(
    tmp_path: Path, lines: list[str], says: str
) -> None:
    make(text(tmp_path, hashes(["kept"])), tmp_path / "list", at=NOW)
    with pytest.raises(ListRefused, match=says):
        make(text(tmp_path, lines), tmp_path / "list", at=NOW)
    assert HashList(tmp_path / "list").has("kept")


def test_nothing_an_empty_folder_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    packed = gzip.compress("\n".join(hashes([f"s {n}" for n in range(500)])).encode())
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    for name, says in (("gone", "no file or folder"), ("empty", "no range files"), ("cut.gz", "not whole")):
        with pytest.raises(ListRefused, match=says):
            make(tmp_path / name, tmp_path / "list", at=NOW)


def test_a_damaged_list_is_none(tmp_path: Path) -> None:
    make(text(tmp_path, hashes(["a", "b"])), tmp_path / "list", at=NOW)
    data = (tmp_path / "list").read_bytes()
    for broken in (data[:-1], data[:-8], data[:100], b"{}" + data[2:], b""):
        (tmp_path / "list").write_bytes(broken)
        with pytest.raises(ListBroken):
            HashList(tmp_path / "list")
