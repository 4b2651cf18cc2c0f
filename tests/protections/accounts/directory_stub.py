"""A company's directory on this machine: it asks nobody for a password, and signs real tokens with real keys.

A test says who signs in (`claims`), and what the directory does wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
CURVE = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
CLIENT, SECRET = "safeconduct", "a secret: with a colon"


def public(key: Any, key_id: str, algorithm: str) -> dict[str, Any]:
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": key_id, "alg": algorithm, "use": "sig"}


@dataclass
class DirectoryStub:
    """What it says, and of whom. ``answers``: code → what the browser asked with it."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    key: Any = CURVE
    key_id: str | None = "one"
    algorithm: str = "ES256"
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(CURVE, "one", "ES256")])
    configuration: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    refuses: str = ""

    def configured(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True, **self.configuration,
        }  # fmt: skip

    def authorize(self, address: str) -> str:
        """What a browser finds that is sent there: the way back, with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        back = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            return f"{asked['redirect_uri']}?{urlencode({**back, 'error': self.refuses})}"
        code = f"code-{len(self.answers)}"
        self.answers[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({**back, 'code': code})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote(name), unquote(secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.answers.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != proof or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"token_type": "Bearer", "access_token": "unused", "id_token": self.signed(asked["nonce"])}

    def signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce, **self.claims}
        told = {name: value for name, value in claims.items() if value is not None}
        headers = {} if self.key_id is None else {"kid": self.key_id}
        return jwt.encode(told, self.key, algorithm=self.algorithm, headers=headers)

    def signed_out(self, kind: str | None = "logout+jwt", **claims: Any) -> str:
        """A logout token of now; a claim that is None is left out."""
        now = int(time.time())
        told = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": f"t-{now}", "sub": "u-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}}, **claims,
        }  # fmt: skip
        said = {name: value for name, value in told.items() if value is not None}
        headers = {"kid": self.key_id, "typ": kind} if kind else {"kid": self.key_id, "typ": None}
        return jwt.encode(said, self.key, algorithm=self.algorithm, headers=headers)


@contextmanager
def open_directory() -> Iterator[DirectoryStub]:
    """A directory that answers on a port of its own."""
    stub = DirectoryStub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.asked.append(self.path)
            found = {"/.well-known/openid-configuration": stub.configured(), "/keys": {"keys": stub.keys}}
            self._answer(*((200, found[self.path]) if self.path in found else (404, {})))

        def do_POST(self) -> None:
            stub.asked.append(self.path)
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(sent).items()}
            self._answer(*stub.token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
