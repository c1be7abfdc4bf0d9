"""What a PDF's objects may say: nothing that runs, sends, fetches, plays or carries another file.

A harmless leftover passes: an empty list of scripts or attachments, an action that only turns to a page, a link that a
reader follows by a click. Every object is looked at, reachable or not, packed into an object stream or not.
"""

from __future__ import annotations

from typing import Any, cast

import pikepdf

from permits.intake.looking import links, words

_READS_OR_STARTS = {"/Launch", "/ImportData", "/GoToR", "/GoToE"}
_PLAYS = {"/RichMediaExecute", "/Movie", "/Sound", "/Rendition", "/GoTo3DView"}
_PLAYED = {"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
MAX_CHAIN = 50


def refuse_active_content(pdf: pikepdf.Pdf) -> None:
    for top in pdf.objects:
        waiting: list[Any] = [top]
        while waiting:
            part = waiting.pop()
            if isinstance(part, pikepdf.Stream):
                part = part.stream_dict
                if "/F" in part:  # its content lies in another file
                    raise words.pdf_launch()
            if isinstance(part, pikepdf.Dictionary):
                _refuse_active_part(part)
                waiting += [value for _key, value in part.items() if _is_direct_container(value)]
            elif isinstance(part, pikepdf.Array):
                waiting += [value for value in cast(Any, part) if _is_direct_container(value)]


def _is_direct_container(value: Any) -> bool:
    """A list or dictionary that stands right here; what is referred to has its own turn."""
    return isinstance(value, pikepdf.Array | pikepdf.Dictionary) and not value.is_indirect


def _refuse_active_part(part: pikepdf.Dictionary) -> None:
    keys = set(part.keys())
    if "/JS" in keys and not _is_empty(part["/JS"]):
        raise words.pdf_script()
    if "/XFA" in keys and not _is_empty(part["/XFA"]):
        raise words.pdf_xfa()
    if "/EF" in keys or ("/EmbeddedFiles" in keys and _names_anything(part["/EmbeddedFiles"])):
        raise words.pdf_attachment()
    if "/OpenAction" in keys and _leads_out(part["/OpenAction"]):
        raise words.pdf_calls_out()
    triggers = part["/AA"] if "/AA" in keys else None
    if isinstance(triggers, pikepdf.Dictionary) and any(_leads_out(action) for _key, action in triggers.items()):
        raise words.pdf_calls_out()
    if "/Ref" in keys and isinstance(part["/Ref"], pikepdf.Dictionary) and "/F" in part["/Ref"]:
        raise words.pdf_launch()
    kind = _name(part, "/Type") if "/Type" in keys else ""
    if kind == "/EmbeddedFile":
        raise words.pdf_attachment()
    if "/S" in keys and kind != "/StructElem":
        _refuse_action(part, _name(part, "/S"))
    if "/Subtype" in keys and ("/Rect" in keys or kind == "/Annot"):
        _refuse_annotation(_name(part, "/Subtype"))


def _refuse_action(part: pikepdf.Dictionary, action: str) -> None:
    if action in _READS_OR_STARTS:
        raise words.pdf_launch()
    if action == "/SubmitForm":
        raise words.pdf_submit()
    if action in _PLAYS:
        raise words.pdf_media()
    address = part.get("/URI") if action == "/URI" else None
    if isinstance(address, pikepdf.String) and not links.is_safe(
        bytes(address).decode("latin-1").replace("\xfe\xff", "")
    ):
        raise words.pdf_calls_out()


def _refuse_annotation(kind: str) -> None:
    if kind in _PLAYED:
        raise words.pdf_media()
    if kind == "/FileAttachment":
        raise words.pdf_attachment()


def _name(part: pikepdf.Dictionary, key: str) -> str:
    value = part[key]
    return str(value) if isinstance(value, pikepdf.Name) else ""


def _is_empty(value: Any) -> bool:
    if isinstance(value, pikepdf.Stream):
        return False
    if isinstance(value, pikepdf.String):
        return not bytes(value).strip(b"\0 \t\r\n\xfe\xff")
    return isinstance(value, pikepdf.Array) and not len(value)


def _names_anything(tree: Any) -> bool:
    """Whether a name tree has an entry, or a branch that may have one."""
    if not isinstance(tree, pikepdf.Dictionary):
        return False
    return any(key in tree and not _is_empty(tree[key]) for key in ("/Names", "/Kids"))


def _leads_out(action: Any) -> bool:
    """Whether what happens by itself, or what follows upon it, opens an address."""
    waiting = [action]
    for _step in range(MAX_CHAIN):
        if not waiting:
            return False
        action = waiting.pop()
        if isinstance(action, pikepdf.Array):
            waiting += [each for each in cast(Any, action) if isinstance(each, pikepdf.Dictionary)]
        elif isinstance(action, pikepdf.Dictionary):
            if "/S" in action and _name(action, "/S") == "/URI":
                return True
            if "/Next" in action:
                waiting.append(action["/Next"])
    return True  # a chain that long is none of an honest program
