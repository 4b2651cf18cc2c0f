"""The log: entries, tiles, checkpoints, keys, and what witnesses answered. What witnesses signed is looked up by the
checkpoint's size, on every page and in every proof."""

import django.utils.timezone
from django.db import migrations, models

LOG = """
CREATE TABLE record_entry (
    index bigint PRIMARY KEY CHECK (index >= 0),
    leaf bigint NOT NULL UNIQUE,
    kind text NOT NULL,
    subject text NOT NULL,
    data bytea NOT NULL CHECK (octet_length(data) BETWEEN 2 AND 65535)
);
CREATE INDEX record_entry_by_subject ON record_entry (subject);
CREATE TABLE record_detail (
    index bigint PRIMARY KEY,
    salt bytea NOT NULL CHECK (octet_length(salt) = 32),
    body jsonb
);
CREATE TABLE record_tile (
    level smallint NOT NULL CHECK (level >= 0),
    number bigint NOT NULL CHECK (number >= 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, number)
);
ALTER TABLE record_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
CREATE TABLE record_key (
    number int PRIMARY KEY CHECK (number > 0),
    name text NOT NULL,
    public bytea NOT NULL UNIQUE CHECK (octet_length(public) = 32),
    vouched text NOT NULL,
    made_at timestamptz NOT NULL,
    CHECK ((number = 1) = (vouched = ''))
);
CREATE TABLE record_secret (
    number int PRIMARY KEY REFERENCES record_key,
    sealed bytea NOT NULL
);
CREATE TABLE record_checkpoint (
    size bigint NOT NULL CHECK (size > 0),
    key int NOT NULL REFERENCES record_key,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (size, key)
);
CREATE TABLE record_seen (
    place text NOT NULL,
    size bigint NOT NULL,
    line text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (place, size)
);
CREATE INDEX record_seen_by_size ON record_seen (size) WHERE line <> '';
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=40)),
                ("body", models.JSONField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "leaf",
            },
        ),
        migrations.RunSQL(LOG),
    ]
