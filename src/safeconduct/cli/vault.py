"""`vault`: status, rotation, backup of keys, erasures after a restore."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safeconduct.cli.output import FAILED, OK, USAGE, Progress, emit_json, fail
from safeconduct.cli.start import start_django


def status(*, as_json: bool) -> int:
    """How the vault is."""
    start_django()
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.status import status as look

    try:
        found = look()
    except VaultError as problem:
        fail(str(problem))
    if as_json:
        emit_json({"ok": not found.trouble, **asdict(found)})
    else:
        sys.stdout.write(
            f"region {found.region}: key {found.version}, wrapped by {found.root}\n"
            f"{found.keys:,} data keys, {found.salts:,} salts of pseudonyms; {found.left:,} left of a rotation\n"
            f"{found.receipts:,} erasures, {found.restricted:,} keys kept until a date, {found.unshown:,} receipts not"
            " outside\n"
        )
        for sentence in found.trouble:
            sys.stderr.write(f"→ {sentence}\n")
    return FAILED if found.trouble else OK


def rotate(*, region: bool, root: bool, finish: bool, old_values: bool, as_json: bool) -> int:
    """Changes what is named; the region's key where nothing is."""
    if finish and not root:
        fail("--finish belongs to --root", USAGE)
    start_django()
    from safeconduct.kernel.vault import resealing, rotation
    from safeconduct.kernel.vault.errors import VaultError

    started, done = time.monotonic(), dict[str, Any]()
    try:
        if root:
            done["root"] = {"dropped": rotation.finish_root()} if finish else {"wrapped": rotation.rotate_root()}
        if region or not (root or old_values):
            told = Progress("keys", quiet=as_json)
            done["region"] = asdict(rotation.rotate_region(now=datetime.now(UTC), progress=told.of))
        if old_values:
            told = Progress("values", quiet=as_json)
            done["old_values"] = resealing.reseal_all(lambda column, count: told.of(count, 0, column))
    except VaultError as problem:
        fail(str(problem))
    done["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        emit_json(done)
        return OK
    if "root" in done:
        sys.stdout.write(
            f"{done['root']['dropped']} wrappings of other roots forgotten\n" if finish else
            f"{done['root']['wrapped']} region keys wrapped by the new root; restart every process with it, then add"
            " --finish\n"
        )  # fmt: skip
    if "region" in done:
        made = done["region"]
        how = "an unfinished rotation was finished" if made["resumed"] else "a new key was made"
        sys.stdout.write(f"region key {made['version']}: {how}, {made['rewrapped']:,} data keys wrapped anew\n")
    for column, count in done.get("old_values", {}).items():
        sys.stdout.write(f"{column}: {count:,} values sealed anew\n")
    return OK


def backup_keys(file: Path, *, as_json: bool) -> int:
    """Writes the key store to a file."""
    start_django()
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.key_backup import backup

    try:
        counts = backup(file, now=datetime.now(UTC))
    except (VaultError, OSError) as problem:
        fail(str(problem))
    _tell(counts, as_json, f"written to {file}; keep it apart from the data, for 30 days at most")
    return OK


def restore_keys(file: Path, *, as_json: bool) -> int:
    """Puts missing keys back."""
    start_django()
    from safeconduct.kernel.record import receipts
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.key_backup import restore

    try:
        counts = restore(file)
        again = receipts.reapply_all()
    except VaultError as problem:
        fail(str(problem))
    _tell(
        {**counts, "destroyed again": again}, as_json,
        "erasures that this database does not know are repeated with `safeconduct vault reapply-erasures FILE`",
    )  # fmt: skip
    return OK


def reapply_erasures(files: list[Path], keys: list[str], *, as_json: bool) -> int:
    """Repeats erasures."""
    start_django()
    from safeconduct.foundation.signed_note import NoteRefused, VerifierKey
    from safeconduct.kernel.record import receipts
    from safeconduct.kernel.vault.configuration import erasures_file

    kept = erasures_file()
    chosen = files or ([kept] if kept is not None and kept.exists() else [])
    if not chosen:
        fail("name a file with receipts, or set SAFECONDUCT_VAULT_ERASURES_FILE", USAGE)
    count = again = 0
    try:
        also = [VerifierKey.parse(text) for text in keys]
        for file in chosen:
            with file.open(encoding="utf-8") as lines:
                found = receipts.read_lines(lines, also)
            again += receipts.reapply(found)
            count += len(found)
    except (NoteRefused, receipts.ReceiptRefused, OSError, UnicodeDecodeError) as problem:
        fail(f"{problem}; nothing of that file was applied")
    _tell({"receipts": count, "destroyed again": again}, as_json, "")
    return OK


def export_erasures(file: Path) -> int:
    """Writes all receipts."""
    start_django()
    from safeconduct.kernel.record import receipts

    count = 0
    with file.open("w", encoding="utf-8") as out:
        for line in receipts.export():
            out.write(line + "\n")
            count += 1
    sys.stdout.write(f"{count:,} receipts written to {file}\n")
    return OK


def _tell(counts: dict[str, int], as_json: bool, after: str) -> None:
    if as_json:
        emit_json({name.replace(" ", "_"): count for name, count in counts.items()})
    else:
        sys.stdout.write("".join(f"{name}: {count:,}\n" for name, count in counts.items()))
        if after:
            sys.stderr.write(after + "\n")
