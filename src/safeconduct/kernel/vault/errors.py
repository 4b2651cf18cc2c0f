"""What can go wrong in the vault; each message says what, and where it can be, the way out."""

from __future__ import annotations


class VaultError(RuntimeError):
    """The vault cannot do what was asked."""


class RootUnavailable(VaultError):
    """The root does not answer, refuses, or does not hold what it should."""


class KeyProcessUnavailable(RootUnavailable):
    """The key process is not there, does not answer, or answers with what cannot be read."""


class KeyUseRefused(VaultError):
    """Whoever holds the keys does not do that with them: not for this purpose, or not so often."""


class SealBroken(VaultError):
    """Sealed bytes that do not open here: another key, another place, another subject, or a changed byte."""


class KeyGone(SealBroken):
    """The key of these bytes was destroyed. Nobody opens them any more."""


class Restricted(SealBroken):
    """Erasure was asked for; law or an open claim keeps these bytes until a date, for named purposes only."""


class StaleRootKey(VaultError):
    """This process's root key file is not the one that the database is used with now."""
