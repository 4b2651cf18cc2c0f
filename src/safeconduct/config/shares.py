"""Nobody takes all threads: who may have how much under way in a web process, and whose turn it is.

Two bounds, kept in this process's memory. *Places*: each request holds a thread from when it is read until the last
byte of its answer was taken; one client holds so many and no more, so that others find a thread. *Turns*: of those who
hold a thread only `TURNS` work at a time, since more would but wait for each other; turns go round among clients, each
of whom has a part of them only. Whoever sends or reads slowly holds a place and no turn.

A client is an API key, a session, or for who shows neither the network they come from. What is shown is not checked
here, where nothing may be slow; so that made-up keys open no further places, a network is bounded as well.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from safeconduct.kernel.operations.problems import Code, Problem

Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]

#: How many requests work at once in a web process, of one client, and of one network. Four kept a process busy on every
#: machine measured; two more are for the others.
TURNS: Final = 6
_TURNS_OF_A_CLIENT: Final = 4
_TURNS_OF_A_NETWORK: Final = 5
#: How long a turn is waited for: longer than a page may take, shorter than the proxies we ship wait.
_PATIENCE_S: Final = 20.0
#: Bytes of a file that is read whole, so that no thread waits for who takes it.
_SHORT: Final = 256 * 1024
_TELL_S: Final = 1.0
_CLIENT: Final = "safeconduct.client"
_ALWAYS: Final = "/healthz"


class Client(NamedTuple):
    """``shown``: the key or session, else the network."""

    shown: str
    network: str


def threads_for(most: int) -> int:
    """Threads of a web process where one client may hold ``most`` places: two such clients leave none of it without."""
    return 2 * most


def client_of(environ: dict[str, Any], session_cookie: str, network_of: Callable[[str], str], proxies: int) -> Client:
    """Whom a request is counted for. ``proxies``: how many stand before us; each adds where it was asked from."""
    address = str(environ.get("REMOTE_ADDR", ""))
    if proxies:
        told = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        address = told[-proxies].strip() if len(told) >= proxies else address
    network = network_of(address)
    if str(environ.get("PATH_INFO", "")).startswith("/v1/"):
        shown = str(environ.get("HTTP_AUTHORIZATION", ""))
    else:
        _, found, rest = str(environ.get("HTTP_COOKIE", "")).partition(f"{session_cookie}=")
        shown = rest.partition(";")[0] if found else ""
    return Client(shown or network, network)


class Places:
    """The WSGI application around all others: it lets a client hold ``most`` places. ``tell`` hears now and then of the
    network that was refused last, and how often anybody was since."""

    def __init__(
        self,
        application: Application,
        most: int,
        client: Callable[[dict[str, Any]], Client],
        tell: Callable[[str, int], None] = lambda _network, _refused: None,
    ) -> None:
        self._application, self._client, self._tell = application, client, tell
        self._untold, self._tell_at = 0, 0.0
        self._most, self._most_of_a_network = most, most + most // 2
        self._guard = threading.Lock()
        self._of_clients: dict[str, int] = {}
        self._of_networks: dict[str, int] = {}

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == _ALWAYS:
            return self._application(environ, start_response)
        client = environ[_CLIENT] = self._client(environ)
        if not self._entered(client):
            self._count_refusal(client)
            return refused(environ, start_response, Code.RATE_LIMITED, "Too much of yours is under way at once.", 1)
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            self._left(client)
            raise
        if isinstance(answer, list):
            self._left(client)
            return answer
        return Held(answer, lambda: self._left(client))

    def held(self) -> int:
        """How many places are held."""
        return sum(self._of_networks.values())

    def _count_refusal(self, client: Client) -> None:
        """Tells the log now and then: a line for each would be one more flood."""
        now = time.monotonic()
        with self._guard:
            self._untold += 1
            if now < self._tell_at:
                return
            told, self._untold, self._tell_at = self._untold, 0, now + _TELL_S
        self._tell(client.network, told)

    def _entered(self, client: Client) -> bool:
        with self._guard:
            mine, of_network = self._of_clients.get(client.shown, 0), self._of_networks.get(client.network, 0)
            if mine >= self._most or of_network >= self._most_of_a_network:
                return False
            self._of_clients[client.shown], self._of_networks[client.network] = mine + 1, of_network + 1
            return True

    def _left(self, client: Client) -> None:
        with self._guard:
            _less(self._of_clients, client.shown)
            _less(self._of_networks, client.network)


class Turns:
    """The WSGI application around the pages: few work at once, and clients take turns.

    An answer that is whole in memory ends its turn before anybody reads it. One that is made while it is read takes a
    turn for each part.
    """

    def __init__(self, application: Application, patience_s: float = _PATIENCE_S) -> None:
        self._application, self._patience_s = application, patience_s
        self._guard = threading.Lock()
        self._working = 0
        self._of_clients: dict[str, int] = {}
        self._of_networks: dict[str, int] = {}
        #: Who waits, by client; the client whose turn comes next is first.
        self._waiting: OrderedDict[Client, deque[threading.Lock]] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        client = environ.get(_CLIENT)
        if client is None:
            return self._application(environ, start_response)
        if not self._take(client):
            text = "Too much is under way. Nothing was done: send it again in a few seconds."
            return refused(environ, start_response, Code.UNAVAILABLE, text, 5)
        try:
            answer = self._application(environ, start_response)
            if not _is_short(answer):
                return _InTurns(self, client, answer)
            try:
                return [b"".join(answer)]
            finally:
                answer.close()  # type: ignore[attr-defined]
        finally:
            self._give(client)

    def _take(self, client: Client) -> bool:
        with self._guard:
            if self._working < TURNS and self._may(client):
                self._count(client)
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.setdefault(client, deque()).append(mine)
        if mine.acquire(timeout=self._patience_s):
            return True
        with self._guard:
            if mine.acquire(blocking=False):  # it came in this moment
                return True
            line = self._waiting[client]
            line.remove(mine)
            if not line:
                del self._waiting[client]
            return False

    def _give(self, client: Client) -> None:
        with self._guard:
            self._working -= 1
            _less(self._of_clients, client.shown)
            _less(self._of_networks, client.network)
            if not self._waiting:
                return
            while self._working < TURNS:
                following = next(filter(self._may, self._waiting), None)
                if following is None:
                    return
                line = self._waiting.pop(following)
                self._count(following)
                line.popleft().release()
                if line:
                    self._waiting[following] = line  # behind the others

    def _may(self, client: Client) -> bool:
        return (
            self._of_clients.get(client.shown, 0) < _TURNS_OF_A_CLIENT
            and self._of_networks.get(client.network, 0) < _TURNS_OF_A_NETWORK
        )

    def _count(self, client: Client) -> None:
        self._working += 1
        self._of_clients[client.shown] = self._of_clients.get(client.shown, 0) + 1
        self._of_networks[client.network] = self._of_networks.get(client.network, 0) + 1


class Held:
    """An answer that somebody still reads. It ends once, read to its end, broken off or forgotten."""

    def __init__(self, answer: Iterable[bytes], ended: Callable[[], None]) -> None:
        self._answer, self._parts, self._ended = answer, iter(answer), ended
        self._over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._parts)

    def close(self) -> None:
        """See PEP 3333."""
        if self._over:
            return
        self._over = True
        try:
            if (close := getattr(self._answer, "close", None)) is not None:
                close()
        finally:
            self._ended()

    def __del__(self) -> None:
        self.close()


class _InTurns:
    """An answer each part of which takes a turn."""

    def __init__(self, turns: Turns, client: Client, answer: Iterable[bytes]) -> None:
        self._turns, self._client, self._answer, self._parts = turns, client, answer, iter(answer)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._turns._take(self._client):
            raise TimeoutError("no turn came for the next part of an answer")
        try:
            return next(self._parts)
        finally:
            self._turns._give(self._client)

    def close(self) -> None:
        """See PEP 3333."""
        if (close := getattr(self._answer, "close", None)) is not None:
            close()


def refused(
    environ: dict[str, Any], start_response: Start, code: Code, text: str, retry_after_s: int
) -> Iterable[bytes]:
    """A refusal in one language and without a page, which costs nothing; as a problem document where machines ask."""
    told = Problem(code, text, headers={"Retry-After": str(retry_after_s)}).response()
    content = told.content
    if not str(environ["PATH_INFO"]).startswith("/v1/"):
        content, told["Content-Type"] = text.encode(), "text/plain; charset=utf-8"
    told["Content-Length"], told["X-Content-Type-Options"] = str(len(content)), "nosniff"
    start_response(f"{told.status_code} {told.reason_phrase}", list(told.items()))
    return [content]


def _is_short(answer: Any) -> bool:
    """Whether an answer of Django's is in memory, or is a file that may as well be."""
    if not getattr(answer, "streaming", True):
        return True
    length = getattr(answer, "headers", {}).get("Content-Length", "")
    return bool(length) and int(length) <= _SHORT


def _less(counted: dict[str, int], name: str) -> None:
    """One fewer; a name that has none is forgotten."""
    left = counted.pop(name) - 1
    if left:
        counted[name] = left
