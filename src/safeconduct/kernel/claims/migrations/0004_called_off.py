from __future__ import annotations

from typing import Final

import django.db.models.expressions
from django.db import migrations, models

#: A later decision can take something off a refund: what has not gone out is called off while it runs, and what a bank
#: has paid is marked as not to be sent again, for ever. Neither grows less, and nothing else of an ended refund changes.
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
            AND (NEW.state, NEW.told, NEW.by_bank_minor, NEW.called_off_minor, NEW.due_at, NEW.ended_at)
            IS DISTINCT FROM (OLD.state, OLD.told, OLD.by_bank_minor, OLD.called_off_minor, OLD.due_at, OLD.ended_at)
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
    dependencies = [("claims", "0003_paid_by_a_bank_before")]

    operations = [
        migrations.AddField("refund", "called_off_minor", models.BigIntegerField(db_default=0)),
        migrations.AddField("refund", "not_again_minor", models.BigIntegerField(db_default=0)),
        migrations.AddConstraint(
            "refund",
            models.CheckConstraint(
                condition=models.Q(
                    ("called_off_minor__gte", 0),
                    ("not_again_minor__gte", 0),
                    (
                        "amount_minor__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("by_bank_minor"), "+", models.F("called_off_minor")
                        ),
                    ),
                    ("by_bank_minor__gte", models.F("not_again_minor")),
                ),
                name="claim_refund_called_off",
            ),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
