from django.db import migrations

#: What was sent to a bank is never changed, and the history of its disputes never at all.
ANSWERS = r"""
CREATE FUNCTION bank_answer_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The owner alone puts the vault's present form (2) in the place of form 1; nothing else changes with it.
    IF substr(OLD.fields, 1, 1) = '\x01' AND substr(NEW.fields, 1, 1) = '\x02'
        AND (to_jsonb(NEW) - 'fields') = (to_jsonb(OLD) - 'fields')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an answer that is on its way to the bank is never changed: %', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER sent_once BEFORE UPDATE ON bank_answer FOR EACH ROW WHEN (
    OLD.state <> 'staged' AND (OLD.state = 'sent' OR NEW.state = 'staged' OR
        (OLD.dispute_id, OLD.stage, OLD.kind, OLD.sha256, OLD.manifest, OLD.fields, OLD.queued_at, OLD.queued_by)
        IS DISTINCT FROM
        (NEW.dispute_id, NEW.stage, NEW.kind, NEW.sha256, NEW.manifest, NEW.fields, NEW.queued_at, NEW.queued_by))
) EXECUTE FUNCTION bank_answer_refuses();
CREATE FUNCTION bank_dispute_step_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a dispute is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON bank_dispute_step
    FOR EACH STATEMENT EXECUTE FUNCTION bank_dispute_step_refuses();
"""
#: A file for a bank is never changed; it is removed, and stays for what was made of it.
DOCUMENTS = """
CREATE FUNCTION bank_document_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a file for a bank is never changed; remove it and add another: %', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER never_changed BEFORE UPDATE ON bank_document FOR EACH ROW WHEN (
    OLD.removed_at IS NOT NULL OR (to_jsonb(OLD) - 'removed_at' - 'removed_by')
        IS DISTINCT FROM (to_jsonb(NEW) - 'removed_at' - 'removed_by')
) EXECUTE FUNCTION bank_document_refuses();
"""


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_tables")]
    operations = [migrations.RunSQL(ANSWERS), migrations.RunSQL(DOCUMENTS)]
