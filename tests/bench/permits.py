"""Issuing a permit against setting the bare page: what the number, two signatures, the rows and the file cost on top.

Permits are of applications of their own, each with its own number and code on the page, for typst keeps what it set
before. Seconds are those of a core: what this process (all its threads) and its server's process computed.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from permits import credentials
from permits.models import Application, Permit
from reviews import tasks, workflow
from reviews.workflow import issuing
from reviews.workflow.step import Step
from tests.bench import permit_codes
from tests.bench.client import computed
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import Copies, settled, the_cast
from tests.cast import filled

OFFICE = {"zh": "宜丰县行政审批局", "en": "Yifeng County Administrative Approval Bureau"}


def measure(rounds: int, folder: Path) -> list[Result]:
    cast_ = the_cast()
    copies = Copies(workflow.submit(filled(cast_).pk, applicant=cast_.owner))
    return [_issue(rounds, copies, each=60 if rounds > 1 else 2), *permit_codes.measure(rounds)]


def _issue(rounds: int, copies: Copies, *, each: int) -> Result:
    numbers = count(1)
    sample = Application.objects.select_related("enterprise", "version").get(pk=copies.more(1)[0])

    def bare() -> float:
        contents = [_content(sample, next(numbers)) for _ in range(each)]
        began = computed()
        for content in contents:
            credentials.render_pdf(content)
        return each / (computed() - began)

    def whole() -> float:
        keys = copies.more(each)
        applications = [Application.objects.get(pk=pk) for pk in keys]
        settled()
        began = computed()
        for application in applications:
            with transaction.atomic():
                issuing.issue(cast(Step, SimpleNamespace(application=application, now=timezone.now())), office=OFFICE)
            tasks.print_permit(application.permit.pk)
        spent = computed() - began
        if Permit.objects.filter(application__in=keys).exclude(pdf_sha256="").count() != each:
            raise RuntimeError("not every permit was printed")
        return each / spent

    whole()  # the certificate is made and opened
    figures = in_turn({"bare": bare, "issue": whole}, rounds)
    return Result("permits, issued", figures["issue"], "permits/s/core", figures["bare"], "≥ 0.6")


def _content(application: Application, serial: int) -> dict[str, Any]:
    number = f"360924-XX-2020-{serial:06d}-K"
    return credentials.content_of(application, number=number, issued_at=timezone.now(), valid_until=None, office=OFFICE)
