"""Programs that hold a lease, as real processes: they can be killed, run as another user, and race each other."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from safeconduct.foundation.postgres import find_wheel_binaries, layout
from safeconduct.foundation.postgres.layout import open_folder

SOURCE = Path(layout.__file__).resolve().parents[3]
HOLDER = """
import json, sys
from pathlib import Path
from safeconduct.foundation.postgres import PostgresError, lease
def tell(**told): print(json.dumps(told), flush=True)
try:
    options = json.loads(sys.argv[2])
    if "binaries" in options: options["binaries"] = Path(options["binaries"])
    with lease(Path(sys.argv[1]), progress=lambda text: tell(said=text), **options) as server:
        tell(url=server.url("postgres"))
        for line in sys.stdin:
            if line.strip() == "ensure":
                server.ensure()
                tell(url=server.url("postgres"))
            else:
                break
except PostgresError as error:
    tell(error=type(error).__name__, message=str(error))
"""


@dataclass(frozen=True)
class OtherUser:
    """An unprivileged user with a Python and a copy of our source that they can reach."""

    uid: int
    gid: int
    python: str
    source: Path

    def run(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-c", code, *arguments],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            env={"PYTHONPATH": str(self.source), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )


class Holder:
    """One program that holds a lease until told to leave."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def told(self) -> dict[str, str]:
        """What it tells next, progress aside."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            answer: dict[str, str] = json.loads(line)
            if "said" not in answer:
                return answer
            self.said.append(answer["said"])
        raise AssertionError(f"the holder ended with {self.process.wait()}")

    def url(self) -> str:
        answer = self.told()
        assert "url" in answer, answer
        return answer["url"]

    def ensure(self) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write("ensure\n")
        self.process.stdin.flush()
        return self.url()

    def leave(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate("leave\n", timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Commands:
    """Starts holders and, at the end of the test, ends whatever is left of them and their servers."""

    def __init__(self) -> None:
        self.holders: list[Holder] = []
        self.folders: set[Path] = set()

    def start(
        self, folder: Path, *, other: OtherUser | None = None, env: dict[str, str] | None = None, **options: Any
    ) -> Holder:
        self.folders.add(folder)
        chosen = {"durable": False, "grace_seconds": 0.0, **options}
        if other:
            chosen.setdefault("binaries", str(find_wheel_binaries()))
        process = subprocess.Popen(
            [other.python if other else sys.executable, "-c", HOLDER, str(folder), json.dumps(chosen)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(other.source if other else SOURCE),
                "PYTHONDONTWRITEBYTECODE": "1",
                **(env or {}),
            },
            user=other.uid if other else None,
            group=other.gid if other else None,
            extra_groups=[] if other else None,
        )
        self.holders.append(Holder(process))
        return self.holders[-1]

    def end(self) -> None:
        for holder in self.holders:
            holder.kill()
        for folder in self.folders:
            if folder.is_dir():
                wait_until_stopped(folder)


def supervisor_pid(folder: Path) -> int:
    state = open_folder(folder).read_state()
    assert state is not None
    return state.supervisor_pid


def alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def server_processes(folder: Path) -> list[int]:
    """All postgres processes that work in the folder's data."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").samefile(folder / "data") and (entry / "comm").read_text().strip() == "postgres":
                    found.append(int(entry.name))
    return found


def server_owners(folder: Path) -> set[int]:
    """User ids of the processes that work in the folder's data; one that ends meanwhile (a session's) is left out."""
    owners = set()
    for pid in server_processes(folder):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            owners.add(Path(f"/proc/{pid}").stat().st_uid)
    return owners


def wait_until_stopped(folder: Path) -> None:
    state = open_folder(folder).read_state()
    assert eventually(lambda: not server_processes(folder)), f"{folder} still runs"
    if state is not None and state.supervisor_pid:
        assert eventually(lambda: not alive(state.supervisor_pid)), f"the supervisor of {folder} still runs"


def connect_again(url: str, seconds: float = 20.0) -> psycopg.Connection[Any]:
    """A connection by a program that retries for a short while."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
