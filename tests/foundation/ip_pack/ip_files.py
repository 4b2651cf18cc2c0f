"""Files about addresses as operators download them, written for tests."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mmdb_writer import MMDBWriter
from netaddr import IPSet

#: Two places of a city database; the distances between them are those of Paris, Shanghai and Lyon.
CITIES: dict[str, dict[str, Any]] = {
    "5.6.0.0/16": {"country": {"iso_code": "FR"}, "location": {"latitude": 48.9, "longitude": 2.4}},
    "101.80.0.0/12": {"country": {"iso_code": "CN"}, "location": {"latitude": 31.2, "longitude": 121.5}},
    "5.7.0.0/16": {"country": {"iso_code": "FR"}, "location": {"latitude": 45.8, "longitude": 4.8}},
}


def mmdb(file: Path, networks: dict[str, dict[str, Any]], kind: str, *, built: datetime) -> Path:
    """A MaxMind-DB file."""
    writer = MMDBWriter(6, kind, ipv4_compatible=True, languages=["en"], description="Made up for tests")
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    with patch("mmdb_writer.time.time", built.timestamp):
        writer.to_db_file(str(file))
    return file


def table(folder: Path, *lines: str, name: str = "table.csv") -> Path:
    """A file of lines, last written on 20 May 2026."""
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    written = datetime(2026, 5, 20, tzinfo=UTC).timestamp()
    os.utime(file, (written, written))
    return file
