import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("returns", "0003_costs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="returncost",
            name="noted_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
        migrations.AlterField(
            model_name="returncost",
            name="noted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="returncost",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("noted_by__isnull", False), ("noted_key", "")),
                    models.Q(("noted_by__isnull", True), models.Q(("noted_key", ""), _negated=True)),
                    _connector="OR",
                ),
                name="return_cost_was_noted_by_one",
            ),
        ),
    ]
