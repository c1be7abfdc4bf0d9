"""Filing: start a draft, check everything, send it once. ``filling`` has the sections of the form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from permits import checks, comparing, fieldtypes, groups, spoken
from permits.forms import defaults, is_shown, values_of
from permits.intake.materials import requirement_state
from permits.models import Application, Enterprise, Service, Status, User
from portal.blocks import left_rows, refresh_after
from portal.requests import SignedIn
from portal.words import limit_in_words
from reviews import lifecycle, workflow
from reviews.policy import Refused
from reviews.routing import NobodyHandles


@login_required
def start(request: SignedIn, slug: str) -> HttpResponse:
    """Begin, or go on with, a draft of this service for one of the applicant's enterprises."""
    service = get_object_or_404(Service.objects.select_related("current"), slug=slug, open=True, current__isnull=False)
    definition = service.definition
    enterprise = None
    if definition.audience == "enterprise":
        mine = list(Enterprise.objects.visible_to(request.user, service=service).order_by("name"))
        if not mine and request.user.memberships.filter(active=True).exists():
            words = _("Your authorisation doesn't cover this service today. Ask the enterprise's owner to extend it, or register another enterprise.")
            messages.info(request, words)
            return redirect("enterprises")
        if not mine:
            messages.info(request, _("Register your enterprise first; then the form is filled in from its record."))
            return redirect(f"{reverse('enterprise_new')}?for={slug}")
        chosen = request.POST.get("enterprise", "")
        enterprise = mine[0] if len(mine) == 1 else next((e for e in mine if str(e.public_id) == chosen), None)
        if enterprise is None or request.method != "POST":
            context = {"definition": definition, "service": service, "enterprises": mine, "section": "catalogue"}
            return render(request, "filing/start.html", context)
    elif request.method != "POST":
        return redirect("service", slug=slug)
    return begin(request, service, enterprise)


def begin(request: SignedIn, service: Service, enterprise: Enterprise | None) -> HttpResponse:
    """To a new draft, or to the one that there is. What the enterprise's record answers in full isn't asked first again."""
    if service.current is None:
        raise Http404
    with transaction.atomic():
        _lock_whose(request.user, enterprise)  # of two clicks at once the second finds the first one's draft
        same = Application.objects.visible_to(request.user).filter(
            version__service=service, enterprise=enterprise, status=Status.DRAFT, renews=None
        )
        draft = same.order_by("-updated_at").first()
        if draft is None:
            assert service.current is not None  # who asks for a service that isn't published got a 404
            draft = Application.objects.create(
                version=service.current, enterprise=enterprise, applicant=request.user,
                answers=_prefilled(service, enterprise, request.user),
            )  # fmt: skip
            return redirect("fill", public_id=draft.public_id, section=_first_open(request, draft))
    messages.info(request, _("You have a draft already; go on where you left off."))
    return go_on(request, draft.public_id)


def _first_open(request: SignedIn, draft: Application) -> str:
    """The section that a new draft begins with: the first that isn't answered by the record."""
    keys = [section.key for section in draft.definition.sections]
    faulty = {problem.key for problem in checks.problems(draft) if problem.place == "section"}
    first = next((key for key in keys if key in faulty), keys[0])
    for section in draft.definition.sections[: keys.index(first)]:
        messages.info(request, _("“%(part)s” is filled in from your enterprise’s record. Look at it at any time, here or before you send it.") % {"part": section.title})  # fmt: skip
    return first


@login_required
def go_on(request: SignedIn, public_id: UUID) -> HttpResponse:
    """To the first part of a draft that is not complete yet."""
    draft = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    if not draft.is_draft:
        return redirect(draft)
    first = next(iter(checks.problems(draft)), None)
    if first is None:
        return redirect("check", public_id=public_id)
    return redirect(_place(draft, first).partition("?")[0])


