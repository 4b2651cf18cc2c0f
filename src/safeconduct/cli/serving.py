"""Serving: web processes and lanes as children of one process, gone with it, however it ends."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from safeconduct.cli.start import start_django
from safeconduct.config.database import embedded_folder, keep_embedded

_STOP_WITHIN_S = 8.0
#: The web processes are ended by their server before it is ended itself.
_WORKERS_STOP_WITHIN_S = 6
#: A child that lived so long could start: whatever ends it later may pass.
_SETTLED_S = 10.0
_DEATHS, _WITHIN_S, _BREATH_S = 5, 60.0, 1.0
#: Connections of a web process; the server takes no more until one ends. Idle ones cost 4 KB and end after 30 seconds.
_CONNECTIONS = 4096
#: Bytes of a request's first line and headers together: as many as the proxies we ship let through. What has arrived of
#: them is held in memory for each connection.
_HEADERS = 65_536
#: What only this machine reaches.
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS 1.2 and 1.3 of our own (rustls): forward secrecy only, no renegotiation. ``client_ca``: only who shows a
    certificate of this authority is let in; empty lets everybody in."""

    certificate: str
    key: str
    client_ca: str = ""

    def arguments(self) -> list[str]:
        """What the server of the web processes is started with."""
        given = ["--ssl-certificate", self.certificate, "--ssl-keyfile", self.key, "--ssl-protocol-min", "tls1.2"]
        return [*given, *(["--ssl-ca", self.client_ca, "--ssl-client-verify"] if self.client_ca else [])]


class Server:
    """Web processes and lanes as children of this process, gone with it, however it ends.

    ``open`` starts the web processes and comes back, so that they can be looked at while this process still works;
    ``run`` adds the lanes and stays until SIGTERM or Ctrl-C. Settings must have been read (`start_django`).
    """

    def __init__(self, *, host: str, port: int, workers: int, lanes: int, tls: Tls | None = None) -> None:
        from django.conf import settings

        from safeconduct.config.shares import threads_for
        from safeconduct.config.web_log import FILE

        self.host, self.port, self.address = host, port, f"{'https' if tls else 'http'}://{host}:{port}"
        environment = {**os.environ, "SAFECONDUCT_WORKER_OF_SERVER": str(os.getpid())}
        web = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--workers",
            str(workers), "--blocking-threads", str(threads_for(settings.AT_ONCE)), "--backlog", "1024",
            "--backpressure", str(_CONNECTIONS), "--http1-buffer-size", str(_HEADERS),
            "--respawn-failed-workers", "--workers-kill-timeout", f"{_WORKERS_STOP_WITHIN_S}s",
            "--no-ws", "--http", "1", "--log-level", "warning", "--log-config", str(FILE),
            *(tls.arguments() if tls else []),
            "safeconduct.config.wsgi:application",
        ]  # fmt: skip
        lane = [sys.executable, "-m", "safeconduct.cli.serving"]
        self.web, self.lanes = Child(web, environment), [Child(lane, environment) for _ in range(lanes)]
        self.stop = threading.Event()
        self.database = embedded_folder(settings.ENV) if settings.EMBEDDED else None

    def open(self, ready: Callable[[str], None] | None = None) -> None:
        """Starts the web processes; ``ready`` is called with their address, in a thread, once they answer. From here
        on an embedded database that ends is started again."""
        _room_for_connections()
        self.web.start()
        if self.database is not None:
            threading.Thread(target=keep_embedded, args=(self.database, self.stop), daemon=True).start()
        if ready is not None:
            arguments = (self.host, self.port, lambda: ready(self.address), self.stop)
            threading.Thread(target=_when_up, args=arguments, daemon=True).start()

    def until_up(self, most_s: float) -> bool:
        """Comes back once the pages answer, or with False after ``most_s`` seconds; `run` then says what is wrong."""
        up = threading.Event()
        arguments = (self.host, self.port, up.set, self.stop)
        threading.Thread(target=_when_up, args=arguments, daemon=True).start()
        return up.wait(most_s)

    def run(self) -> int:
        """Keeps everything running until it is told to stop. A child that ends by itself is started again. Returns
        the exit code.
        """
        _on_signals(self.stop)
        for lane in self.lanes:
            lane.start()
        children = [self.web, *self.lanes]
        while not self.stop.wait(0.5):
            for child in children:
                if not child.keep_running():
                    sys.stderr.write(f"error: {child.arguments[2]} ended again and again; see the messages above\n")
                    self.stop.set()
        for child in children:
            child.stop()
        return 1 if any(child.gave_up for child in children) else 0


