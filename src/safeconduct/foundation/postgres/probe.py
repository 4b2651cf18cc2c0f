"""Is a server alive? Only an answered connection proves it: a process id may be recycled, a zombie, or a lie."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SUPERUSER = "safeconduct"
PORT = 5432  # part of the socket's file name only; nothing listens on a network
SOCKET_NAME = f".s.PGSQL.{PORT}"
PROTOCOL_3_0 = 196608
CANNOT_CONNECT_NOW = "57P03"  # SQLSTATE while starting, recovering or stopping
PROBE_SECONDS = 2.0
ANSWER_BYTES_MAX = 8192


class Liveness(StrEnum):
    READY = "ready"
    NOT_YET = "not_yet"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the socket answered; ``pid`` is the listening process as the kernel knows it (0 when gone)."""

    liveness: Liveness
    pid: int = 0


def probe(socket_dir: Path) -> Answer:
    """Ask for a session over the socket and hang up. Waits at most two seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(PROBE_SECONDS)
        try:
            channel.connect(str(socket_dir / SOCKET_NAME))
            pid = struct.unpack("3i", channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            body = struct.pack("!i", PROTOCOL_3_0) + b"user\0%b\0database\0postgres\0\0" % SUPERUSER.encode()
            channel.sendall(struct.pack("!i", len(body) + 4) + body)
            answer = channel.recv(ANSWER_BYTES_MAX)
            if answer[:1] == b"R":
                channel.sendall(b"X\0\0\0\x04")  # Terminate: a polite end leaves no line in the log
        except TimeoutError:
            return Answer(Liveness.NOT_YET)
        except OSError:
            return Answer(Liveness.GONE)
    if not answer:
        return Answer(Liveness.GONE)
    if answer[:1] == b"E" and b"C%b\0" % CANNOT_CONNECT_NOW.encode() in answer:
        return Answer(Liveness.NOT_YET, pid)
    return Answer(Liveness.READY, pid)  # also an error such as too many connections comes from a live server