def _lock_whose(user: User, enterprise: Enterprise | None) -> None:
    rows: Any = Enterprise.objects.filter(pk=enterprise.pk) if enterprise else User.objects.filter(pk=user.pk)
    rows.select_for_update(of=("self",)).get()


def _prefilled(service: Service, enterprise: Enterprise | None, user: User) -> dict[str, Any]:
    """What a new draft begins with: defaults, what the last application said, what the enterprise's record says."""
    fields = list(service.definition.fields())
    found = defaults(service.definition)
    again = [field for field in fields if field.prefill_last]
    if again:
        earlier = Application.objects.filter(version__service=service, number__isnull=False).select_related("version")
        mine = earlier.filter(enterprise=enterprise) if enterprise else earlier.filter(enterprise=None, applicant=user)
        if last := mine.order_by("-submitted_at").first():
            said, _left = comparing.carry(last.answers, last.definition, service.definition)  # another edition's, maybe
            found |= {field.key: said[field.key] for field in again if field.key in said}
    if enterprise:
        record = {field.key: getattr(enterprise, field.prefill) for field in fields if field.prefill}
        found |= {key: value for key, value in record.items() if value}  # what it doesn't know overrides nothing
    return found


def steps(application: Application, here: str) -> list[dict[str, Any]]:
    """The way through the filing, with what is done of it."""
    faults = {(problem.place, problem.key) for problem in checks.problems(application)}
    found = []
    for part in application.definition.sections:
        answered = any(application.answers.get(field.key) is not None for field in part.fields)
        done = "done" if ("section", part.key) not in faults else "part"
        found.append({
            "label": part.title, "url": reverse("fill", args=[application.public_id, part.key]),
            "state": "current" if part.key == here else done if answered else "todo",
        })  # fmt: skip
    if asks_for_materials(application):
        missing = any(place == "material" for place, _key in faults)
        state = "current" if here == "materials" else "todo" if missing else "done"
        url = reverse("materials", args=[application.public_id])
        found.append({"label": _("Materials"), "url": url, "state": state})
    url = reverse("check", args=[application.public_id])
    found.append({"label": _("Check and send"), "url": url, "state": "current" if here == "check" else "todo"})
    return found


def asks_for_materials(application: Application) -> bool:
    elsewhere = {field.material for field in application.definition.fields()}
    return any(requirement.key not in elsewhere for requirement in application.definition.materials)


def after_the_form(application: Application) -> str:
    return "materials" if asks_for_materials(application) else "check"


