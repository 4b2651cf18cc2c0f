"""`safeconduct …` as a process of its own, without the second that Python needs to import all of it each time.

A process that has done what every command does first (Django set up, nothing asked of the database) waits, and forks
for each command: output, errors, exit code and death by a signal are a real process's own, and what one command
remembers no other sees. Where a test gives the command another environment, it is started as people start it.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

#: The environment of a test says its name, which no command looks at.
_OF_THE_TEST = "PYTEST_CURRENT_TEST"
_LONGEST = 1 << 18


def safeconduct(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command and waits for its end. ``environment`` is what it has beside this process's own."""
    told = {name: value for name, value in (os.environ | environment).items() if name != _OF_THE_TEST}
    waiting, its_environment = _waiting()
    return _forked(waiting, arguments) if told == its_environment else started(*arguments, **environment)


def started(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as people start it."""
    command = [sys.executable, "-m", "safeconduct", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


@lru_cache(maxsize=1)
def _waiting() -> tuple[socket.socket, dict[str, str]]:
    """The way to the process that waits, which ends when this one does, and its environment."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name != _OF_THE_TEST}
    process = subprocess.Popen(
        [sys.executable, __file__, str(its.fileno())], pass_fds=[its.fileno()], env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, environment


def _forked(waiting: socket.socket, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    ends = [os.pipe() for _ in ("output", "errors", "status")]
    told = json.dumps([arguments, str(Path.cwd())]).encode("utf-8", "surrogateescape")
    assert len(told) < _LONGEST
    socket.send_fds(waiting, [told], [write for _, write in ends])
    parts = {read: bytearray() for read, _ in ends}
    with selectors.DefaultSelector() as selector:
        for read, write in ends:
            os.close(write)
            selector.register(read, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                part = os.read(key.fd, 65536)
                parts[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    output, errors, status = (part.decode().replace("\r\n", "\n").replace("\r", "\n") for part in parts.values())
    return subprocess.CompletedProcess(["safeconduct", *arguments], int(status), output, errors)


def _wait_for_commands(way: socket.socket) -> list[str]:
    """Forks for each command that is asked for. Returns in the fork, with what follows the command's name."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who watches a command is waited for by nobody
    while True:
        told, ends, _, _ = socket.recv_fds(way, _LONGEST, 3)
        if not told:
            os._exit(0)
        if not os.fork():
            way.close()
            return _become(json.loads(told), ends)
        for end in ends:
            os.close(end)


def _become(told: tuple[list[str], str], ends: list[int]) -> list[str]:
    """Forks once more: this process tells how the command ended, the new one returns and is the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output, errors, status = ends
    command = os.fork()
    if command:
        for end in (output, errors):
            os.close(end)  # the command has them, and who reads them reads to their end
        os.write(status, str(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])).encode())
        os._exit(0)
    os.close(status)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.close(output)
    os.close(errors)
    arguments, folder = told
    os.chdir(folder)
    return arguments


def _main() -> None:
    sys.path[0] = ""  # as with -m
    from django.db.migrations import executor, loader

    from safeconduct.cli import main, start

    start.start_django(migrate=False)
    from safeconduct.config import migrate

    assert main and migrate and executor and loader
    assert len(os.listdir("/proc/self/task")) == 1, "a thread does not live on in a fork"
    gc.freeze()
    arguments = _wait_for_commands(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["safeconduct", *arguments]
    runpy.run_module("safeconduct", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
