from __future__ import annotations

from django.db import migrations

#: An order in trouble never gives its seller more than was paid for it, or than went back of it where that was more.
#: Judged when the transaction ends, because what is lost and what is given stand in the same one. Orders of which no
#: payment is known, and other currencies than that of the payment, are not measured.
RULES = """
CREATE FUNCTION claim_whole_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    given bigint;
    lost bigint;
BEGIN
    SELECT sum(greatest(p.amount_minor, p.sent_minor + greatest(p.bank_minor, 0))) INTO lost
        FROM claim_line l JOIN claim_part p ON p.line_id = l.id
        WHERE l.order_key = NEW.order_key AND l.currency = NEW.currency;
    IF coalesce(lost, 0) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT sum(CASE WHEN event IN ('reimbursement_taken_back', 'representment_won_after_reimbursement') THEN -1 ELSE 1 END
               * ((amounts->>'amount')::bigint - coalesce((amounts->>'fee')::bigint, 0))) INTO given
        FROM ledger_transaction
        WHERE order_key = NEW.order_key AND currency = NEW.currency AND event IN (
            'protection_reimbursement', 'provisional_reimbursement', 'abuse_proven', 'carrier_claim_to_seller',
            'reimbursement_taken_back', 'representment_won_after_reimbursement');
    IF given > lost THEN
        RAISE EXCEPTION 'the seller of order % would be made whole twice: % of % %', NEW.order_key, given, lost,
            NEW.currency USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER whole_once AFTER INSERT ON ledger_transaction DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.order_key IS NOT NULL AND NEW.event IN (
        'protection_reimbursement', 'provisional_reimbursement', 'abuse_proven', 'carrier_claim_to_seller'))
    EXECUTE FUNCTION claim_whole_once();
"""
UNDO = "DROP TRIGGER whole_once ON ledger_transaction; DROP FUNCTION claim_whole_once();"


class Migration(migrations.Migration):
    dependencies = [("claims", "0001_initial"), ("ledger", "0001_initial")]

    operations = [migrations.RunSQL(RULES, UNDO)]
