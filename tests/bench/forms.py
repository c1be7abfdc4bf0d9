"""The form of a definition of sixty fields against the same form written by hand (``handwritten``).

Whole requests through both views and all the middleware: signed in by session, the owner's draft read from
PostgreSQL, the same template. Shown (GET), saved (POST, all good, answered by a redirect), and sent back (POST with six
faults, the page shown again with what was typed). And the check alone: a form made, filled from what was posted,
checked, without a request or a database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import QueryDict
from django.test import Client, override_settings
from django.utils import translation
from lxml import html

from permits.forms import section_form
from permits.models import Application, Service
from portal import demo
from tests.bench import handwritten
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import publish, the_cast
from tests.portal.browser import at, form

TARGET = "≤ 1.5"
FAULTS = {
    "uscc": "91360924MA35ABC61Y", "legal_id_number": "110105194912310021", "headcount": "many", "founded_on": "yesterday",
    "main_products": "", "origin_local": "1",
}  # fmt: skip


def answers(cast: Any) -> dict[str, Any]:
    record = demo.answers_for(cast.enterprise)
    return {key: record[key] for key in (
        "enterprise_name", "uscc", "registered_address", "production_address", "region", "industry", "legal_name",
        "legal_id_number", "legal_mobile", "headcount", "first_batch", "origin_local", "origin_province", "origin_other",
        "origin_key_area", "quarantine_place", "quarantine_end", "resumption_date", "shift_arrangement", "canteen_used",
        "canteen_arrangement", "masks", "mask_days", "thermometers", "disinfectant_litres", "pledge",
    )} | {
        "size": "small", "founded_on": "2008-05-12", "agent_name": "江小川", "agent_id_number": "362229197806150016",
        "agent_mobile": "13800000619", "agent_email": "agent@demo.invalid", "bank_name": "宜丰农商银行",
        "bank_account": "6228480402564890018", "lead_name": "余小禾", "lead_mobile": "13900000312", "shift_count": 2,
        "dormitory_used": True, "dormitory_beds": 40, "bus_used": False, "suits": 20, "measures": ["temperature", "separate"],
        "quarantine_room": False, "agreed_place": "新昌镇隔离点", "revenue_last_year": "12000000.00",
        "revenue_this_year": "9000000.00", "tax_paid": "310000.50", "loan_needed": True, "loan_amount": "500000.00",
        "loan_purpose": "采购原材料，发放工资。", "supplies_needed": ["masks"], "power_load": "120.5", "water_use": "14",
        "main_products": "竹制品", "supply_chain": "middle", "export_share": "35",
        "inspection_at": "2026-12-01T09:30:00+08:00", "licence_code": "AB123456", "remarks": "无",
    }  # fmt: skip


def measure(rounds: int, folder: Path) -> list[Result]:
    cast = the_cast()
    publish(Path(__file__).with_name("sixty.toml"))
    version = Service.objects.get(slug="sixty").current
    drafts = [
        Application.objects.create(
            version=version, enterprise=cast.enterprise, applicant=cast.owner, answers=answers(cast)
        )
        for _side in range(2)
    ]
    addresses = {
        "portal": f"/applications/{drafts[0].public_id}/fill/all/", "hand": f"/handwritten/{drafts[1].public_id}/",
    }  # fmt: skip
    each = 15 if rounds > 1 else 1
    with override_settings(ROOT_URLCONF="tests.bench.handwritten"):
        client = at(cast.owner, language="zh-hans")
        typed = {side: _typed(client, address) for side, address in addresses.items()}
        _same(client, addresses, typed)
        pages = {
            "shown": _ms(lambda side: client.get(addresses[side]), each),
            "saved": _ms(lambda side: client.post(addresses[side], typed[side]), each),
            "sent back": _ms(lambda side: client.post(addresses[side], typed[side] | FAULTS), each),
        }
        found = {
            name: in_turn({side: lambda page=page, side=side: page(side) for side in addresses}, rounds)  # type: ignore[misc]
            for name, page in pages.items()
        }
    found["checked, no request"] = _checks(drafts[0], typed["portal"], each, rounds)
    return [
        Result(f"form of 60 fields, {name}", figures["portal"], "ms", figures["hand"], TARGET)
        for name, figures in found.items()
    ]


def _ms(call: Callable[[str], Any], each: int) -> Callable[[str], float]:
    def measured(side: str) -> float:
        started = time.perf_counter()
        for _time in range(each):
            call(side)
        return 1000 * (time.perf_counter() - started) / each

    return measured


def _checks(draft: Application, typed: dict[str, Any], each: int, rounds: int) -> dict[str, float]:
    posted = QueryDict(mutable=True)
    for name, value in typed.items():
        posted[name] = value
    section, stored = draft.definition.sections[0], draft.answers

    def check(side: str) -> None:
        form = (
            section_form(draft.definition, section, stored, posted)
            if side == "portal"
            else handwritten.SixtyForm(posted, initial=handwritten.initial(stored))
        )
        assert form.is_valid(), form.errors
        form.answers()

    page = _ms(check, each * 4)
    with translation.override("zh-hans"):
        return in_turn({"portal": lambda: page("portal"), "hand": lambda: page("hand")}, rounds)


def _typed(client: Client, address: str) -> dict[str, Any]:
    """What the page would send as it stands; without the digest of what it was opened on, which each save changes."""
    return {name: value for name, value in form(client.get(address), address).items() if name != "state"}


def _same(client: Client, addresses: dict[str, str], typed: dict[str, dict[str, Any]]) -> None:
    """Both ask the same, take the same and refuse the same; or there is nothing to compare."""
    seen = []
    for side, address in addresses.items():
        saved = client.post(address, typed[side])
        assert saved.status_code == 302, html.fromstring(saved.content).xpath("string(//*[@class='error-summary'])")
        back = client.post(address, typed[side] | FAULTS)
        assert back.status_code == 422, back.status_code
        page = html.fromstring(back.content)
        seen.append((
            sorted({name for name in typed[side] if name != "then"}),
            sorted(set(page.xpath("//*[contains(@class,'error-summary')]//a/@href"))),
            sorted(set(page.xpath("//select[@name='region']//option/@value"))),
        ))  # fmt: skip
        assert client.post(address, typed[side]).status_code == 302
    for ours, theirs in zip(*seen, strict=True):
        assert ours == theirs, set(ours) ^ set(theirs)
