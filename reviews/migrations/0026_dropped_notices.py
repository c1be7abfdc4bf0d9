from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0025_late_answers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting"),
                    ("sending", "Being sent"),
                    ("sent", "Sent"),
                    ("dead", "Given up"),
                    ("dropped", "Not sent: the account is switched off or closed"),
                ],
                default="pending",
                max_length=10,
                verbose_name="State",
            ),
        ),
    ]
