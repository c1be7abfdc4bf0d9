"""The process: viewflow's own table, its data as JSON in it (no join, as viewflow recommends)."""

from __future__ import annotations

from viewflow import jsonstore
from viewflow.workflow.models import Process


class Filing(Process):
    answers = jsonstore.JSONField()
    accepted = jsonstore.BooleanField(default=False)
    approved = jsonstore.BooleanField(default=False)
    reason = jsonstore.CharField(max_length=200, default="")

    class Meta:
        proxy = True
