"""Demonstration data: an invented cast, and applications driven through the running code with real documents.

Only where ``settings.DEMO`` says so. Everything is invented and marked 演示数据.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from permits.intake import storage
from permits.intake.materials import add_material, copied
from permits.models import Application, Enterprise, Material, Membership, Service, User
from reviews import accounts, gates, roles, workflow
from reviews.models import Department, Gate, Official, Task

PASSWORD = "Demo-2020-yifeng"  # noqa: S105 (printed at every start of the demonstration)
REGION = "360924"
DOCUMENTS = Path(settings.BASE_DIR) / "tests" / "data"
FILES = {
    "business_licence": ["business_licence.jpg"],
    "epidemic_plan": ["epidemic_plan.docx"],
    "roster": ["roster.xlsx"],
    "signed_pledge": ["pledge.jpg"],
    "stock_photos": ["stock_1.jpg", "stock_2.png"],
    "canteen_plan": ["canteen_plan.pdf"],
}
DEPARTMENTS = {
    "street": ("宜丰县新昌镇人民政府", "Xinchang Town Government, Yifeng"),
    "health": ("宜丰县卫生健康委员会", "Yifeng County Health Commission"),
    "industry": ("宜丰县工业和信息化局", "Yifeng County Industry and IT Bureau"),
    "commerce": ("宜丰县商务局", "Yifeng County Commerce Bureau"),
    "finance": ("宜丰县人力资源和社会保障局", "Yifeng County Human Resources Bureau"),
    "grid": ("宜丰县新昌镇社区网格", "Xinchang Community Grid, Yifeng"),
    "bureau": ("宜丰县行政审批局", "Yifeng County Approval Bureau"),
}
# key: (role shown, e-mail, name, department, is supervisor)
CAST: dict[str, tuple[str, str, str, str | None, bool]] = {
    "owner": ("企业经办人 owner", "owner@demo.invalid", "江立川", None, False),
    "street": ("乡镇街道 street official", "street@demo.invalid", "陈溪", "street", False),
    "health": ("卫健 health official", "health@demo.invalid", "何清", "health", False),
    "industry": ("工信 industry official", "industry@demo.invalid", "罗明", "industry", False),
    "commerce": ("商务 commerce official", "commerce@demo.invalid", "宋晓", "commerce", False),
    "finance": ("人社 finance official", "finance@demo.invalid", "许静", "finance", False),
    "grid": ("社区网格员 grid worker", "grid@demo.invalid", "周禾", "grid", False),
    "decider": ("审批局 bureau decider", "decider@demo.invalid", "林平", "bureau", False),
    "supervisor": ("审批局领导 supervisor", "supervisor@demo.invalid", "方远", "bureau", True),
    "ops": ("系统管理员 ops (system administrator)", "ops@demo.invalid", "运维", None, False),
    "security": ("安全管理员 security administrator", "security@demo.invalid", "安管", None, False),
    "audit": ("审计管理员 audit administrator", "audit@demo.invalid", "审计", None, False),
    "service": ("事项管理员 service owner", "service@demo.invalid", "章程", None, False),
    "gate": ("门岗 gate checker (/gate/)", "gate@demo.invalid", "卫东", None, False),
}
# Ops look after the demonstration's services too, which no administrator but theirs may.
GRANTS: dict[str, tuple[str, ...]] = {
    "ops": (roles.Role.SYSTEM_ADMIN, roles.Role.SERVICE_OWNER),
    "security": (roles.Role.SECURITY_ADMIN,),
    "audit": (roles.Role.AUDIT_ADMIN,),
    "service": (roles.Role.SERVICE_OWNER,),
}


def logins() -> list[tuple[str, str, str]]:
    """Role, e-mail address and password of each demo account."""
    return [(role, email, PASSWORD) for role, email, *_rest in CAST.values()]


def ensure_cast() -> dict[str, User]:
    """The demo accounts, departments, postings and the enterprise; safe to call again."""
    offices = {
        kind: Department.objects.get_or_create(kind=kind, region=REGION, defaults={"name_zh": zh, "name_en": en})[0]
        for kind, (zh, en) in DEPARTMENTS.items()
    }
    people = {}
    for key, (_role, email, name, department, supervisor) in CAST.items():
        user = User.objects.filter(email=email).first()
        new = user is None
        if user is None:
            staff = key in GRANTS or department is not None
            user = User.objects.create(email=email, name=name, is_staff=staff, password=_hashed())
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        if department and not user.postings.exists():
            role = Official.Role.SUPERVISOR if supervisor else Official.Role.REVIEWER
            roles.post(user, offices[department], role, by=None)
        # A demonstration of before there were roles has a superuser for ops.
        if new or user.is_superuser:
            for granted in GRANTS.get(key, ()):
                roles.grant(user, granted, by=None)
            accounts.revoke_superuser(user)
        people[key] = user
    _ensure_gate(people["gate"])
    return people


@cache
def _hashed() -> str:
    """Once: it is everybody's, and each hash takes half a second."""
    return make_password(PASSWORD)


def _ensure_gate(checker: User) -> None:
    gate = Gate.objects.filter(region=REGION).first()
    if gate is None:
        gate = Gate(name_zh="宜丰工业园东门", name_en="Yifeng Industrial Park, east gate", region=REGION)
        gates.save(gate, by=None)
        gates.appoint(checker, gate, by=None)


