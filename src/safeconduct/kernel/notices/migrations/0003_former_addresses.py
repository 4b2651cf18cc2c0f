"""Addresses that people had until lately: what matters most is told there too, so that a thief who changes the address
does not change who hears of it."""

from django.db import migrations

FORWARDS = """
CREATE TABLE mail_former_address (
    person_id varchar(30) NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    address varchar(254) NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, address)
);
CREATE INDEX mail_former_address_oldest ON mail_former_address (ended_at);

-- Whoever changes an address cannot forget to keep the one before; the logins have no right to add one themselves.
CREATE FUNCTION mail_former_address_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    DELETE FROM mail_former_address WHERE person_id = NEW.id AND address = NEW.email;
    INSERT INTO mail_former_address (person_id, address, ended_at) VALUES (NEW.id, OLD.email, now())
        ON CONFLICT (person_id, address) DO UPDATE SET ended_at = excluded.ended_at;
    RETURN NULL;
END
$$;
CREATE TRIGGER former_address AFTER UPDATE OF email ON person
    FOR EACH ROW WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION mail_former_address_kept();
"""
BACKWARDS = """
DROP TRIGGER former_address ON person;
DROP FUNCTION mail_former_address_kept();
DROP TABLE mail_former_address;
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0002_webhooks"), ("parties", "0003_security")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
