"""The tree over the audit log, as append-only as the log."""

import django.db.models.deletion
from django.db import migrations, models

from reviews.audit import triggers


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, ("reviews_event", "reviews_leaf", "reviews_checkpoint"), archives=False)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, ("reviews_leaf", "reviews_checkpoint"))


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0012_tries_by_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='SealState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed_to', models.BigIntegerField(default=0)),
                ('seen_to', models.BigIntegerField(default=0)),
                ('seen_xid', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                ('peaks', models.BinaryField()),
                ('root_hash', models.BinaryField()),
                ('note', models.TextField()),
                ('key_id', models.CharField(max_length=8)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['size'],
                'indexes': [models.Index(fields=['at'], name='checkpoint_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Leaf',
            fields=[
                ('index', models.BigIntegerField(primary_key=True, serialize=False)),
                ('stream', models.CharField(max_length=60)),
                ('seq', models.PositiveIntegerField()),
                ('hashes', models.BinaryField()),
                ('event', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='leaf', to='reviews.event')),
            ],
            options={
                'ordering': ['index'],
            },
        ),
        migrations.RunPython(install, remove),
    ]
