"""The function behind `events.ordering.settle`.

The order lock is taken inside a block whose exception ends it, which gives the lock back at once, whatever happens: a
lock of the session, taken and released by two calls, stays held for good where a statement's time runs out just as the
lock is granted.
"""

from django.db import migrations

SETTLE = """
CREATE FUNCTION settle_log(order_lock bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    settled bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(order_lock);
    -- A statement of its own, so that it sees what was committed while the lock was waited for.
    SELECT greatest(
        (extract(epoch FROM clock_timestamp() - timestamptz '2020-01-01 00:00:00+00') * 1000000)::bigint * 4096,
        (SELECT max(moment) + 1 FROM event),
        (SELECT max(imported) + 1 FROM fact WHERE imported IS NOT NULL)
    ) INTO settled;
    RAISE EXCEPTION USING ERRCODE = 'SAFE0';
EXCEPTION WHEN SQLSTATE 'SAFE0' THEN
    RETURN settled;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_facts")]

    operations = [migrations.RunSQL(SETTLE, "DROP FUNCTION settle_log(bigint)")]