def enterprise_of(owner: User, record: dict[str, str]) -> Enterprise:
    enterprise, _new = Enterprise.objects.get_or_create(uscc=record["uscc"], defaults=record)
    Membership.objects.get_or_create(enterprise=enterprise, user=owner, defaults={"role": Membership.Role.OWNER})
    return enterprise


def draft(owner: User, enterprise: Enterprise, answers: dict[str, Any], *, slug: str = "resumption") -> Application:
    """A complete draft with its real documents."""
    version = Service.objects.get(slug=slug).current
    if version is None:
        raise LookupError(f"service '{slug}' is not published: manage.py publish_service permits/services/{slug}.toml")
    application = Application.objects.create(
        version=version, enterprise=enterprise, applicant=owner, answers=dict(answers)
    )
    for requirement, names in FILES.items():
        for name in names:
            _hand_in(application, requirement, name, owner)
    return application


def _hand_in(application: Application, requirement: str, name: str, owner: User) -> None:
    """The same few documents for all of them: each is looked into once."""
    content = (DOCUMENTS / name).read_bytes()
    same = Material.objects.current().filter(
        requirement=requirement, received_sha256=storage.digest_of([content]).sha256, uploaded_by=owner
    )
    if found := same.first():
        copied(application, found, from_record=False)
        return
    upload = SimpleUploadedFile(name, content)
    add_material(application=application, requirement_key=requirement, upload=upload, user=owner)


def carry_through(
    application: Application, people: dict[str, User], *, until: str = "decision", say: Callable[[str], None] = print
) -> None:
    """Submit, then decide stage by stage as far as ``until`` (submitted, precheck, countersign, decision)."""
    workflow.submit(application.pk, applicant=people["owner"])
    application.refresh_from_db()
    say(f"submitted as {application.number}")
    for stage, outcome in (("precheck", "accept"), ("countersign", "agree"), ("decision", "approve")):
        if until == "submitted":
            return
        for task in Task.objects.open().filter(application=application, stage=stage).select_related("department"):
            key = "decider" if task.department.kind == "bureau" else task.department.kind
            workflow.claim(task.pk, official=people[key])
            workflow.decide(task.pk, official=people[key], outcome=outcome)
            say(f"{task.department.name_zh}: {outcome}")
        if stage == until:
            return


def answers_for(enterprise: Enterprise, **changes: Any) -> dict[str, Any]:
    """Good answers to the resumption filing, for the enterprise as it is on record."""
    days = timezone.localdate() + timedelta(days=5)
    return {
        "enterprise_name": enterprise.name, "uscc": enterprise.uscc,
        "registered_address": enterprise.registered_address, "production_address": enterprise.production_address,
        "region": enterprise.region, "industry": enterprise.industry, "enterprise_size": enterprise.size,
        "legal_name": enterprise.legal_name, "legal_id_number": enterprise.legal_id_number,
        "legal_mobile": enterprise.legal_mobile, "epidemic_lead_name": "余小禾",
        "epidemic_lead_mobile": "13900000312", "headcount": 150, "first_batch": 120, "origin_local": 84,
        "origin_province": 24, "origin_other": 10, "origin_key_area": 2, "quarantine_place": "厂区东侧独立宿舍楼",
        "quarantine_end": (days + timedelta(days=9)).isoformat(), "resumption_date": days.isoformat(),
        "shift_arrangement": "分早晚两班，错峰上下班，车间人员间隔1米以上。", "canteen_used": True,
        "canteen_arrangement": "分时就餐，一人一桌；宿舍每间不超过2人，每日消毒两次。", "masks": 2000, "mask_days": 8,
        "thermometers": 6, "disinfectant_litres": "120", "quarantine_room": True, "pledge": True, **changes,
    }  # fmt: skip


RECORD = {
    "uscc": "91360924MAYDEMQ29G",
    "name": "宜丰县青竹制品有限公司",
    "registered_address": "江西省宜春市宜丰县工业园区演示路18号",
    "production_address": "江西省宜春市宜丰县工业园区演示路18号2号厂房",
    "region": REGION,
    "industry": "C20",
    "size": "small",
    "legal_name": "江立川",
    "legal_id_number": "362229197806150016",
    "legal_mobile": "13800000618",
}


def talk_about(application: Application, people: dict[str, User]) -> None:
    """A little thread with the office of a filing that waits for its pre-check: a question, its answer, a call, one more question."""
    owner, street = people["owner"], people["street"]
    said = f"demo-{application.pk}-"
    workflow.ask(application.pk, applicant=owner, key=f"{said}1", text="返岗计划里还没有订到车票的员工，返岗日期怎么填？")
    workflow.answer(
        application.pk, official=street, key=f"{said}2",
        text="按预计到达的日期填写即可，行程变动后在补正时更新，不影响本次备案。",
    )  # fmt: skip
    workflow.answer(
        application.pk, official=street, key=f"{said}3", spoken_at=timezone.now(), text="电话说明了隔离场所的要求：单间、独立卫生间。"
    )
    workflow.ask(application.pk, applicant=owner, key=f"{said}4", text="好的。食堂分时就餐的安排需要单独附图吗？")
