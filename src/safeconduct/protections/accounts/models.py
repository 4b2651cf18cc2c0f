"""What account security keeps; the tables of each part lie in its folder."""

from __future__ import annotations
