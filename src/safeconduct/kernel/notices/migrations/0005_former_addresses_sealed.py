"""Former addresses are sealed, as those of people are, and kept as they stood there. That an address is sealed is no
change of address: what stood in clear is not kept."""

from django.db import migrations

FORWARDS = """
ALTER TABLE mail_former_address ALTER COLUMN address TYPE text;
DROP TRIGGER IF EXISTS former_address ON person;
CREATE TRIGGER former_address AFTER UPDATE OF email ON person
    FOR EACH ROW WHEN (OLD.email <> NEW.email AND OLD.email LIKE 'sealed:%')
    EXECUTE FUNCTION mail_former_address_kept();
"""
BACKWARDS = """
DROP TRIGGER former_address ON person;
CREATE TRIGGER former_address AFTER UPDATE OF email ON person
    FOR EACH ROW WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION mail_former_address_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0004_codes"), ("parties", "0013_people_sealed")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
