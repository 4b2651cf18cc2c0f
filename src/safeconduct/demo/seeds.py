"""One integer makes the whole world: every module draws from a generator of its own, derived from it.

So a change in one module does not move what another one draws, and neither the clock nor the interpreter's hash seed
has a say.
"""

from __future__ import annotations

import hashlib
from random import Random


def generator(seed: int, name: str) -> Random:
    """The random generator that belongs to this name under this seed, the same in every process."""
    digest = hashlib.sha256(f"safeconduct-demo:{seed}:{name}".encode()).digest()
    return Random(int.from_bytes(digest[:16], "big"))  # noqa: S311 - repeatable on purpose, guards nothing


def token(rng: Random, length: int = 12) -> str:
    """Lower-case hexadecimal letters, as fingerprints and references are written; unique in practice from 12 on."""
    return f"{rng.getrandbits(4 * length):0{length}x}"