@login_required
def carry(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Carry a draft over to the edition in force; or, once its owner has seen what did not fit, put that away."""
    draft = get_object_or_404(Application.objects.visible_to(request.user), public_id=public_id)
    if request.method != "POST":  # back from the log-in
        return redirect("go_on", public_id=public_id)
    if "seen" in request.POST:
        Application.objects.filter(pk=draft.pk, status=Status.DRAFT).update(left_over=[])
        return redirect("go_on", public_id=public_id)
    try:
        workflow.carry_draft(draft.pk, applicant=request.user)
    except lifecycle.NotPossible as error:
        messages.error(request, str(error))
        return redirect(draft)
    messages.success(request, _("The draft is on the newest edition of the form now. Please check every section."))
    return redirect("check", public_id=public_id)


@login_required
def check(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Everything on one page; sent from here, once."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version", "enterprise"), public_id=public_id
    )
    if request.method == "POST" or not application.is_draft:
        return _send(request, application)
    return _show_check(request, application)


def _send(request: SignedIn, application: Application) -> HttpResponse:
    try:
        sent = workflow.submit(application.pk, applicant=request.user)
    except workflow.Incomplete:
        return _show_check(request, application, status=422)
    except NobodyHandles as nobody:
        messages.error(request, _("%(reason)s Your application is kept as a draft.") % {"reason": nobody})
        return _show_check(request, application, status=409)
    except (Refused, workflow.NotSensible) as error:
        messages.error(request, str(error))
        return _show_check(request, application, status=409)
    return redirect(sent)


def _show_check(request: SignedIn, application: Application, status: int = 200) -> HttpResponse:
    problems = [{"problem": p, "url": _place(application, p)} for p in checks.problems(application)]
    tried = status == 422
    states = requirement_state(application, values_of(application.definition, application.answers))
    context = {
        "application": application, "problems": problems, "warnings": checks.warnings(application),
        "parts": summary(application, change=True), "steps": steps(application, "check"), "section": "applications",
        "promised": limit_in_words(application.definition.limits.promised),
        "requirements": states, "refresh": refresh_after(states),
        "tried": tried, "to_do": [] if tried else _to_do(application, problems), "outdated": is_outdated(application), "left_over": left_over(application),
        "left_files": left_rows(application),
    }  # fmt: skip
    return render(request, "filing/check.html", context, status=status)


def _to_do(application: Application, problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is missing, page by page: ``title``, ``url`` of the first of it, ``rows``. Nobody has tried to send it yet."""
    titles = {part.key: part.title for part in application.definition.sections}
    found: dict[str, dict[str, Any]] = {}
    for row in problems:
        page = row["url"].partition("?")[0].partition("#")[0]
        of_materials = page == reverse("materials", args=[application.public_id])
        title = _("Materials") if of_materials else titles.get(page.rstrip("/").rpartition("/")[2], row["problem"].title)
        found.setdefault(page, {"title": title, "url": row["url"], "rows": []})["rows"].append(row)
    return list(found.values())


def is_outdated(application: Application) -> bool:
    """Whether a newer edition is in force than the one this draft was begun with."""
    return Service.objects.filter(pk=application.version.service_id).exclude(current=application.version_id).exists()


def left_over(application: Application) -> list[dict[str, str]]:
    language = spoken.language()
    return [{"label": each["label"][language], "value": each["value"]} for each in application.left_over]


def _place(application: Application, problem: checks.Problem) -> str:
    taken_in = next((part.key for part in application.definition.sections
                     if any(field.material == problem.key for field in part.fields)), None)  # fmt: skip
    if problem.place == "material" and taken_in:
        return f"{reverse('fill', args=[application.public_id, taken_in])}#material-{problem.key}"
    if problem.place == "material":
        return f"{reverse('materials', args=[application.public_id])}#material-{problem.key}"
    url = reverse("fill", args=[application.public_id, problem.key])
    return f"{url}?then=check#id_{problem.field}"


def summary(application: Application, *, change: bool = False) -> list[dict[str, Any]]:
    """The answers in words, section by section; only what is shown."""
    values = values_of(application.definition, application.answers)
    found = []
    for part in application.definition.sections:
        url = f"{reverse('fill', args=[application.public_id, part.key])}?then=check" if change else ""
        rows = [
            {"label": field.label, "value": fieldtypes.display(field, application.answers.get(field.key)),
             "table": groups.table(field, application.answers.get(field.key), limit=50) if field.fields else None,
             "url": f"{url}#id_{field.key}" if change else ""}
            for field in part.fields if is_shown(field, values) and field.type != "file"
        ]  # fmt: skip
        found.append({"part": part, "rows": rows, "url": url})
    return found


@login_required
def discard(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Throw a draft away, with its files. What was sent can't be thrown away."""
    application = get_object_or_404(Application.objects.visible_to(request.user), public_id=public_id)
    if request.method != "POST":  # back from the log-in: nothing is thrown away that wasn't asked for just now
        return redirect("check", public_id=public_id)
    try:
        workflow.discard_draft(application.pk, applicant=request.user)
    except lifecycle.NotPossible:
        messages.error(request, _("This application was sent; it can be withdrawn, not thrown away."))
        return redirect(application)
    except Refused as error:  # the authorisation ended just now
        messages.error(request, str(error))
        return redirect("applications")
    except Application.DoesNotExist:  # another click was faster
        pass
    messages.success(request, _("The draft was thrown away."))
    return redirect("applications")
