from django.db import migrations

#: That an address is sealed is no change of address: what stood in clear is not kept.
FORMER_ADDRESSES = """
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
    FOR EACH ROW WHEN (OLD.email <> NEW.email AND OLD.email LIKE 'sealed:%')
    EXECUTE FUNCTION mail_former_address_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_tables")]
    operations = [migrations.RunSQL(FORMER_ADDRESSES)]
