"""Tests of settings and of what every answer carries run on a real database."""

from __future__ import annotations

import tests.django_world as world

assert world
