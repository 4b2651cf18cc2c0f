from django.db import migrations

#: What no login can do, whatever the program says: nobody is paid twice by us, and what a bank took is never forgotten.
#: A refund that is decided on when a bank has paid it already: what is to be sent of it is within what is left, and what
#: the bank paid is within what banks have. A later decision can take something off a refund: what has not gone out is
#: called off while it runs, and what a bank has paid is marked as not to be sent again, for ever. Neither grows less, and
#: nothing else of an ended refund changes.
RULES = """
CREATE FUNCTION claim_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'claims keep what they have: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_payment FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_line FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_bank_debit
    FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_bank_share
    FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_step FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_part FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_channel FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_refund FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_recovery FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
-- What has ended has ended: new trouble is a new claim, a bank that comes back is the next round of its channel.
CREATE TRIGGER stays_closed BEFORE UPDATE ON claim
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL OR NEW.line_id <> OLD.line_id) EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER stays_ended BEFORE UPDATE ON claim_channel
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL OR NEW.kind <> OLD.kind OR NEW.claim_id <> OLD.claim_id)
    EXECUTE FUNCTION claim_refuses();
-- Sums follow the rows they sum up: only the triggers below may change them, not even the owner by hand.
CREATE TRIGGER kept_by_rows BEFORE UPDATE OF running_minor, sent_minor, bank_minor ON claim_part
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER only_grows BEFORE UPDATE ON claim_part
    FOR EACH ROW WHEN (NEW.amount_minor < OLD.amount_minor OR NEW.line_id <> OLD.line_id
                       OR NEW.payment_id <> OLD.payment_id)
    EXECUTE FUNCTION claim_refuses();

-- An order is its one line, or has lines with names; both at once would count its money twice.
CREATE FUNCTION claim_line_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('claim_line'), hashtext(NEW.order_key::text));
    IF EXISTS (SELECT FROM claim_line WHERE order_key = NEW.order_key AND (name = '') <> (NEW.name = '')) THEN
        RAISE EXCEPTION 'order % is one line, or has lines with names', NEW.order_key
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER begins AFTER INSERT ON claim_line FOR EACH ROW EXECUTE FUNCTION claim_line_begins();

CREATE FUNCTION claim_part_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.running_minor := 0;
    NEW.sent_minor := 0;
    NEW.bank_minor := 0;
    IF NOT EXISTS (SELECT FROM claim_line l JOIN claim_payment p ON p.currency = l.currency
                   WHERE l.id = NEW.line_id AND p.id = NEW.payment_id AND l.seller_key = NEW.seller_key) THEN
        RAISE EXCEPTION 'part % is of another seller or currency than its line', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER begins BEFORE INSERT ON claim_part FOR EACH ROW EXECUTE FUNCTION claim_part_begins();

CREATE FUNCTION claim_refund_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
CREATE TRIGGER is_allowed BEFORE INSERT OR UPDATE ON claim_refund
    FOR EACH ROW EXECUTE FUNCTION claim_refund_is_allowed();

CREATE FUNCTION claim_counts_refunds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
CREATE TRIGGER counts AFTER INSERT OR UPDATE ON claim_refund
    FOR EACH ROW WHEN (NEW.part_id IS NOT NULL) EXECUTE FUNCTION claim_counts_refunds();

CREATE FUNCTION claim_counts_bank() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE claim_part SET bank_minor = bank_minor + NEW.paid_minor WHERE id = NEW.part_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER counts AFTER INSERT ON claim_bank_share FOR EACH ROW EXECUTE FUNCTION claim_counts_bank();

-- A debit is spread whole: over parts of its own payment, and to the last unit in both currencies.
CREATE FUNCTION claim_shares_add_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    debit claim_bank_debit;
BEGIN
    SELECT d.* INTO debit FROM claim_bank_debit d
        WHERE d.id = CASE TG_TABLE_NAME WHEN 'claim_bank_debit' THEN to_jsonb(NEW)->>'id'
                                        ELSE to_jsonb(NEW)->>'debit_id' END;
    IF (SELECT coalesce(sum(s.amount_minor), 0) <> debit.amount_minor OR coalesce(sum(s.paid_minor), 0) <> debit.paid_minor
               OR bool_or(p.payment_id <> debit.payment_id OR p.seller_key <> s.seller_key)
        FROM claim_bank_share s JOIN claim_part p ON p.id = s.part_id WHERE s.debit_id = debit.id) THEN
        RAISE EXCEPTION 'the shares of debit % are not the debit', debit.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER adds_up AFTER INSERT ON claim_bank_debit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_shares_add_up();
CREATE CONSTRAINT TRIGGER adds_up AFTER INSERT ON claim_bank_share DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_shares_add_up();

-- What follows from the rows is what they say when a transaction of the database ends.
CREATE FUNCTION claim_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    of_claim text := CASE TG_TABLE_NAME WHEN 'claim' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'claim_id' END;
    live bigint;
    bank bigint;
    running bigint;
    unfrozen bigint;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE kind = 'chargeback') INTO live, bank
        FROM claim_channel WHERE claim_id = of_claim AND ended_at IS NULL;
    SELECT count(*), count(*) FILTER (WHERE state = 'requested' AND item = 'refund') INTO running, unfrozen
        FROM claim_refund WHERE claim_id = of_claim AND ended_at IS NULL;
    IF EXISTS (SELECT FROM claim c WHERE c.id = of_claim AND (
            (c.frozen_at IS NOT NULL) <> (bank > 0) OR c.frozen_at IS NOT NULL AND unfrozen > 0
            OR c.closed_at IS NOT NULL AND (live > 0 OR running > 0))) THEN
        RAISE EXCEPTION 'claim % is not what its channels and refunds say; use kernel.claims.settling', of_claim
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER follows AFTER INSERT OR UPDATE ON claim DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_follows();
CREATE CONSTRAINT TRIGGER follows AFTER INSERT OR UPDATE ON claim_channel DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_follows();
CREATE CONSTRAINT TRIGGER follows AFTER INSERT OR UPDATE ON claim_refund DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_follows();

CREATE FUNCTION claim_recovers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    of_part text := CASE TG_TABLE_NAME WHEN 'claim_part' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'part_id' END;
BEGIN
    IF EXISTS (SELECT FROM claim_part p LEFT JOIN claim_recovery r ON r.part_id = p.id
               WHERE p.id = of_part AND p.excess_minor <> coalesce(r.due_minor, 0)) THEN
        RAISE EXCEPTION 'what the buyer got twice of part % is not what is to be recovered', of_part
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER recovers AFTER INSERT OR UPDATE ON claim_part DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_recovers();
CREATE CONSTRAINT TRIGGER recovers AFTER INSERT OR UPDATE ON claim_recovery DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_recovers();

-- Whoever changes claims waits here for the one before: payments first, then lines, each in the order of their ids. All
-- lines of an order, because what is held for one changes with what is held for another.
CREATE FUNCTION claim_lock(payments text[], lines text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM id FROM claim_payment WHERE id = ANY (payments) ORDER BY id FOR NO KEY UPDATE;
    PERFORM l.id FROM claim_line l WHERE l.order_key IN (SELECT order_key FROM claim_line WHERE id = ANY (lines))
        ORDER BY l.id FOR NO KEY UPDATE;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_lock(text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_lock(text[], text[]) TO safeconduct_engine, safeconduct_staff;
"""
#: An order in trouble never gives its seller more than was paid for it, or than went back of it where that was more.
#: Judged when the transaction ends, because what is lost and what is given stand in the same one. Orders of which no
#: payment is known, and other currencies than that of the payment, are not measured. What the fund has paid for now counts
#: as given until it goes back: for good and for now together, nobody has more than the order lost.
WHOLE_ONCE = """
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
CREATE CONSTRAINT TRIGGER whole_once AFTER INSERT ON ledger_transaction DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.order_key IS NOT NULL AND NEW.event IN (
        'protection_reimbursement', 'provisional_reimbursement', 'abuse_proven', 'carrier_claim_to_seller'))
    EXECUTE FUNCTION claim_whole_once();
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0001_tables"), ("ledger", "0001_tables")]
    operations = [migrations.RunSQL(RULES), migrations.RunSQL(WHOLE_ONCE)]
