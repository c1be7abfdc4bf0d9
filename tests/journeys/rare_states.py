"""What is rarer than an application on its way: refused, ended, put right, talked about; an enterprise of several people; a
permit that is void; an account with a second factor; what officials and operators keep. For the walk over every page.
"""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from permits.intake.materials import add_material
from permits.models import (
    AccessRequest,
    Application,
    Enterprise,
    Membership,
    Permit,
    Promise,
    Service,
    Status,
    User,
)
from portal import demo
from reviews import authorisations, drafting, gates, guidance, workflow
from reviews.calendars import current as calendar
from reviews.models import Event, Gate, Notice, Official, Rating, RoleGrant, Task, WebhookEndpoint
from reviews.notices import unsubscribing
from reviews.webhooks import endpoints
from reviews.workflow import Correction
from tests.data import cast as invented
from tests.reviews.many import tasks_at_decision

People = dict[str, User]


def cookie(user: User) -> str:
    """Of somebody who signed in a moment ago, and so that nothing asks for the password for an hour."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "reauthenticated": True, "at": time.time() + 3600, "email": user.email}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def account(name: str, **fields: Any) -> User:
    user = User.objects.create_user(f"{name}@demo.invalid", demo.PASSWORD, name=name, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def at(application: Application) -> str:
    return f"/applications/{application.public_id}/"


def filed(people: People, enterprise: Enterprise, until: str = "decision", **answers: Any) -> Application:
    draft = demo.draft(people["owner"], enterprise, demo.answers_for(enterprise, **answers))
    if until:
        demo.carry_through(draft, people, until=until, say=lambda line: None)
        draft.refresh_from_db()
    return draft


def decide(people: People, application: Application, outcome: str, **words: Any) -> Application:
    task = Task.objects.open().select_related("department").get(application=application)
    official = people["decider" if task.department.kind == "bureau" else task.department.kind]
    workflow.decide(task.pk, official=official, outcome=outcome, **words)
    application.refresh_from_db()
    return application


def applications(people: People, enterprise: Enterprise) -> dict[str, str]:
    owner = people["owner"]
    asked = [Correction("row", "roster", "手机号少一位", "3"), Correction("field", "masks", "与照片不符")]
    found = {
        "declined": decide(people, filed(people, enterprise, "submitted"), "decline", reason="不属于本街道"),
        "rejected": decide(people, filed(people, enterprise, "countersign"), "reject", reason="隔离场所不符合要求"),
        "objected": decide(people, filed(people, enterprise, "countersign"), "reject", reason="隔离场所不符合要求"),
        "row": decide(people, filed(people, enterprise, "submitted"), "correct", corrections=asked),
        "lapsed": decide(people, filed(people, enterprise, "submitted"), "correct", corrections=asked[1:]),
        "withdrawn": filed(people, enterprise, "submitted"),
        "suspended": filed(people, enterprise, "countersign"),
        "talked": filed(people, enterprise, "submitted"),
        "calling": filed(people, enterprise, "submitted"),
        "rated": filed(people, enterprise),
    }
    workflow.object_to(found["objected"].pk, applicant=owner, text="已整改，请复核。")
    workflow.lapse(found["lapsed"].pk, now=timezone.now() + timedelta(days=90))
    workflow.withdraw(found["withdrawn"].pk, applicant=owner, reason="计划有变")
    waiting = Task.objects.open().get(application=found["suspended"])
    workflow.suspend(waiting.pk, official=people["decider"], kind="experts", reason="需要专家到现场核实")
    demo.talk_about(found["talked"], people)
    slot = guidance.slots(timezone.now(), calendar())[0]
    workflow.ask_call(found["calling"].pk, applicant=owner, mobile="13800000618", slot=slot.key, key="sweep-call")
    workflow.rate(found["rated"].pk, applicant=owner, score=2, comment="等得有点久")

    owing = filed(people, enterprise, "")
    owing.materials.filter(requirement="canteen_plan").delete()
    workflow.promise_material(owing.pk, applicant=owner, requirement="canteen_plan", kind=Promise.Kind.LATER)
    promised = Application.objects.create(version=owing.version, enterprise=enterprise, applicant=owner)
    workflow.promise_material(promised.pk, applicant=owner, requirement="canteen_plan", kind=Promise.Kind.LATER)
    workflow.submit(owing.pk, applicant=owner)
    decide(people, owing, "accept")
    found |= {"owing": owing, "promised": promised}

    sheets = Service.objects.get(slug="job-retention").current
    assert sheets
    found["sheet"] = Application.objects.create(version=sheets, enterprise=enterprise, applicant=owner)
    report = Service.objects.get(slug="community-report").current
    assert report
    found["report"] = Application.objects.create(version=report, enterprise=None, applicant=owner)
    return {name: at(each) for name, each in found.items()}


def permits(people: People, enterprise: Enterprise) -> dict[str, str]:
    """One that is revoked, one put right, one that has ended; and where they are applied for, verified and worked on."""
    owner, supervisor = people["owner"], people["supervisor"]
    revoked, corrected = (Permit.objects.get(application=filed(people, enterprise)) for _each in range(2))
    workflow.revoke_permit(revoked.pk, official=supervisor, reason="检查发现与申报不符")
    workflow.correct_permit(corrected.pk, official=supervisor, changes={"first_batch": 118}, reason="返岗人数录入有误")
    expired, passing = entry_pass(people, before=timedelta(days=120)), entry_pass(people)
    found = {"revoked": revoked, "corrected": corrected, "expired": expired, "pass": passing}
    where = {f"{name}_permit": f"/verify/{each.number}/" for name, each in found.items()}
    where |= {f"{name}_file": at(each.application) for name, each in found.items()}
    good = Permit.objects.filter(state=Permit.State.VALID).exclude(pk__in=[each.pk for each in found.values()]).first()
    assert good
    gate = Gate.objects.get(checkers__user=people["gate"])
    gates.scan(gate, good.number, by=people["gate"], key=None)
    return where | {
        "gate": f"/gate/{gate.public_id}/", "checker": cookie(people["gate"]), "gate_admin": str(gate.pk), "permit_admin": str(good.pk), "permit_number": good.number,
        "owner_number": Application.objects.filter(applicant=owner, status=Status.APPROVED).latest("pk").number,
    }  # fmt: skip


def entry_pass(people: People, *, before: timedelta = timedelta()) -> Permit:
    """A person's pass, with a photo, of so long before."""
    owner, street, now = people["owner"], people["street"], timezone.now() - before
    answers = {
        "name": "江立川", "id_number": demo.RECORD["legal_id_number"], "mobile": "13800000618", "region": demo.REGION,
        "place": "工业园", "log_consent": True,
    }  # fmt: skip
    version = Service.objects.get(slug="entry-pass").current
    assert version
    draft = Application.objects.create(version=version, applicant=owner, answers=answers)
    photo = SimpleUploadedFile("photo.jpg", (demo.DOCUMENTS / "stock_1.jpg").read_bytes())
    add_material(application=draft, requirement_key="photo", upload=photo, user=owner)
    workflow.submit(draft.pk, applicant=owner, now=now)
    workflow.decide(Task.objects.open().get(application=draft).pk, official=street, outcome="approve", now=now)
    return Permit.objects.get(application=draft)


