"""How other systems meet Safeconduct: Stripe, Shopify, and files of rows become canonical events.

A connector is one mapping file, read by a small engine. Pure functions: no database, no network, no clock.
"""

from __future__ import annotations

from safeconduct.connectors.connector import Connector, UnknownConnectorError, connector_names, load_connector
from safeconduct.connectors.loading import check_mapping, load_text
from safeconduct.connectors.mapping import ConnectorMapping, MappingError, MappingProblem
from safeconduct.connectors.results import (
    DroppedField,
    OptionError,
    Reading,
    RefusalReason,
    RefusedItem,
    UnknownItem,
)
from safeconduct.connectors.rows import RowProblem, read_rows
from safeconduct.connectors.signatures import SignatureReason, SignatureRefused

names = connector_names

__all__ = [
    "Connector",
    "ConnectorMapping",
    "DroppedField",
    "MappingError",
    "MappingProblem",
    "OptionError",
    "Reading",
    "RefusalReason",
    "RefusedItem",
    "RowProblem",
    "SignatureReason",
    "SignatureRefused",
    "UnknownConnectorError",
    "UnknownItem",
    "check_mapping",
    "connector_names",
    "load_connector",
    "load_text",
    "names",
    "read_rows",
]
