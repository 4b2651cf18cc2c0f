from django.db import migrations


class Migration(migrations.Migration):
    """Keys belong to `kernel.parties`, below the pages that make them; their table stays where it is."""

    dependencies = [
        ("api", "0001_initial"),
        ("parties", "0005_keys"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("ApiKey")]),
    ]
