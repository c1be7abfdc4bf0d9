"""The editor of a draft edition: one part at a time as a form, or the whole text as TOML, and beside it what applicants see.

Works without script: every button sends the form of the part along, so that nothing typed is left behind. With script the
form saves itself (static/js/draft.js), and faults and preview follow.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from permits import definition_editing, definition_preview, definition_text, spoken
from permits.definition_editing import Part, PartForm
from permits.definition_file import DefinitionError, Fault, parse
from permits.definition_words import in_words
from permits.models import EditionDraft
from reviews import drafting
from reviews.admin.access import is_service_owner, who

SHOWN_FAULTS = 20
SHOWN_LINES = 400


class Conflict(Exception):
    """Somebody else saved what is being saved here; nothing was written."""


class Gone(Exception):
    """The part was removed, or the text can't be read any more, since the page was opened."""


@dataclass
class Typed:
    """What was posted: to which part, from which state of it, with which button."""

    post: QueryDict
    at: str
    do: str = ""
    went_to: str = field(default="", init=False)  # the address to show afterwards

    @property
    def state(self) -> str:
        return str(self.post.get("state", ""))


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that saves itself stays as it is when the session is over: a line on it says so."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "autosave" in request.POST and not is_service_owner(request):
            login = f"{reverse('admin:login')}?next={request.get_full_path()}"
            context = {"login": login, "state": request.POST.get("state", ""), "was": request.POST.get("was", "")}
            return render(request, "admin/permits/editiondraft/saved.html", context, status=401)
        return view(request, *args, **kwargs)

    return inner


def edit(request: HttpRequest, draft: EditionDraft) -> HttpResponse:
    at = request.GET.get("at", "head")
    if request.method != "POST":
        return _show(request, draft, at)
    typed = Typed(request.POST, at, request.POST.get("do", ""))
    by_itself = "autosave" in request.POST
    error = ""
    try:
        draft = drafting.save(draft.pk, by=who(request), edit=lambda locked: _edited(locked, typed))
    except Conflict:
        status = 409
    except (Gone, drafting.Closed) as refused:
        status, error = 409, str(refused)
    except (definition_text.Unwritable, drafting.TooLong) as refused:
        status, error = 422, str(refused)
    else:
        if by_itself:
            return _show_saved(request, draft, typed)
        if typed.do in ("publish:", "files:"):
            return HttpResponseRedirect(reverse(f"admin:permits_editiondraft_{typed.do[:-1]}", args=[draft.pk]))
        return HttpResponseRedirect(f"{_address(draft)}?at={typed.went_to}")
    draft = EditionDraft.objects.select_related("service__current", "base", "saved_by").get(pk=draft.pk)
    if by_itself:
        return _show_saved(request, draft, typed, error=error, conflict=not error, status=status)
    return _show(request, draft, at, typed, error=error, conflict=status == 409 and not error, status=status)


def name_of(draft: EditionDraft) -> str:
    version = draft.base or (draft.service.current if draft.service else None)
    title = str(version.definition.title) if version else _("New service")
    return f"{title} · {draft.pk}"


def _address(draft: EditionDraft) -> str:
    return reverse("admin:permits_editiondraft_change", args=[draft.pk])


# --- What is asked of the text -----------------------------------------------------------------------------------


def _edited(draft: EditionDraft, typed: Typed) -> str:
    """The draft's text with what was typed, and then with what the button asks for."""
    if typed.at == "toml":
        return _do(_whole(draft, typed), "toml", typed)
    try:
        data = definition_text.read(draft.source)
        part = definition_editing.find(data, typed.at, typed.post.get("was"))
    except (tomllib.TOMLDecodeError, LookupError) as error:
        raise Gone(_("This part is not in the draft any more: %(name)s changed it. What you typed is below.")
                   % {"name": draft.saved_by.name if draft.saved_by else "—"}) from error  # fmt: skip
    changes = PartForm(part, _questions(data), typed.post).changes()
    if changes and typed.state not in ("", part.state):
        raise Conflict
    source = definition_text.put(draft.source, part.path, changes) if changes else draft.source
    return _do(source, part.address, typed)


def _whole(draft: EditionDraft, typed: Typed) -> str:
    source = typed.post.get("source", "").replace("\r\n", "\n").rstrip("\n") + "\n"
    if source.rstrip("\n") == draft.source.rstrip("\n"):
        return draft.source
    if typed.state not in ("", str(draft.revision)):
        raise Conflict
    return source