def serve(*, host: str, port: int, workers: int, lanes: int) -> int:
    """Runs the server until SIGTERM or Ctrl-C. Returns the exit code."""
    start_django()
    from django.conf import settings

    from safeconduct.connectors.connector import wrong_options

    if wrong := wrong_options(settings.CONNECTOR_OPTIONS):
        sys.stderr.write("".join(f"error: {problem}\n" for problem in wrong))
        return 2
    tls = Tls(settings.TLS_CERTIFICATE, settings.TLS_KEY, settings.TLS_CLIENT_CA) if settings.TLS_CERTIFICATE else None
    if refused := in_clear(host, tls, production=settings.MODE == "production", level_3=settings.AT_LEVEL_3):
        sys.stderr.write(f"error: {refused}\n")
        return 2
    if refused := cannot_listen(host, port):
        sys.stderr.write(f"error: {refused}\n")
        return 2
    server = Server(host=host, port=port, workers=workers, lanes=lanes, tls=tls)
    server.open(_say_address)
    return server.run()


def cannot_listen(host: str, port: int) -> str:
    """Why nothing can be served there, with the way out; empty where it can. Asked before anything long begins."""
    if not 1 <= port <= 65535:
        return f"--port {port} is no port: give one from 1 to 65535"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what an earlier server left behind may pass
            one.bind(address)
            one.listen(1)
    except PermissionError:
        return f"--port {port} is for the system's own programs: give one from 1024 to 65535"
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else 8000
            return f"port {port} of {host} is taken by another program: give another, as --port {other} or PORT={other}"
        return f"--host {host} is no address of this machine: give 127.0.0.1, or one that `ip address` shows"
    return ""


def _say_address(address: str) -> None:
    sys.stdout.write(f"Console {address}/console/ · API {address}/v1/ · Ctrl-C stops\n")
    sys.stdout.flush()


def in_clear(host: str, tls: Tls | None, *, production: bool, level_3: bool = False) -> str:
    """Why production does not listen there: what comes over a network comes over TLS, at level 3 from a proxy of this
    machine as well. Empty where it may."""
    if not production or tls is not None:
        return ""
    if level_3:
        return (
            "SAFECONDUCT_ASVS_LEVEL=3 serves nothing in clear: set SAFECONDUCT_TLS_CERTIFICATE and SAFECONDUCT_TLS_KEY"
        )
    if host in _HERE:
        return ""
    return (
        f"--host {host} would be served in clear: set SAFECONDUCT_TLS_CERTIFICATE and SAFECONDUCT_TLS_KEY, or listen "
        "on 127.0.0.1 behind a proxy on this machine"
    )


def work() -> None:
    """One lane in this process, and the upkeep beside it; stops at SIGTERM or Ctrl-C."""
    start_django()
    from safeconduct.cli import upkeep
    from safeconduct.kernel.decisions import lanes

    stop = threading.Event()
    _on_signals(stop)
    threading.Thread(target=upkeep.run, args=(stop,), daemon=True, name="upkeep").start()
    lanes.run(stop.is_set)


class Child:
    """A process of the server, started again when it ends: at once, and after a breath when that happens often.

    One that was killed, or had settled, always comes back. One that only ever ends by itself cannot run here, for its
    port is taken or a setting is wrong: after five times within a minute it is given up.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.arguments, self.environment = arguments, environment
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths: list[float] = []
        self.settled = False
        self.gave_up = False
        self._start_at = 0.0
        self._started_at = 0.0

    def start(self) -> None:
        # The prefix makes the child ask for its parent's death signal before anything else runs.
        prefix = [sys.executable, "-m", "safeconduct.cli.child", str(os.getpid())]
        self.process = subprocess.Popen([*prefix, *self.arguments], env=self.environment)
        self._started_at = time.monotonic()

    def keep_running(self) -> bool:
        """Starts the process again if it ended and it is time to. False once it is given up."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return True
            self.process = None
            self.settled = self.settled or now - self._started_at >= _SETTLED_S
            self.deaths = [at for at in self.deaths if now - at < _WITHIN_S] + [now]
            often = len(self.deaths) >= _DEATHS
            self.gave_up = often and code >= 0 and not self.settled
            self._start_at = now + (_BREATH_S if often else 0)
        if not self.gave_up and now >= self._start_at:
            self.start()
        return not self.gave_up

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _room_for_connections() -> None:
    """Many systems begin with 1,024 open files for a process, and allow more to who asks."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _CONNECTIONS if most == resource.RLIM_INFINITY else min(2 * _CONNECTIONS, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _on_signals(stop: threading.Event) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _when_up(host: str, port: int, ready: Callable[[], None], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            socket.create_connection((host, port), timeout=0.5).close()
        except OSError:
            time.sleep(0.1)
        else:
            ready()
            return


if __name__ == "__main__":
    work()
