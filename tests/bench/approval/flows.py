"""Filed, pre-checked, decided: by viewflow's engine, with the lock that it recommends for PostgreSQL."""

from __future__ import annotations

from django.views.generic import View
from viewflow import this
from viewflow.workflow import flow, lock

from tests.bench.approval.models import Filing


class TwoStages(flow.Flow):
    process_class = Filing
    lock_impl = lock.select_for_update_lock

    start = flow.StartHandle(this.file).Next(this.precheck)
    precheck = flow.View(View.as_view()).Next(this.is_accepted)
    is_accepted = flow.If(lambda activation: activation.process.accepted).Then(this.decision).Else(this.end)
    decision = flow.View(View.as_view()).Next(this.end)
    end = flow.End()

    def file(self, activation, answers):
        activation.process.answers = answers
        return activation.process
