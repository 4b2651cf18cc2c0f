"""Names of cookies that one host alone can set."""

from __future__ import annotations


def host_cookie(name: str, *, secure: bool) -> str:
    """The whole name: with ``__Host-`` browsers take a cookie from this host only, over TLS, for all of its addresses.
    Without TLS they refuse the prefix (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if secure else name
