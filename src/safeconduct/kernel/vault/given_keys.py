"""What Django's settings need of the keys, before there are settings: passwords of logins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safeconduct.kernel.vault.key_file import create_key_file, derive, read_keys


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """``of``: the key of a purpose from each root key there is, that in use first; ``has_earlier``: whether the last is
    from one that is being retired."""

    of: Callable[[str], tuple[bytes, ...]]
    has_earlier: bool

    def oldest(self, purpose: str) -> bytes:
        """The key of a purpose from the root key that has served longest."""
        return self.of(purpose)[-1 if self.has_earlier else 0]


def given_keys(socket: str, file: Path, *, create: bool) -> GivenKeys:
    """From the key process behind a socket, or else from the root key file, which may be made where it is missing.

    Raises KeyProcessUnavailable, KeyFileError.
    """
    if socket:
        from safeconduct.kernel.vault.key_client import KeyClient

        client = KeyClient(socket)
        return GivenKeys(client.given_out, client.roots().earlier is not None)
    if create and not file.exists():
        create_key_file(file)
    keys = read_keys(file)
    return GivenKeys(lambda purpose: tuple(derive(key.secret, purpose) for key in keys.all), keys.earlier is not None)