def enterprises(people: People, enterprise: Enterprise) -> dict[str, str]:
    owner, agent = people["owner"], account("agent")
    member = Membership.objects.create(user=agent, enterprise=enterprise, role=Membership.Role.AGENT)
    day = timezone.localdate()
    limits = authorisations.Limits(services=("resumption",), valid_from=day, valid_until=day + timedelta(days=30))
    authorisations.authorise(member.pk, limits, by=owner)
    document = SimpleUploadedFile("authority.pdf", (demo.DOCUMENTS / "epidemic_plan.pdf").read_bytes())
    authorisations.put_document(member.pk, document, by=owner)
    authorisations.invite(enterprise.pk, "invited@demo.invalid", limits, by=owner)
    AccessRequest.objects.create(enterprise=enterprise, user=account("asker"), message="负责本企业的申报")
    outsider = account("outsider")
    other = demo.enterprise_of(outsider, invented.OTHER_ENTERPRISE)
    invitation = authorisations.invite(other.pk, owner.email, authorisations.Limits(), by=outsider)
    asked = AccessRequest.objects.get(enterprise=enterprise)
    return {
        "member": f"/enterprises/{enterprise.public_id}/members/{agent.public_id}/",
        "invitation": f"/enterprises/invitations/{invitation.public_id}/",
        "access": f"/enterprises/access/{asked.public_id}/", "agent": cookie(agent),
    }  # fmt: skip


