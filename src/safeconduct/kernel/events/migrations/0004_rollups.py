"""Roll-ups of keys with very many events: which keys have one, its buckets, and when each value was last seen.

`foundation.policy.hot_keys` says what they mean. Rows of `rollup` and `rollup_seen` belong to a row of `hot_key` by its
id; one that is `gone` counts no more at once, and its buckets are removed afterwards.
"""

from django.db import migrations

HOT_KEY = """
CREATE TABLE hot_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bigint NOT NULL,
    "window" bigint NOT NULL,
    built_from bigint NOT NULL,
    built_to bigint NOT NULL,
    finest smallint NOT NULL,
    gone boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX hot_key_current ON hot_key (key, "window") WHERE NOT gone;
"""

ROLLUP = """
CREATE TABLE rollup (
    hot bigint NOT NULL,
    level smallint NOT NULL,
    bucket bigint NOT NULL,
    n bigint NOT NULL,
    total numeric,
    low bigint,
    high bigint,
    PRIMARY KEY (hot, level, bucket)
);
"""

SEEN = """
CREATE TABLE rollup_seen (
    hot bigint NOT NULL,
    value text COLLATE "C" NOT NULL,
    last_moment bigint NOT NULL,
    PRIMARY KEY (hot, value)
);
CREATE INDEX rollup_seen_by_moment ON rollup_seen (hot, last_moment);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_settle")]

    operations = [
        migrations.RunSQL(HOT_KEY, "DROP TABLE hot_key"),
        migrations.RunSQL(ROLLUP, "DROP TABLE rollup"),
        migrations.RunSQL(SEEN, "DROP TABLE rollup_seen"),
    ]
