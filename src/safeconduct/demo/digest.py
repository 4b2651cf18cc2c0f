"""One number for a whole world: two that are equal byte for byte have the same."""

from __future__ import annotations

import hashlib
import json
from itertools import chain

from safeconduct.demo.complaints import complaint_lines
from safeconduct.demo.cover import cover_lines, covers
from safeconduct.demo.truth import truth_lines
from safeconduct.demo.world import World


def world_sha256(world: World) -> str:
    """One digest over every event, label and complaint, and what cover every order deserves, in hexadecimal."""
    digest = hashlib.sha256()
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for event in world.events:
        digest.update(encode(event).encode())
        digest.update(b"\n")
    for line in chain(truth_lines(world.truth), cover_lines(covers(world)), complaint_lines(world.complaints)):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()
