from django.db import migrations, models


class Migration(migrations.Migration):
    """A session that began at the company's directory knows it, and ends with the sign-out there."""

    dependencies = [("parties", "0016_one_address_each")]
    operations = [
        migrations.AddField("signinsession", "directory", models.BinaryField(null=True)),
        migrations.AddIndex(
            model_name="signinsession",
            index=models.Index(
                condition=models.Q(("directory__isnull", False), ("ended_at__isnull", True)),
                fields=["person"],
                name="sign_in_session_of_directory",
            ),
        ),
    ]
