"""What the log needs of the database beside its tables."""

from django.db import migrations

#: Sealed bytes do not get smaller by being compressed.
BODY = """
ALTER TABLE event_body ALTER COLUMN sealed SET STORAGE EXTERNAL;
"""
#: The function behind `events.ordering.settle`.
#:
#: The order lock is taken inside a block whose exception ends it, which gives the lock back at once, whatever happens: a
#: lock of the session, taken and released by two calls, stays held for good where a statement's time runs out just as the
#: lock is granted.
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
#: The function behind a live event's moment: the order lock, then the time and the end of the log, in one round trip.
#:
#: Two statements inside, because the second must see what was committed while the lock was waited for.
JOIN = """
CREATE FUNCTION join_log(order_lock bigint, OUT now timestamptz, OUT last bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(order_lock);
    SELECT clock_timestamp(), (SELECT max(moment) FROM event) INTO now, last;
END
$$;
"""
#: Django makes an index for patterns of a unique text: nobody looks for the beginning of an id, and each event would be
#: written into it.
LEAN = "DROP INDEX event_id_7fab64e3_like"


class Migration(migrations.Migration):
    dependencies = [("events", "0001_tables")]
    operations = [migrations.RunSQL(BODY), migrations.RunSQL(SETTLE), migrations.RunSQL(JOIN), migrations.RunSQL(LEAN)]
