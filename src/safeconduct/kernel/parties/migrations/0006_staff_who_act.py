from django.db import migrations, models


class Migration(migrations.Migration):
    """Memberships that end by themselves from the invitation on."""

    dependencies = [("parties", "0005_keys")]

    operations = [
        migrations.AddField("Invitation", "member_until", models.DateTimeField(null=True)),
    ]
