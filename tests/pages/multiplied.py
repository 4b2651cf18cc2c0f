"""Every table filled up to many rows by copies of the few it has: nobody has to tell this of a new table.

A copy differs from its row in what must be unique, and in nothing else: it belongs to the same seller, case or policy,
so lists grow and so does what hangs on one thing. Constraints and foreign keys hold; only triggers are off meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from safeconduct.kernel.notices.webhooks.endpoints import MOST_ENDPOINTS
from safeconduct.kernel.scope import owner_scope, query

#: How a value of a type becomes another one, by the copy's number ``n``. A type further up is changed rather.
_ANOTHER = {
    "uuid": "gen_random_uuid()",
    "bigint": "{c} + n * 1000003",
    "character varying": "CASE WHEN length({c}) > 9 THEN overlay({c} placing lpad(n::text, 4, '0') from length({c}) - 3)"
    " ELSE {c} || '-' || n END",
    "text": "CASE WHEN length({c}) > 9 THEN overlay({c} placing lpad(n::text, 4, '0') from length({c}) - 3)"
    " ELSE {c} || '-' || n END",
    "timestamp with time zone": "{c} + n * interval '1 second'",
    "bytea": "overlay({c} placing int4send(n) from 1)",
    "integer": "{c} + n * 1009",
    "date": "{c} + n",
    "smallint": "{c} + n",
}
#: Addresses are sealed, and one that was changed opens no more; in clear, as earlier versions kept them, they are read.
_ADDRESS = "left(md5({c}), 8) || n || '@example.org'"
#: Columns that hold a word of a closed list, or whose the row is: with another value it would be another thing, or
#: nobody's on the pages that are looked at.
_KEPT = frozenset({
    "regime", "clock", "place", "kind", "code", "currency", "role", "policy", "line", "language", "zone", "slot", "name",
    "seller_key", "seller_id", "country",
})  # fmt: skip
#: Tables of which no copies are made, and why.
_ALONE = {
    "django_migrations": "Django's own", "record_secret": "sealed to its own id",
    **dict.fromkeys(("record_key", "record_entry", "record_detail", "record_tile", "record_checkpoint"), "one chain"),
    **dict.fromkeys(("sign_in_session", "event_body", "case_message"), "sealed to its own id"),
}  # fmt: skip
#: Tables that the product itself lets grow only so far.
_AT_MOST = {"webhook_endpoint": MOST_ENDPOINTS}
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition AND a.attnum > 0
  AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY 1, a.attnum
"""
_UNIQUE = """
SELECT c.relname, array_agg(a.attname::text ORDER BY k.n) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, n)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace GROUP BY 1, i.indexrelid, i.indisprimary
ORDER BY 1, i.indisprimary DESC
"""
_KEYS = """
SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text, b.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1
"""


@dataclass(slots=True)
class _Table:
    name: str
    columns: dict[str, str] = field(default_factory=dict)
    unique: list[list[str]] = field(default_factory=list)
    parents: dict[str, tuple[str, str]] = field(default_factory=dict)

    def changed(self) -> dict[str, str]:
        """Columns whose values differ in a copy, with how: one of each unique index, its own rather than a parent's."""
        found: dict[str, str] = {}
        for index in self.unique:
            if found.keys() & set(index):
                continue
            able = [name for name in index if self.columns.get(name) in _ANOTHER and name not in _KEPT]
            order = list(_ANOTHER)
            able.sort(key=lambda name: (name in self.parents, order.index(self.columns[name])))
            if able:
                another = _ADDRESS if able[0] == "email" else _ANOTHER[self.columns[able[0]]]
                found[able[0]] = another.format(c=f'r."{able[0]}"')
        return found


def multiply(rows: int) -> dict[str, int]:
    """Copies the rows of every table that has some, until it has at least so many or nothing more is allowed. Returns
    how many each has afterwards, of those that had any."""
    tables = list(_tables())
    with owner_scope():
        have = {table.name: _count(table.name) for table in tables}
        have = {name: count for name, count in have.items() if count}
        used = [table for table in tables if table.name in have]
        query("SET CONSTRAINTS ALL IMMEDIATE")
        for table in used:
            query(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
        # A row that hangs on another's copy comes after it; three rounds reach the grandchildren.
        for _ in range(3):
            for table in used:
                wanted = _AT_MOST.get(table.name, rows)
                if have[table.name] < wanted:
                    _copy(table, ceil(wanted / have[table.name]))
                    have[table.name] = _count(table.name)
        for table in used:
            query(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
    with owner_scope():
        query("ANALYZE")
    return have


def _tables() -> Iterator[_Table]:
    found: dict[str, _Table] = {}
    with owner_scope():
        for name, column, kind in query(_COLUMNS):
            found.setdefault(name, _Table(name)).columns[column] = kind
        for name, columns in query(_UNIQUE):
            if name in found:
                found[name].unique.append(columns)
        for name, column, parent, key in query(_KEYS):
            if name in found:
                found[name].parents[column] = (parent, key)
    for table in found.values():
        if table.name not in _ALONE:
            yield table


def _copy(table: _Table, times: int) -> None:
    changed = table.changed()
    names = ", ".join(f'"{name}"' for name in table.columns)
    values = ", ".join(changed.get(name, f'r."{name}"') for name in table.columns)
    there = "".join(
        f' AND EXISTS (SELECT FROM {parent} p WHERE p."{key}" = {changed[column]})'
        for column, (parent, key) in table.parents.items()
        if column in changed
    )
    query(
        f'INSERT INTO "{table.name}" ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM "{table.name}" r'
        f" CROSS JOIN generate_series(1, {times}) AS n WHERE true{there} ON CONFLICT DO NOTHING"
    )


def _count(name: str) -> int:
    (count,) = query(f'SELECT count(*) FROM "{name}"').fetchone() or (0,)
    return int(count)
