"""The log: entries, tiles, checkpoints, keys, and what witnesses answered.

Nothing here is ever changed or removed: rights say so for the unprivileged logins, triggers for the owner. The one
exception is `record_detail`: a salt can be destroyed, which is how content is erased from under a commitment. A line
leaves the outbox (`leaf`) only once it stands in the log, and never changes while it waits.
"""

from django.db import migrations

TABLES = """
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
"""

APPEND_ONLY = """
CREATE FUNCTION record_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_entry FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE ON record_detail FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_tile FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_key FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_secret FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_seen FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();
CREATE TRIGGER append_only BEFORE UPDATE ON leaf FOR EACH STATEMENT EXECUTE FUNCTION record_refuses();

CREATE FUNCTION record_keeps_leaves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM gone LEFT JOIN record_entry e ON e.leaf = gone.id WHERE e.leaf IS NULL) THEN
        RAISE EXCEPTION 'a leaf leaves the outbox only into the record'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER only_into_the_record AFTER DELETE ON leaf REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION record_keeps_leaves();
"""

BACKWARDS = """
DROP TRIGGER only_into_the_record ON leaf;
DROP TRIGGER append_only ON leaf;
DROP FUNCTION record_keeps_leaves();
DROP TABLE record_seen, record_checkpoint, record_secret, record_key, record_tile, record_detail, record_entry;
DROP FUNCTION record_refuses();
"""


class Migration(migrations.Migration):
    dependencies = [("record", "0001_initial")]

    operations = [migrations.RunSQL(TABLES + APPEND_ONLY, BACKWARDS)]
