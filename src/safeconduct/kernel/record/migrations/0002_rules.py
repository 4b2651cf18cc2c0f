"""Nothing of the log is ever changed or removed: rights say so for the unprivileged logins, triggers for the owner. The one
exception is `record_detail`: a salt can be destroyed, which is how content is erased from under a commitment. A line
leaves the outbox (`leaf`) only once it stands in the log, and never changes while it waits."""

from django.db import migrations

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


class Migration(migrations.Migration):
    dependencies = [("record", "0001_tables")]
    operations = [migrations.RunSQL(APPEND_ONLY)]
