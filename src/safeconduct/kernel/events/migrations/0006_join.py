"""The function behind a live event's moment: the order lock, then the time and the end of the log, in one round trip.

Two statements inside, because the second must see what was committed while the lock was waited for.
"""

from django.db import migrations

JOIN = """
CREATE FUNCTION join_log(order_lock bigint, OUT now timestamptz, OUT last bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(order_lock);
    SELECT clock_timestamp(), (SELECT max(moment) FROM event) INTO now, last;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0005_access")]

    operations = [migrations.RunSQL(JOIN, "DROP FUNCTION join_log(bigint)")]
