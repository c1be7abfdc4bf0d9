"""When a worker last carried out the beat's task: how ``doctor`` knows that both are alive. And what a witness got last."""

from django.db import models


class Heartbeat(models.Model):
    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    size = models.BigIntegerField(null=True)  # of a witness: of the checkpoint that it got last

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
