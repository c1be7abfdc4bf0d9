"""The living style page (/style/, in DEBUG): every colour with its contrast, the type, every component in every state."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import palette

NOBODY = UUID(int=0)
SPACES = {
    "s1": 4,
    "s2": 8,
    "s3": 12,
    "s4": 16,
    "s5": 24,
    "s6": 32,
    "s7": 48,
    "s8": 72,
}  # px, as portal.css has them in rem


class EveryField(forms.Form):
    """A field of each kind; what ``style`` sends with it leaves some of them wrong."""

    name = forms.CharField(label="企业名称 Name of the enterprise", help_text="与营业执照一致 As on the licence")
    email = forms.EmailField(label="电子邮箱 E-mail")
    headcount = forms.IntegerField(label="用工人数 Headcount", min_value=1)
    day = forms.DateField(label="复工日期 Day", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    size = forms.ChoiceField(label="规模 Size", choices=[("", "——"), ("small", "小型 Small"), ("large", "大型 Large")])
    canteen = forms.ChoiceField(
        label="是否开放食堂 Canteen", choices=[("yes", "是 Yes"), ("no", "否 No")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="说明 Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    sheet = forms.FileField(label="表格 Sheet", required=False)
    fixed = forms.CharField(label="不可修改 Fixed", initial="360924", disabled=True)
    pledge = forms.BooleanField(label="我承诺以上情况真实 What I state is true")


def style(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    colours = {scheme: palette.pairs(scheme) for scheme in ("light", "dark")}
    context = {
        "now": now + timedelta(hours=2), "past": now - timedelta(hours=2),
        "form": EveryField({"name": "宜丰县青竹制品有限公司", "email": "nobody", "headcount": "0", "canteen": "yes"}),
        "steps": _steps(), "rows": _rows(), "events": _events(now), "page": Paginator(range(60), 20).page(2),
        "material": _file("fine"), "checking": _file("checking"), "held": _file("held"), "refused": _file("refused"),
        "table": {"head": [_("Name"), _("Files")], "rows": [["江立川", 3], ["余小禾", ""]], "more": 40},
        "pairs": list(zip(colours["light"], colours["dark"], strict=True)), "spaces": SPACES, "icons": _icons(),
    }  # fmt: skip
    return render(request, "style.html", context)


def _steps() -> list[dict[str, Any]]:
    states = ("done", "current", "part", "error", "todo")
    titles = (_("Enterprise"), _("Materials"), _("Check and send"), _("Corrections are needed"), _("Receipt"))
    return [{"label": title, "url": "#", "state": state} for title, state in zip(titles, states, strict=True)]


def _rows() -> list[dict[str, Any]]:
    return [
        {"label": _("Enterprise"), "value": "宜丰县青竹制品有限公司", "url": "#"},
        {"label": _("Note (needed only if you change nothing)"), "value": "", "url": "#"},
        {"label": _("Files"), "value": 0, "url": "#", "marked": True, "why": _("There is a problem")},
    ]


def _events(now: Any) -> list[dict[str, Any]]:
    return [
        {"title": _("Submitted"), "at": now - timedelta(hours=3), "who": "江立川", "state": "done"},
        {"title": _("Rejected"), "at": now - timedelta(hours=2), "who": "宜丰县卫生健康委员会", "state": "error",
         "reason": "防疫物资数量与照片不符。\n请核对。"},
        {"title": _("Accepted"), "at": now - timedelta(hours=1), "state": "current", "note": "35 min"},
        {"title": _("Approved"), "state": "todo"},
    ]  # fmt: skip


def _file(state: str) -> SimpleNamespace:
    """What components/file_row.html asks a material for."""
    return SimpleNamespace(
        original_name="防疫应急预案（盖章版）.pdf", size=4_404_019, url="#", check_state=state, waits=state in ("checking", "held"),
        why=_("Not a PDF, although its name says so."), warnings=[_("There is a problem")] if state == "fine" else [],
        faults=["第 3 行：姓名未填写", "第 9 行：手机号不正确"] if state == "refused" else [], note="",
        application=SimpleNamespace(public_id=NOBODY), public_id=NOBODY if state != "fine" else None,
    )  # fmt: skip


def _icons() -> list[str]:
    sprite = palette.CSS.parents[1] / "vendor" / "bootstrap-icons" / "sprite.svg"
    return re.findall(r'<symbol id="([a-z0-9-]+)"', sprite.read_text())
