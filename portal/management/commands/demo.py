"""Drive one whole application through the running code: real documents in, permit out; print the timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from permits import credentials
from permits.intake.storage import open_blob
from permits.models import Permit, Service
from portal import demo
from reviews.audit import log
from reviews.models import Event
from reviews.notices import delivery
from reviews.publishing import publish


class Command(BaseCommand):
    help = "File, review and decide one application with real documents, and print its timeline."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("this makes an invented application: only on a demonstration portal (DEMO=1)")
        if not Service.objects.filter(slug="resumption", current__isnull=False).exists():
            source = Path(settings.BASE_DIR) / "permits" / "services" / "resumption.toml"
            publish(source.read_text(encoding="utf-8"), name=source.name)
        people = demo.ensure_cast()
        enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
        application = demo.draft(people["owner"], enterprise, demo.answers_for(enterprise))
        for material in application.materials.all():
            self.stdout.write(f"  handed in  {material.original_name}  {material.size:,} bytes  {material.media_type}")
        demo.carry_through(application, people, say=lambda line: None)
        permit = Permit.objects.get(application=application)
        credentials.store_pdf(permit)
        permit.refresh_from_db()
        notices = list(application.notices.values_list("pk", flat=True))
        delivered = delivery.deliver(notices)
        self.stdout.write(f"application {permit.application.number}")
        self._timeline(application.pk)
        target = Path(settings.VAR_DIR) / "demo" / f"{permit.number}.pdf"
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_blob(permit.pdf_sha256) as blob:
            target.write_bytes(blob.read())
        self.stdout.write(
            f"\n{delivered} of {len(notices)} notices delivered from here (a running worker takes the rest)"
        )
        self.stdout.write(f"permit {permit.number}: {target}")
        if not credentials.verify(permit.content, permit.signature, permit.key_id):
            raise CommandError("the permit's signature does not verify")
        self.stdout.write("signature: verified")

    def _timeline(self, application_id: int) -> None:
        with translation.override("zh-hans"):
            for event in Event.objects.filter(application=application_id).select_related("actor").order_by("seq"):
                at = timezone.localtime(event.at).strftime("%H:%M:%S.%f")[:-3]
                who = event.actor.name if event.actor else "系统"
                self.stdout.write(f"  {at}  {log.label(event.action)}  {who}  {event.before}→{event.after}")
