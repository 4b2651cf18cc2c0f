"""Finds where the product uses cryptography: in Python by its syntax tree, in SQL and scripts by their words.

What counts is a use of a library (`hashlib.sha256`), whatever it was imported as. `KINDS` sorts them into the operations
of docs/security-inventory.md; what none of them knows (a new hash, another library) counts as itself, and so is met at
once. Not found: what a library does without being called for it (Django's sessions, the TLS of a proxy).
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

import safeconduct

SOURCE = Path(safeconduct.__file__).parent
#: Modules for cryptography, randomness and connections with TLS. Those that the product does not use are here to be
#: found the day that it does.
MODULES = frozenset({
    "allauth.mfa", "argon2", "bcrypt", "Crypto", "Cryptodome", "cryptography", "crypt", "django.contrib.auth.hashers",
    "django.contrib.auth.tokens", "django.core.mail", "django.core.signing", "django.utils.crypto", "ecdsa", "fido2", "hashlib", "hmac",
    "granian", "httpx", "itsdangerous", "jose", "joserfc", "jwcrypto", "jwt", "nacl", "numpy.random", "OpenSSL", "passlib",
    "psycopg", "pyhanko", "random", "requests", "rsa", "secrets", "smtplib", "ssl", "standardwebhooks", "urllib.request", "urllib3",
    "uuid", "xxhash", "zlib",
})  # fmt: skip
#: Use → operation; the first that fits. None: no operation (a type, an error, compression, a mail's text).
KINDS: tuple[tuple[str, str | None], ...] = (
    (r".*\.(Invalid\w+|\w*Error|\w*Exception|\w*Refused|BadSignature|Type\.ID)", None),
    (r"zlib\.(?!crc32|adler32).*|os\.(?!urandom|getrandom).*|django\.core\.mail\.(?!get_connection).*", None),
    (r"numpy(?!\.random).*", None),
    (r"httpx\.(BaseTransport|BasicAuth|Request|Response|URL)|psycopg\.(?!connect$).*|psycopg", None),
    (r"cryptography\..*\.AESGCM(\..*)?", "AES-256-GCM"),
    (r"cryptography\..*\.AESSIV(\..*)?", "AES-256-SIV"),
    (r"django\.contrib\.auth\.tokens\..*", "link for a password"),
    (r"cryptography\..*\.(HKDF|hashes\.SHA256)", "HKDF-SHA256"),
    (r"cryptography\..*\.Ed25519\w+(\..*)?|pow modulo", "Ed25519"),
    (r"hmac\.compare_digest", "comparison in constant time"),
    (r"hmac\.(new|digest)|django\.utils\.crypto\.salted_hmac", "HMAC-SHA256"),
    (r"hashlib\.(sha256|file_digest)|SQL sha256", "SHA-256"),
    (r"hashlib\.sha1", "SHA-1"),
    (r"hashlib\.sha512", "SHA-512"),
    (r"argon2\.low_level\.hash_secret_raw|django\..*\.Argon2PasswordHasher", "Argon2id"),
    (r"django\.core\.signing\.(Signer|TimestampSigner|dumps|loads)", "signed text"),
    (r"jwt\.(PyJWK|decode|get_unverified_header)", "identity token"),
    (r"standardwebhooks\.Webhook", "signature of a webhook"),
    (r"secrets\.\w+|os\.(urandom|getrandom)", "random numbers"),
    (r"random\.Random", "repeatable numbers"),
    (r"zlib\.(crc32|adler32)", "check sum"),
    (r"allauth\.mfa\..*|fido2\..*", "second factor"),
    (r"granian\..*|httpx\.\w+|ssl\..*|smtplib\..*|django\.core\.mail\.get_connection|psycopg\.connect", "connection"),
)
_SQL = re.compile(r"\b(sha(?:224|256|384|512)|md5|gen_random_uuid|gen_random_bytes|pgp_\w+|hmac|digest|crypt)\(")
_SQL_WORDS = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|encode|WHERE)\b")
_SCRIPT = re.compile(r"\b(crypto|subtle|Math\.random|navigator\.credentials)\b")


@lru_cache(maxsize=1)
def uses() -> dict[str, set[str]]:
    """Operation → files under the package that use it."""
    found: dict[str, set[str]] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        for operation in operations(of_python(file.read_text(encoding="utf-8"))):
            found.setdefault(operation, set()).add(str(file.relative_to(SOURCE)))
    for file in sorted(SOURCE.rglob("*.js")):
        for operation in _SCRIPT.findall(file.read_text(encoding="utf-8")):
            found.setdefault(f"browser {operation}", set()).add(str(file.relative_to(SOURCE)))
    return found


def operations(used: Iterable[str]) -> set[str]:
    """Uses, sorted into operations."""
    found = set()
    for use in used:
        fits = [kind for pattern, kind in KINDS if re.fullmatch(pattern, use)]
        found.add(fits[0] if fits else use)
    return {operation for operation in found if operation is not None}


def of_python(text: str) -> set[str]:
    """What one module uses."""
    nodes = list(ast.walk(ast.parse(text)))
    #: As the module calls it → what it is.
    names = {
        called: meant for node in nodes for called, meant in _imported(node) if _of_interest(meant)
    }  # fmt: skip
    found = set()
    attributes = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
            head, _, rest = dotted.partition(".")
            if rest and head in names and id(node) not in attributes:
                found.add(f"{names[head]}.{rest}")
        elif isinstance(node, ast.Name) and node.id in names and id(node) not in attributes:
            found.add(names[node.id])
        elif isinstance(node, ast.Call):
            found |= _by_argument(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL_WORDS.search(node.value):
            found |= {f"SQL {word}" for word in _SQL.findall(node.value)}
    return found | {
        meant for meant in names.values() if meant in MODULES and not any(o.startswith(meant) for o in found)
    }


def _by_argument(call: ast.Call) -> set[str]:
    """What a call says by its arguments: an algorithm that is named by a text, arithmetic of public keys."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "pow" and len(call.args) == 3:
        return {"pow modulo"}
    if name in {"new", "digest", "file_digest", "pbkdf2_hmac", "salted_hmac"}:
        given = [*call.args, *(one.value for one in call.keywords)]
        texts = [one.value.lower() for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return {f"hashlib.{text}" for text in texts if text in hashlib.algorithms_available and text != "sha256"}
    return set()


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Name in the module and full name, of what a statement imports."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (first, first)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


@cache
def _of_interest(name: str) -> bool:
    first = {module.partition(".")[0] for module in MODULES} | {"os"}
    return name in first - {"django"} or any(f"{name}.".startswith(f"{module}.") for module in [*MODULES, "os"])


def _dotted(node: ast.Attribute) -> str:
    parts: list[str] = []
    at: ast.expr = node
    while isinstance(at, ast.Attribute):
        parts.append(at.attr)
        at = at.value
    return ".".join([at.id, *reversed(parts)]) if isinstance(at, ast.Name) else ""