def _do(source: str, here: str, typed: Typed) -> str:
    """``go:ADDRESS``; ``up:``, ``down:`` or ``remove:ADDRESS:MARK``; ``add:KIND:ADDRESS``, behind the part there."""
    verb, _colon, rest = typed.do.partition(":")
    typed.went_to = rest if verb == "go" else here
    if verb not in ("up", "down", "remove", "add"):
        return source
    try:
        data = definition_text.read(source)
        if verb == "add":
            return _added(source, data, *rest.split(":", 1), typed=typed)
        address, _colon, mark = rest.partition(":")
        # The part itself may just have got another mark; any other is found by the one that the page showed.
        part = definition_editing.find(data, address, None if address == here else mark)
        if not part.path:
            raise LookupError(address)
    except (tomllib.TOMLDecodeError, LookupError, ValueError) as error:
        raise Gone(_("Somebody changed the order meanwhile. The page shows how it is now; try again.")) from error
    if verb == "remove":
        typed.went_to = ".".join(map(str, part.path[:-2])) or "head"
        return definition_text.remove(source, part.path)
    to = definition_editing.neighbour(data, part, -1 if verb == "up" else 1)
    if to is None:
        return source
    typed.went_to = ".".join(map(str, to)) if address == here else here
    return definition_text.move(source, part.path, to)


def _added(source: str, data: dict[str, Any], kind: str, address: str, *, typed: Typed) -> str:
    if kind not in ("field", "column", *definition_editing.LISTS.values()):
        raise LookupError(kind)
    name = next((name for name, of in definition_editing.LISTS.items() if of == kind), "")
    if name:
        listed = data.get(name, [])
        if not isinstance(listed, list):
            raise definition_text.Unwritable
        to: definition_text.Path = (name, len(listed))
    else:
        part = definition_editing.find(data, address)
        if part.kind == ("section" if kind == "field" else "field"):
            to = (*part.path, "fields", len(part.item.get("fields", [])))
        else:
            to = (*part.path[:-1], int(part.path[-1]) + 1)
    typed.went_to = ".".join(map(str, to))
    return definition_text.add(source, to, definition_editing.fresh(data, kind))


def _questions(data: dict[str, Any]) -> list[Part]:
    return [part for part in definition_editing.parts(data) if part.kind == "field"]


# --- What is shown -----------------------------------------------------------------------------------------------


def _show_saved(
    request: HttpRequest, draft: EditionDraft, typed: Typed, *, error: str = "", conflict: bool = False, status: int = 200
) -> HttpResponse:  # fmt: skip
    """The answer to a form that saved itself: the state it is at now, and the faults."""
    context: dict[str, Any] = {"state": typed.state, "was": typed.post.get("was", ""), "error": error, "conflict": conflict,
                               "draft": draft}  # fmt: skip
    if status == 200:
        context |= _faults(draft) | {"at": draft.saved_at}
        if typed.at == "toml":
            context["state"] = draft.revision
        else:
            part = definition_editing.find(definition_text.read(draft.source), typed.went_to)
            context |= {"state": part.state, "was": part.mark}
    return render(request, "admin/permits/editiondraft/saved.html", context, status=status)


def _show(
    request: HttpRequest, draft: EditionDraft, at: str, typed: Typed | None = None, *, error: str = "",
    conflict: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        **admin.site.each_context(request), "draft": draft, "opts": EditionDraft._meta, "name": name_of(draft), "error": error,
        "conflict": conflict, "title": _("Draft edition"), "outline": [], "rules": [], "answers": [], "part": None, "typed": [],
        "state": draft.revision, "text": draft.source, **_faults(draft), **_standing(draft),
    }  # fmt: skip
    try:
        data = definition_text.read(draft.source)
    except tomllib.TOMLDecodeError:
        data, at = None, "toml"
    if data is not None:
        context |= _outline(data, at, context["faulty"])
        context |= _part(data, at, typed)
    if not draft.open:
        context["typed"] = _typed_rows(typed)
    if context["part"] is None:
        context |= _as_toml(draft, at, typed)
    context |= {"is_toml": context["part"] is None, "is_head": context["part"] is not None and not context["part"].path}
    return render(request, "admin/permits/editiondraft/edit.html", context, status=status)


