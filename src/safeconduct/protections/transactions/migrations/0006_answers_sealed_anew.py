from django.db import migrations

FORWARDS = r"""
CREATE OR REPLACE FUNCTION bank_answer_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
BACKWARDS = r"""
CREATE OR REPLACE FUNCTION bank_answer_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an answer that is on its way to the bank is never changed: %', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    """Fields of an answer to a bank can be sealed anew in the vault's present form, by the owner."""

    dependencies = [("transactions", "0005_early_warnings")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
