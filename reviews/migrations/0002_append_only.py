"""The database itself refuses to change or drop what is in the audit log."""

from django.db import migrations

from reviews.audit import triggers


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, ("reviews_event",), archives=False)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, ("reviews_event",))


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
