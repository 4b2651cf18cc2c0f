from django.db import migrations, models

FORWARDS = """
CREATE FUNCTION canary_touch_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM canary_touch WHERE id = ANY (ids) AND at < now() - interval '84 months';
END
$$;
REVOKE EXECUTE ON FUNCTION canary_touch_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION canary_touch_forget(text[]) TO safeconduct_engine;
"""
BACKWARDS = "DROP FUNCTION canary_touch_forget(text[]);"


class Migration(migrations.Migration):
    """Touches of canaries that are past their time can be deleted, through one function that takes no younger one."""

    dependencies = [("data_security", "0002_requests")]
    operations = [
        migrations.AddIndex(model_name="canarytouch", index=models.Index(fields=["at"], name="canary_touch_by_time")),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
