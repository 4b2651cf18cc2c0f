from __future__ import annotations

from django.db import migrations

#: What the fund has paid for now counts as given until it goes back: for good and for now together, nobody has more than
#: the order lost.
RULES = """
CREATE OR REPLACE FUNCTION claim_whole_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
    SELECT sum(CASE WHEN event IN (
                   'reimbursement_taken_back', 'representment_won_after_reimbursement', 'provisional_reimbursement_ended')
               THEN -1 ELSE 1 END
               * ((amounts->>'amount')::bigint - coalesce((amounts->>'fee')::bigint, 0))) INTO given
        FROM ledger_transaction
        WHERE order_key = NEW.order_key AND currency = NEW.currency AND event IN (
            'protection_reimbursement', 'provisional_reimbursement', 'abuse_proven', 'carrier_claim_to_seller',
            'reimbursement_taken_back', 'representment_won_after_reimbursement', 'provisional_reimbursement_ended');
    IF given > lost THEN
        RAISE EXCEPTION 'the seller of order % would be made whole twice: % of % %', NEW.order_key, given, lost,
            NEW.currency USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0004_called_off")]

    operations = [migrations.RunSQL(RULES, migrations.RunSQL.noop)]
