from __future__ import annotations

from typing import Final

from django.db import migrations

#: A refund that is decided on when a bank has paid it already: what is to be sent of it is within what is left, and what
#: the bank paid is within what banks have.
RULES: Final = """
CREATE OR REPLACE FUNCTION claim_refund_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    there bigint;
    bank bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND (
        OLD.ended_at IS NOT NULL OR NEW.by_bank_minor < OLD.by_bank_minor
        OR (NEW.key, NEW.claim_id, NEW.part_id, NEW.item, NEW.amount_minor, NEW.currency)
            IS DISTINCT FROM (OLD.key, OLD.claim_id, OLD.part_id, OLD.item, OLD.amount_minor, OLD.currency)) THEN
        RAISE EXCEPTION 'refund % has ended, or is for what it is for', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.part_id IS NOT NULL THEN
        SELECT p.amount_minor - p.running_minor - p.sent_minor - greatest(p.bank_minor, 0), greatest(p.bank_minor, 0)
            INTO there, bank FROM claim_part p JOIN claim c ON c.line_id = p.line_id
            WHERE p.id = NEW.part_id AND c.id = NEW.claim_id FOR NO KEY UPDATE OF p;
        IF there IS NULL THEN
            RAISE EXCEPTION 'refund % is of another line than its claim', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NOT NEW.told AND (NEW.amount_minor - NEW.by_bank_minor > greatest(there, 0) OR NEW.by_bank_minor > bank) THEN
            RAISE EXCEPTION 'refund % is more than what is left of the payment', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF NEW.item = 'refund' AND NEW.state = 'sent' AND NOT NEW.told
        AND EXISTS (SELECT FROM claim c WHERE c.id = NEW.claim_id AND c.frozen_at IS NOT NULL) THEN
        RAISE EXCEPTION 'refund % is frozen while the bank decides about the same money', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0002_made_whole_once")]

    operations = [migrations.RunSQL(RULES, migrations.RunSQL.noop)]
