from django.db import migrations, models


class Migration(migrations.Migration):
    """A member of staff is found by the directory's name for them also while the root key is replaced."""

    dependencies = [("parties", "0014_passkeys_bound")]
    operations = [
        migrations.AddField(
            model_name="staffidentity", name="hashed_with", field=models.CharField(default="", max_length=40)
        ),
    ]
