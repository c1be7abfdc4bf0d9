"""Each event is written to fewer indexes: two were beginnings of others, and nobody looks an event up by its hash.

SQLite makes the table anew for that, and loses the triggers that keep it append-only: they are put back.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from reviews.audit import triggers


def guard(apps, schema_editor):
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("permits", "0011_material_checks"),
        ("reviews", "0018_log_in_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, guard),
        migrations.AlterField(
            "event",
            "actor",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="actor",
            ),
        ),
        migrations.AlterField(
            "event",
            "application",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="permits.application",
            ),
        ),
        migrations.AlterField("event", "hash", models.CharField(max_length=64)),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
