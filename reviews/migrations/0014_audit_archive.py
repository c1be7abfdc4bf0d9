"""Events of closed years may go to an archive: their rows only, and only when that is recorded."""

import django.db.models.deletion
from django.db import migrations, models

from reviews.audit import triggers


def install(apps, schema_editor):
    triggers.remove(schema_editor.connection)
    triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection)
    triggers.install(schema_editor.connection, ("reviews_event", "reviews_leaf", "reviews_checkpoint"), archives=False)


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0013_audit_tree'),
    ]

    operations = [
        migrations.CreateModel(
            name='Archive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('year', models.PositiveSmallIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('events', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            model_name='eventnote',
            name='event',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='note', to='reviews.event'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='event',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='reviews.event'),
        ),
        migrations.CreateModel(
            name='ArchivedStream',
            fields=[
                ('stream', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('last_seq', models.PositiveIntegerField()),
                ('application', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='archived', to='permits.application')),
                ('archive', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='streams', to='reviews.archive')),
            ],
        ),
        migrations.RunPython(install, remove),
    ]
