"""The form of ``sixty.toml`` as one would write it by hand for one service: the reference of the bench ``forms``.

The same questions, widgets, checks and crispy layout, shown by the same template to the same signed-in owner of the
same draft, which is read, locked and saved alike. It knows its fields when it is written, so it has no definition to
read, no expressions to evaluate and no editions to look for.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import include, path
from django.utils import timezone

from permits.codes import bank_account, industries, mobile, resident_id, uscc
from permits.fieldtypes import CodeField, MoneyField, YesNoField, region_field
from permits.models import Application

COUNTIES = list(region_field("360000").choices)
INDUSTRIES = [("", "———"), *industries.choices()]


def numeric() -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": "numeric"})


def decimal() -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": "decimal"})


def digits(mode: str) -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"})


def code() -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false", "size": "18"}
    )


def day(**bounds: str) -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"} | bounds)


def moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


def not_before(first: date) -> Any:
    def check(value: date) -> None:
        if value < first:
            raise ValidationError("早于允许的日期。")

    return check


def not_after(last: date) -> Any:
    def check(value: date) -> None:
        if value > last:
            raise ValidationError("晚于允许的日期。")

    return check


class SixtyForm(forms.Form):
    use_required_attribute = False

    enterprise_name = forms.CharField(max_length=100, label="企业名称", help_text="请如实填写企业名称")
    uscc = CodeField(
        uscc.clean, max_length=40, widget=code(), label="统一社会信用代码", help_text="请如实填写统一社会信用代码"
    )
    registered_address = forms.CharField(max_length=200, label="注册地址", help_text="请如实填写注册地址")
    production_address = forms.CharField(max_length=200, label="生产经营地址", help_text="请如实填写生产经营地址")
    region = forms.ChoiceField(choices=COUNTIES, label="所在县区", help_text="请如实填写所在县区")
    industry = forms.ChoiceField(choices=INDUSTRIES, label="所属行业", help_text="请如实填写所属行业")
    size = forms.ChoiceField(
        choices=[("large", "大型"), ("medium", "中型"), ("small", "小型"), ("micro", "微型")],
        widget=forms.RadioSelect,
        label="企业规模",
        help_text="请如实填写企业规模",
    )
    founded_on = forms.DateField(
        widget=day(max="2026-01-01"),
        label="成立日期",
        help_text="请如实填写成立日期",
        validators=[not_after(date(2026, 1, 1))],
    )
    legal_name = forms.CharField(max_length=50, label="法定代表人", help_text="请如实填写法定代表人")
    legal_id_number = CodeField(
        resident_id.clean,
        max_length=40,
        widget=code(),
        label="法定代表人身份证号",
        help_text="请如实填写法定代表人身份证号",
    )
    legal_mobile = CodeField(
        mobile.clean, max_length=40, widget=digits("tel"), label="法定代表人手机", help_text="请如实填写法定代表人手机"
    )
    agent_name = forms.CharField(max_length=50, label="经办人", help_text="请如实填写经办人")
    agent_id_number = CodeField(
        resident_id.clean, max_length=40, widget=code(), label="经办人身份证号", help_text="请如实填写经办人身份证号"
    )
    agent_mobile = CodeField(
        mobile.clean, max_length=40, widget=digits("tel"), label="经办人手机", help_text="请如实填写经办人手机"
    )
    agent_email = forms.EmailField(
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
        label="经办人邮箱",
        help_text="请如实填写经办人邮箱",
        required=False,
    )
    bank_name = forms.CharField(max_length=200, label="开户银行", help_text="请如实填写开户银行")
    bank_account = CodeField(
        bank_account.clean, max_length=40, widget=digits("numeric"), label="银行账号", help_text="请如实填写银行账号"
    )
    lead_name = forms.CharField(max_length=50, label="防控负责人", help_text="请如实填写防控负责人")
    lead_mobile = CodeField(
        mobile.clean, max_length=40, widget=digits("tel"), label="防控负责人手机", help_text="请如实填写防控负责人手机"
    )
    headcount = forms.IntegerField(
        min_value=1, max_value=100000, widget=numeric(), label="职工总数", help_text="请如实填写职工总数"
    )
    first_batch = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="首批返岗人数", help_text="请如实填写首批返岗人数"
    )
    origin_local = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="本地人数", help_text="请如实填写本地人数"
    )
    origin_province = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="省内人数", help_text="请如实填写省内人数"
    )
    origin_other = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="外省人数", help_text="请如实填写外省人数"
    )
    origin_key_area = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="重点疫区人数", help_text="请如实填写重点疫区人数"
    )
    quarantine_place = forms.CharField(max_length=200, label="隔离地点", help_text="请如实填写隔离地点", required=False)
    quarantine_end = forms.DateField(
        widget=day(), label="隔离结束日期", help_text="请如实填写隔离结束日期", required=False
    )
    resumption_date = forms.DateField(
        widget=day(min="2020-02-01"),
        label="拟复工日期",
        help_text="请如实填写拟复工日期",
        validators=[not_before(date(2020, 2, 1))],
    )
    shift_count = forms.IntegerField(
        min_value=1, max_value=4, widget=numeric(), label="班次", help_text="请如实填写班次"
    )
    shift_arrangement = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="错峰上下班安排",
        help_text="请如实填写错峰上下班安排",
    )
    canteen_used = YesNoField(label="是否开放食堂", help_text="请如实填写是否开放食堂")
    canteen_arrangement = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="就餐安排",
        help_text="请如实填写就餐安排",
        required=False,
    )
    dormitory_used = YesNoField(label="是否使用宿舍", help_text="请如实填写是否使用宿舍")
    dormitory_beds = forms.IntegerField(
        min_value=0,
        max_value=2147483647,
        widget=numeric(),
        label="宿舍床位",
        help_text="请如实填写宿舍床位",
        required=False,
    )
    bus_used = YesNoField(label="是否安排通勤车", help_text="请如实填写是否安排通勤车")
    bus_plan = forms.CharField(max_length=200, label="通勤车路线", help_text="请如实填写通勤车路线", required=False)
    masks = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="口罩（只）", help_text="请如实填写口罩（只）"
    )
    mask_days = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="口罩可用天数", help_text="请如实填写口罩可用天数"
    )
    thermometers = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="测温仪", help_text="请如实填写测温仪"
    )
    disinfectant_litres = forms.DecimalField(
        min_value=0,
        max_value=None,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="消毒液（升）",
        help_text="请如实填写消毒液（升）",
    )
    suits = forms.IntegerField(
        min_value=0, max_value=2147483647, widget=numeric(), label="防护服（套）", help_text="请如实填写防护服（套）"
    )
    measures = forms.MultipleChoiceField(
        choices=[
            ("temperature", "体温监测"),
            ("disinfection", "消毒"),
            ("separate", "分餐"),
            ("ventilation", "通风"),
            ("training", "培训"),
        ],
        widget=forms.CheckboxSelectMultiple,
        label="防控措施",
        help_text="请如实填写防控措施",
    )
    quarantine_room = YesNoField(label="是否有隔离间", help_text="请如实填写是否有隔离间")
    agreed_place = forms.CharField(
        max_length=200, label="约定隔离场所", help_text="请如实填写约定隔离场所", required=False
    )
    revenue_last_year = MoneyField(
        min_value=0,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="上年营业收入",
        help_text="请如实填写上年营业收入",
    )
    revenue_this_year = MoneyField(
        min_value=0,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="今年预计收入",
        help_text="请如实填写今年预计收入",
    )
    tax_paid = MoneyField(
        min_value=0,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="上年纳税额",
        help_text="请如实填写上年纳税额",
    )
    loan_needed = YesNoField(label="是否需要贷款", help_text="请如实填写是否需要贷款")
    loan_amount = MoneyField(
        min_value=1,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="贷款金额",
        help_text="请如实填写贷款金额",
        required=False,
    )
    loan_purpose = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="贷款用途",
        help_text="请如实填写贷款用途",
        required=False,
    )
    supplies_needed = forms.MultipleChoiceField(
        choices=[("masks", "口罩"), ("disinfectant", "消毒液"), ("raw", "原材料")],
        widget=forms.CheckboxSelectMultiple,
        label="需协助的物资",
        help_text="请如实填写需协助的物资",
        required=False,
    )
    power_load = forms.DecimalField(
        min_value=0,
        max_value=None,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="用电负荷（千瓦）",
        help_text="请如实填写用电负荷（千瓦）",
    )
    water_use = forms.DecimalField(
        min_value=0,
        max_value=None,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="日用水量（吨）",
        help_text="请如实填写日用水量（吨）",
    )
    main_products = forms.CharField(max_length=200, label="主要产品", help_text="请如实填写主要产品")
    supply_chain = forms.ChoiceField(
        choices=[("upstream", "上游"), ("middle", "中游"), ("downstream", "下游")],
        widget=forms.RadioSelect,
        label="产业链位置",
        help_text="请如实填写产业链位置",
    )
    export_share = forms.DecimalField(
        min_value=0,
        max_value=100,
        max_digits=16,
        decimal_places=2,
        widget=decimal(),
        label="出口占比（%）",
        help_text="请如实填写出口占比（%）",
    )
    inspection_at = forms.DateTimeField(widget=moment(), label="希望检查时间", help_text="请如实填写希望检查时间")
    licence_code = forms.CharField(
        max_length=200,
        label="许可证编号",
        help_text="请如实填写许可证编号",
        required=False,
        validators=[RegexValidator(r"\A(?:[A-Z]{2}\d{6})\Z", "格式不对。")],
    )
    remarks = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="备注",
        help_text="请如实填写备注",
        required=False,
    )
    pledge = forms.BooleanField(label="我承诺以上内容真实", help_text="请如实填写我承诺以上内容真实")

    @cached_property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(*[
            Div(Field(name), css_class="pp-field" if name not in OPTIONAL else "pp-field pp-field--optional",
                **({"data_shown_if": SHOWN_IF[name]} if name in SHOWN_IF else {}))
            for name in self.fields
        ])  # fmt: skip
        return helper

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        hidden = set()
        if not (given.get("origin_key_area") or 0) > 0:
            hidden |= {"quarantine_place", "quarantine_end"}
        if not given.get("canteen_used"):
            hidden.add("canteen_arrangement")
        if not given.get("dormitory_used"):
            hidden.add("dormitory_beds")
        if not given.get("bus_used"):
            hidden.add("bus_plan")
        if given.get("quarantine_room") is not False:
            hidden.add("agreed_place")
        if not given.get("loan_needed"):
            hidden |= {"loan_amount", "loan_purpose"}
        for name in SHOWN_IF:
            if name in hidden:
                self.errors.pop(name, None)
                given[name] = None
            elif name not in self.errors and given.get(name) in (None, ""):
                self.add_error(name, f"请填写“{self.fields[name].label}”。")
        self._check_numbers(given)
        return given

    def _check_numbers(self, given: dict[str, Any]) -> None:
        first, headcount, masks = given.get("first_batch"), given.get("headcount"), given.get("masks")
        origins = [given.get(f"origin_{part}") for part in ("local", "province", "other", "key_area")]
        if first is not None and headcount is not None and first > headcount:
            self.add_error("first_batch", "首批返岗人数不能多于职工总数。")
        if first is not None and None not in origins and sum(origins) != first:
            self.add_error("origin_local", "来源人数之和应等于首批返岗人数。")
        self.warnings = []
        if masks is not None and first is not None and masks < 2 * first * 7:
            self.warnings.append("口罩不足7天用量。")

    def answers(self) -> dict[str, Any]:
        """As a draft keeps them: what is right as it is meant, what is not as it was typed."""
        return {
            name: self[name].data if name in self.errors else stored(self.cleaned_data.get(name))
            for name in self.fields
        }


OPTIONAL = {"agent_email", "supplies_needed", "licence_code", "remarks"}
SHOWN_IF = {
    "quarantine_place": json.dumps(["cmp", ">", ["name", "origin_key_area"], ["const", 0]]),
    "quarantine_end": json.dumps(["cmp", ">", ["name", "origin_key_area"], ["const", 0]]),
    "canteen_arrangement": json.dumps(["name", "canteen_used"]),
    "dormitory_beds": json.dumps(["name", "dormitory_used"]),
    "bus_plan": json.dumps(["name", "bus_used"]),
    "agreed_place": json.dumps(["not", ["name", "quarantine_room"]]),
    "loan_amount": json.dumps(["name", "loan_needed"]),
    "loan_purpose": json.dumps(["name", "loan_needed"]),
}


def stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def initial(answers: dict[str, Any]) -> dict[str, Any]:
    yes_no = {True: "true", False: "false"}
    found = {
        name: yes_no.get(value, value) if isinstance(value, bool) and name != "pledge" else value
        for name, value in answers.items()
    }
    if isinstance(found.get("inspection_at"), str):
        found["inspection_at"] = timezone.localtime(datetime.fromisoformat(found["inspection_at"]))
    return found


@login_required
def fill(request: HttpRequest, public_id: UUID) -> HttpResponse:
    draft = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    if request.method != "POST":
        return _show(request, draft, SixtyForm(initial=initial(draft.answers)))
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).get(pk=draft.pk)
        form = SixtyForm(request.POST, initial=initial(locked.answers))
        good = form.is_valid()
        locked.answers = {**locked.answers, **form.answers()}
        locked.save(update_fields=["answers", "updated_at"])
    return redirect("check", public_id=public_id) if good else _show(request, draft, form)


def _show(request: HttpRequest, draft: Application, form: SixtyForm) -> HttpResponse:
    address = f"/handwritten/{draft.public_id}/"
    context = {
        "application": draft, "part": SimpleNamespace(key="all", title="全部内容", help=None, fields=()), "form": form,
        "section": "applications", "back": None, "files": [],
        "steps": [{"label": "全部内容", "url": address, "state": "current"},
                  {"label": "核对并提交", "url": address, "state": "todo"}],
    }  # fmt: skip
    return render(request, "filing/fill.html", context, status=422 if form.is_bound and form.errors else 200)


urlpatterns = [path("handwritten/<uuid:public_id>/", fill, name="handwritten"), path("", include("portal.urls"))]
