"""A witness over HTTP, as C2SP tlog-witness describes it: it signs what continues what it saw, and nothing else."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import override_settings
from tests.kernel.record.builders import NOW, leaves

from safeconduct.foundation.merkle.proofs import verify_consistency
from safeconduct.foundation.signed_note import COSIGNATURE, Checkpoint, Note, VerifierKey, cosign
from safeconduct.kernel.record import publishing, sequencer, store
from safeconduct.kernel.scope import engine_scope

NAME = "witness.example"
KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"the key of a witness").digest())
VERIFIER = VerifierKey(NAME, KEY.public_key().public_bytes_raw(), COSIGNATURE)


class Witness:
    """Remembers the last checkpoint; checks the proof of growth; signs."""

    def __init__(self) -> None:
        self.seen: Checkpoint | None = None
        self.asked = 0
        self.signs = True

    def answer(self, body: str) -> tuple[int, str]:
        self.asked += 1
        head, _, note = body.partition("\n\n")
        old, *proof = head.split("\n")
        text = Note.parse(note).text
        said = Checkpoint.parse(text)
        known = self.seen.size if self.seen else 0
        if int(old.removeprefix("old ")) != known:
            return 409, f"{known}\n"
        if self.seen is not None:
            parts = [base64.b64decode(part) for part in proof]
            verify_consistency(known, said.size, self.seen.root, said.root, parts)
        self.seen = said
        key = KEY if self.signs else Ed25519PrivateKey.generate()
        return 200, f"{cosign(text, NAME, key, 1_780_000_000)}\n"


@contextmanager
def running(witness: Witness) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, text = witness.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with override_settings(RECORD_WITNESSES=[f"http://127.0.0.1:{server.server_port}/ {VERIFIER}"]):
            yield
    finally:
        server.shutdown()
        server.server_close()


def grow(first: int, count: int = 90) -> None:
    leaves(count, first=first)
    sequencer.sequence(now=NOW)


def test_a_witness_signs_each_checkpoint_and_stands_in_it() -> None:
    witness = Witness()
    with running(witness):
        for first in (0, 90, 180):
            grow(first)
            assert publishing.publish(NOW, every_s=0) == [NAME]
        assert publishing.publish(NOW, every_s=0) == [], "it has seen this one"
    assert witness.asked == 3
    with engine_scope():
        head = store.head()
        assert head is not None
        assert publishing.with_witnesses(head).verified([VERIFIER]) == (VERIFIER,)
        assert publishing.last_seen() == [(NAME, 270, NOW)]


def test_a_witness_that_knows_more_than_we_remember_is_asked_again_from_there() -> None:
    witness = Witness()
    grow(0)
    with engine_scope():
        head = store.head()
    assert head is not None
    witness.seen = Checkpoint.parse(Note.parse(head.note).text)
    grow(90)
    with running(witness):
        assert publishing.publish(NOW, every_s=0) == [NAME]
    assert witness.asked == 2


def test_a_signature_that_is_not_the_witnesses_is_not_kept_and_nothing_waits_for_it() -> None:
    witness = Witness()
    witness.signs = False
    grow(0)
    with running(witness):
        assert publishing.publish(NOW, every_s=0) == []
        grow(90)
    with engine_scope():
        assert publishing.last_seen() == []
        head = store.head()
    assert head is not None
    assert head.size == 180


def test_a_witness_that_does_not_answer_is_tried_again() -> None:
    grow(0)
    with override_settings(RECORD_WITNESSES=[f"http://127.0.0.1:9/ {VERIFIER}"]):
        assert publishing.publish(NOW, every_s=0) == []
    with running(Witness()):
        assert publishing.publish(NOW, every_s=0) == [NAME]