def _part(data: dict[str, Any], at: str, typed: Typed | None) -> dict[str, Any]:
    """The form of the part, as it was typed where it was typed."""
    if at == "toml":
        return {}
    try:
        part = definition_editing.find(data, at, typed.post.get("was") if typed else None)
    except LookupError:
        head = definition_editing.find(data, "head")
        return {"part": head, "form": PartForm(head, []), "state": head.state, "kind": definition_editing.KINDS["head"],
                "typed": _typed_rows(typed)}  # fmt: skip
    form = PartForm(part, _questions(data), typed.post if typed else None)
    differ = []
    if typed is not None:
        saved = PartForm(part, _questions(data))
        differ = [(form[name].label, saved[name].value(), form[name].value()) for name in form.fields
                  if _said(saved[name].value()) != _said(form[name].value())]  # fmt: skip
    return {"part": part, "form": form, "state": part.state, "differ": differ, "kind": definition_editing.KINDS[part.kind],
            "lines": []}  # fmt: skip


def _typed_rows(typed: Typed | None) -> list[tuple[str, str]]:
    """Everything that was typed, to be read where there is no form for it any more."""
    if typed is None:
        return []
    own = ("csrfmiddlewaretoken", "state", "was", "do", "autosave")
    return [(name, str(value)) for name, values in typed.post.lists() if name not in own for value in values if value]


def _said(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else str(value or "").replace("\r\n", "\n").strip()


def _as_toml(draft: EditionDraft, at: str, typed: Typed | None) -> dict[str, Any]:
    if typed is None or at != "toml" or "source" not in typed.post:
        return {"lines": []}
    text = str(typed.post["source"]).replace("\r\n", "\n")
    differ = difflib.unified_diff(draft.source.splitlines(), text.splitlines(), n=0, lineterm="")
    lines = [(line[:1], line[1:]) for line in list(differ)[2:SHOWN_LINES] if not line.startswith("@@")]
    return {"text": text, "lines": lines}


def _outline(data: dict[str, Any], at: str, faulty: set[str]) -> dict[str, Any]:
    """Sections with their questions, rules, and what is often asked: title, whether a fault stands there, whether it is shown now."""
    language = spoken.language()
    entries: list[dict[str, Any]] = [
        {"part": part, "title": part.title[language], "here": part.address == at, "faulty": part.address in faulty}
        for part in definition_editing.parts(data)
    ]  # fmt: skip
    return {
        "outline": [entry for entry in entries if entry["part"].kind in ("section", "field", "column")],
        "rules": [entry for entry in entries if entry["part"].kind == "rule"],
        "answers": [entry for entry in entries if entry["part"].kind == "answer"],
    }


def _faults(draft: EditionDraft) -> dict[str, Any]:
    """The faults with the address of the part where each can be mended."""
    try:
        parse(draft.source)
        found: list[Fault] = []
    except DefinitionError as error:
        found = error.found
    shown = [
        {"fault": fault, "words": in_words(fault.message), "address": _mended_at(fault)}
        for fault in found[:SHOWN_FAULTS]
    ]
    return {"faults": shown, "more_faults": max(0, len(found) - SHOWN_FAULTS),
            "faulty": {each["address"] for each in shown}}  # fmt: skip


def _mended_at(fault: Fault) -> str:
    steps = fault.key.split(".")
    for length in range(len(steps), 0, -1):
        try:
            address = ".".join(steps[:length])
            if definition_editing.path_of(address):
                return address
        except LookupError:
            continue
    return "head" if steps[0] in definition_editing.HEAD_TEXTS else "toml"


def _standing(draft: EditionDraft) -> dict[str, Any]:
    """What is in force, and whether that is what the draft was begun with."""
    current = draft.service.current if draft.service else None
    language = spoken.language()
    return {
        "current": current, "overtaken": bool(current and draft.open and draft.base_id != current.pk),
        "refused": draft.refused_reason.get(language, "") if draft.refused_at else "",
    }  # fmt: skip


# --- The preview -------------------------------------------------------------------------------------------------


@xframe_options_sameorigin
def frame(request: HttpRequest, draft: EditionDraft) -> HttpResponse:
    """The part's section (or all) as an applicant sees it, in the language asked for; nothing can be sent from here."""
    language = request.GET.get("language", "")
    if request.method == "POST":
        messages.info(request, _("This is a preview: nothing was sent."))
        return HttpResponseRedirect(request.get_full_path())
    with translation.override(language if language in ("zh-hans", "en") else get_language()):
        at = request.GET.get("at", "head")
        context = {
            "draft": draft, "shown": definition_preview.sections(draft.source, at),
            "about": definition_preview.about(draft.source, at),
        }  # fmt: skip
        return render(request, "admin/permits/editiondraft/frame.html", context)