def accounts(people: People) -> dict[str, str]:
    """Somebody with a second factor, the links of the mails, somebody who reads English."""
    guarded = account("guarded")
    TOTP.activate(guarded, generate_totp_secret())
    RecoveryCodes.activate(guarded)
    unconfirmed = EmailAddress.objects.create(user=guarded, email="second@demo.invalid", verified=False)
    notice = Notice.objects.filter(recipient=people["owner"]).exclude(kind="").latest("pk")
    link = next(
        (address for kind in ("corrections_due_soon", "message_answered", "bad_rating", notice.kind)
         if (address := unsubscribing.address(people["owner"], kind))), "",
    )  # fmt: skip
    assert link
    stale = Client()
    stale.force_login(guarded)  # long ago: what is delicate asks for the password
    fresh = cookie(guarded)
    reset = f"{user_pk_to_url_str(guarded)}-{default_token_generator.make_token(guarded)}"  # ends with the next log-in
    return {
        "guarded": fresh, "stale": stale.cookies[settings.SESSION_COOKIE_NAME].value,
        "confirm": reverse("account_confirm_email", args=[EmailConfirmationHMAC(unconfirmed).key]),
        "reset": reverse("account_reset_password_from_key", kwargs=dict(zip(("uidb36", "key"), reset.split("-", 1), strict=True))),
        "unsubscribe": link.removeprefix(settings.SITE_URL),
    }  # fmt: skip


def desk(people: People, enterprise: Enterprise) -> dict[str, str]:
    """The sessions of officials and operators, and the numbers of what they work on."""
    tasks_at_decision(SimpleNamespace(owner=people["owner"], enterprise=enterprise), 30, first=500)  # type: ignore[arg-type]
    service = Service.objects.select_related("current").get(slug="community-report")
    version = service.current
    assert version
    good = drafting.start(by=people["service"], base=version)
    broken = drafting.start(by=people["service"], source="key = [\n")
    posting = Official.objects.get(user=people["decider"])
    now = timezone.now()
    delegation = workflow.delegate(
        posting.pk, to=people["supervisor"], starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=8), by=people["decider"], reason="休假",
    )  # fmt: skip
    endpoint = WebhookEndpoint(name="市数据平台", url="https://data.test.invalid/hooks", region=demo.REGION)
    endpoints.save(endpoint, by=people["ops"])
    interest = workflow.declare_interest(
        people["decider"].pk, by=people["decider"], person=User.objects.get(email="outsider@demo.invalid")
    )

    def task(stage: str, status: str) -> str:
        return str(Task.objects.filter(stage=stage, application__status=status).latest("pk").pk)

    numbers = {
        "task_open": task("precheck", Status.SUBMITTED), "task_decision": task("decision", Status.IN_REVIEW),
        "task_suspended": task("decision", Status.SUSPENDED), "task_done": task("precheck", Status.APPROVED),
        "task_asked": task("precheck", Status.NEEDS_CORRECTION), "task_objected": str(Task.objects.filter(application__status=Status.OBJECTED).latest("pk").pk),
        "thread": str(Application.objects.filter(thread__isnull=False).first().pk),  # type: ignore[union-attr]
        "application_admin": str(Application.objects.filter(status=Status.APPROVED, version__service__slug="resumption").latest("pk").pk),
        "draft_good": str(good.pk), "draft_broken": str(broken.pk), "edition": str(version.pk), "service_admin": str(service.pk),
        "webhook": str(endpoint.pk), "delegation": str(delegation.pk), "interest": str(interest.pk), "rating": str(Rating.objects.latest("pk").pk),
        "grant": str(RoleGrant.objects.latest("pk").pk), "event": str(Event.objects.latest("pk").pk), "user_admin": str(people["owner"].pk), "official_admin": str(posting.pk),
    }  # fmt: skip
    officials = ("street", "decider", "supervisor", "ops", "security", "audit", "service")
    return numbers | {name: cookie(people[name]) for name in officials}
