"""Balanced, complete, append-only, no seller below zero. A new payout account is used after it has aged, and nothing can
shorten that; its number goes when its time is over, through one function that takes no younger one."""

from django.db import migrations

RULES = r"""
CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger keeps what it has: % on % is refused; post what is right instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_hold_step
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
-- Sums follow the rows they sum up: only the triggers below may change them, not even the owner by hand.
CREATE TRIGGER kept_by_postings BEFORE UPDATE OR DELETE ON ledger_account
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER kept_by_postings BEFORE INSERT OR UPDATE OF seller_key, order_key, currency, amount_minor OR DELETE
    ON ledger_pending FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_refuses();
-- What has ended has ended, and what was taken was taken.
CREATE TRIGGER stays BEFORE DELETE ON ledger_hold FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays_ended BEFORE UPDATE ON ledger_hold
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL OR NEW.taken_minor < OLD.taken_minor)
    EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays BEFORE DELETE ON ledger_payout FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays_returned BEFORE UPDATE ON ledger_payout
    FOR EACH ROW WHEN (OLD.returned_at IS NOT NULL) EXECUTE FUNCTION ledger_refuses();

-- All legs of a transaction come in one statement: what was complete can never get another leg. Balances of sellers and
-- the pending money of orders are kept here, by the owner's right, so that no login can make them differ from the legs.
CREATE FUNCTION ledger_takes_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    wrong text;
BEGIN
    SELECT f.transaction_id INTO wrong FROM fresh f GROUP BY f.transaction_id, f.currency
        HAVING sum(f.amount_minor) <> 0 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % does not balance', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT t.id INTO wrong FROM (SELECT DISTINCT transaction_id FROM fresh) f
        JOIN ledger_transaction t ON t.id = f.transaction_id
        WHERE t.legs <> (SELECT count(*) FROM ledger_posting p WHERE p.transaction_id = t.id) LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % has not the legs it says; all come in one statement', wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT f.transaction_id INTO wrong FROM fresh f JOIN ledger_account a ON a.id = f.account_id
        JOIN ledger_transaction t ON t.id = f.transaction_id
        WHERE a.seller_key IS DISTINCT FROM f.seller_key
            OR f.seller_key IS NOT NULL AND f.seller_key IS DISTINCT FROM t.seller_key LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % has a leg on an account of another seller', wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT f.transaction_id INTO wrong FROM fresh f JOIN ledger_transaction t ON t.id = f.transaction_id
        WHERE f.order_key IS DISTINCT FROM t.order_key OR f.at <> t.at LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % has a leg of another order or time', wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    UPDATE ledger_account a SET balance_minor = (a.balance_minor + s.total)::bigint
        FROM (SELECT account_id, sum(amount_minor) AS total FROM fresh WHERE seller_key IS NOT NULL
              GROUP BY account_id) s
        WHERE a.id = s.account_id AND s.total <> 0;
    -- Order 0 is money that belongs to no order.
    INSERT INTO ledger_pending (seller_key, order_key, currency, amount_minor)
        SELECT DISTINCT f.seller_key, coalesce(f.order_key, 0), f.currency, 0
        FROM fresh f JOIN ledger_account a ON a.id = f.account_id WHERE a.kind = 'pending' ORDER BY 1, 2, 3
        ON CONFLICT (seller_key, order_key, currency) DO NOTHING;
    UPDATE ledger_pending p SET amount_minor = (p.amount_minor + s.total)::bigint
        FROM (SELECT f.seller_key, coalesce(f.order_key, 0) AS order_key, f.currency, sum(f.amount_minor) AS total
              FROM fresh f JOIN ledger_account a ON a.id = f.account_id WHERE a.kind = 'pending' GROUP BY 1, 2, 3) s
        WHERE p.seller_key = s.seller_key AND p.order_key = s.order_key AND p.currency = s.currency;
    RETURN NULL;
END
$$;
CREATE TRIGGER takes_in AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_takes_in();

CREATE FUNCTION ledger_opens_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.balance_minor := CASE WHEN NEW.seller_key IS NULL THEN NULL ELSE 0 END;
    NEW.holds_minor := CASE WHEN NEW.kind = 'on_hold' THEN 0 END;
    RETURN NEW;
END
$$;
CREATE TRIGGER opens_empty BEFORE INSERT ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_opens_empty();

CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_posting WHERE transaction_id = NEW.id) <> NEW.legs
        OR EXISTS (SELECT 1 FROM ledger_posting WHERE transaction_id = NEW.id
                   GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'transaction % does not balance', NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER balances AFTER INSERT ON ledger_transaction DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_balances();

-- Holds say why money is held, the account says that it is: when a transaction of the database ends, both say the same.
CREATE FUNCTION ledger_counts_holds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT 1 FROM fresh f WHERE NOT EXISTS (
                SELECT 1 FROM ledger_account a
                WHERE a.kind = 'on_hold' AND a.seller_key = f.seller_key AND a.currency = f.currency)) THEN
            RAISE EXCEPTION 'a hold has no account to hold on' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        UPDATE ledger_account a SET holds_minor = (a.holds_minor + s.total)::bigint
            FROM (SELECT seller_key, currency, sum(held_minor) AS total FROM fresh GROUP BY 1, 2) s
            WHERE a.kind = 'on_hold' AND a.seller_key = s.seller_key AND a.currency = s.currency AND s.total <> 0;
    ELSE
        UPDATE ledger_account a SET holds_minor = (a.holds_minor + s.total)::bigint
            FROM (SELECT seller_key, currency, sum(minor) AS total FROM (
                      SELECT seller_key, currency, held_minor AS minor FROM fresh
                      UNION ALL SELECT seller_key, currency, -held_minor FROM stale) both_of_them GROUP BY 1, 2) s
            WHERE a.kind = 'on_hold' AND a.seller_key = s.seller_key AND a.currency = s.currency AND s.total <> 0;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER counts_new AFTER INSERT ON ledger_hold REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_counts_holds();
CREATE TRIGGER counts_changed AFTER UPDATE ON ledger_hold REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_counts_holds();

CREATE FUNCTION ledger_holds_agree() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_account WHERE id = NEW.id AND balance_minor <> holds_minor) THEN
        RAISE EXCEPTION 'what is held on account % is not what its holds say', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER holds_agree AFTER UPDATE ON ledger_account DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.kind = 'on_hold') EXECUTE FUNCTION ledger_holds_agree();

-- Whoever moves a seller's money waits here for the one before: always in the order of the accounts' numbers.
CREATE FUNCTION ledger_lock(sellers bigint[], codes text[])
    RETURNS TABLE (id bigint, seller_key bigint, kind varchar, currency char(3), balance_minor bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN QUERY
        SELECT a.id, a.seller_key, a.kind, a.currency, a.balance_minor FROM ledger_account a
        WHERE a.seller_key = ANY (sellers) AND (codes IS NULL OR a.currency = ANY (codes))
        ORDER BY a.id FOR NO KEY UPDATE;
END
$$;
REVOKE EXECUTE ON FUNCTION ledger_lock(bigint[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_lock(bigint[], text[]) TO safeconduct_engine, safeconduct_staff;

-- An account is never another one afterwards, its waiting never begins earlier, and a step is one of these.
CREATE FUNCTION payout_account_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'payout account % must begin as a draft', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- The owner alone puts the vault's present form (2) in the place of form 1; nothing else changes with it.
    IF substr(OLD.sealed, 1, 1) = '\x01' AND substr(NEW.sealed, 1, 1) = '\x02'
        AND (to_jsonb(NEW) - 'sealed') = (to_jsonb(OLD) - 'sealed')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    -- And the owner alone finds the number under another root key (`kernel.vault.root_replacement`).
    IF (NEW.blind IS DISTINCT FROM OLD.blind OR NEW.blind_before IS DISTINCT FROM OLD.blind_before)
        AND (to_jsonb(NEW) - '{blind,blind_before}'::text[]) = (to_jsonb(OLD) - '{blind,blind_before}'::text[])
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.seller_key, NEW.blind, NEW.blind_before, NEW.sealed, NEW.asked_by, NEW.asked_at)
        IS DISTINCT FROM (OLD.id, OLD.seller_key, OLD.blind, OLD.blind_before, OLD.sealed, OLD.asked_by, OLD.asked_at)
        OR (OLD.verified_at IS NOT NULL AND NEW.verified_at IS DISTINCT FROM OLD.verified_at)
        OR (OLD.ageing_since IS NOT NULL AND NEW.ageing_since < OLD.ageing_since)
        OR (OLD.activated_at IS NOT NULL AND NEW.activated_at < OLD.activated_at) THEN
        RAISE EXCEPTION 'payout account % is not changed, it is replaced', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'draft>verified', 'draft>cancelled', 'verified>ageing', 'verified>review', 'verified>cancelled',
        'ageing>active', 'ageing>review', 'ageing>cancelled', 'review>ageing', 'review>cancelled',
        'active>aged', 'aged>active', 'active>frozen', 'aged>frozen', 'frozen>aged', 'frozen>cancelled',
        'aged>cancelled') THEN
        RAISE EXCEPTION 'payout account % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- What is past its time loses its number by the owner's function alone; what is younger by nobody.
CREATE FUNCTION payout_account_forgets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.state = 'cancelled'
        AND greatest(OLD.asked_at, OLD.activated_at, OLD.ended_at) < now() - interval '60 months'
        AND NOT EXISTS (SELECT 1 FROM ledger_payout p
                        WHERE p.account_id = OLD.id AND p.at >= now() - interval '60 months')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'payout account % keeps its number until its time is over', NEW.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON payout_account
    FOR EACH ROW WHEN (NEW.sealed <> ''::bytea) EXECUTE FUNCTION payout_account_moves();
CREATE TRIGGER forgets BEFORE INSERT OR UPDATE ON payout_account
    FOR EACH ROW WHEN (NEW.sealed = ''::bytea) EXECUTE FUNCTION payout_account_forgets();
CREATE TRIGGER stays BEFORE DELETE ON payout_account FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays BEFORE DELETE ON payout_stop FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays_ended BEFORE UPDATE ON payout_stop
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION ledger_refuses();
CREATE FUNCTION payout_account_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE payout_account SET state = 'cancelled', ended_at = coalesce(ended_at, now()), sealed = ''::bytea,
        blind = decode(repeat('00', 32), 'hex'), blind_before = NULL, last4 = '', changed_by = 'retention', why = ''
    WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION payout_account_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payout_account_forget(text[]) TO safeconduct_engine;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables")]
    operations = [migrations.RunSQL(RULES)]
