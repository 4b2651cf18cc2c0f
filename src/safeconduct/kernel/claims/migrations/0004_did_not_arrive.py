from __future__ import annotations

from typing import Final

from django.db import migrations

#: A refund that had gone out can turn out not to have arrived: then it has failed, and what was counted as sent is not.
#: Nothing else of a refund that ended changes, but what a later decision says is not to be sent again.
RULES: Final = """
CREATE OR REPLACE FUNCTION claim_refund_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    there bigint;
    bank bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND (
        NEW.by_bank_minor < OLD.by_bank_minor OR NEW.called_off_minor < OLD.called_off_minor
        OR NEW.not_again_minor < OLD.not_again_minor
        OR OLD.ended_at IS NOT NULL
            AND (NEW.told, NEW.by_bank_minor, NEW.called_off_minor, NEW.due_at)
            IS DISTINCT FROM (OLD.told, OLD.by_bank_minor, OLD.called_off_minor, OLD.due_at)
        OR OLD.ended_at IS NOT NULL AND (NEW.state, NEW.ended_at) IS DISTINCT FROM (OLD.state, OLD.ended_at)
            AND NOT (OLD.state = 'sent' AND NEW.state = 'failed' AND NEW.ended_at >= OLD.ended_at)
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
CREATE OR REPLACE FUNCTION claim_counts_refunds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    running bigint := 0;
    sent bigint := 0;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NOT NULL THEN
        IF OLD.state = 'sent' AND NEW.state = 'failed' THEN
            UPDATE claim_part
                SET sent_minor = sent_minor - (OLD.amount_minor - OLD.by_bank_minor - OLD.called_off_minor)
                WHERE id = NEW.part_id;
        END IF;
        RETURN NULL;  -- what is not asked for again was counted as the bank's
    END IF;
    IF NEW.state IN ('requested', 'frozen') THEN running := NEW.amount_minor - NEW.by_bank_minor - NEW.called_off_minor; END IF;
    IF NEW.state = 'sent' THEN sent := NEW.amount_minor - NEW.by_bank_minor - NEW.called_off_minor; END IF;
    IF TG_OP = 'UPDATE' THEN
        running := running - (OLD.amount_minor - OLD.by_bank_minor - OLD.called_off_minor);
    END IF;
    IF running <> 0 OR sent <> 0 THEN
        UPDATE claim_part SET running_minor = running_minor + running, sent_minor = sent_minor + sent
            WHERE id = NEW.part_id;
    END IF;
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0003_running_of_a_seller")]

    operations = [migrations.RunSQL(RULES, migrations.RunSQL.noop)]
