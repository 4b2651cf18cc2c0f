"""YAML's aliases: a file of a few lines can stand for billions of values, and whoever walks them never comes back."""

from __future__ import annotations


def written_out(value: object, most: int) -> int:
    """How many values this is with each alias written out; more than ``most`` where one contains itself.

    Raises RecursionError where it is nested deeper than Python walks.
    """
    known: dict[int, int] = {}

    def count(part: object) -> int:
        if not isinstance(part, (dict, list)):
            return 1
        if id(part) not in known:
            known[id(part)] = most + 1  # what meets itself while it is counted has no end
            known[id(part)] = 1 + sum(map(count, part.values() if isinstance(part, dict) else part))
        return known[id(part)]

    return count(value)
