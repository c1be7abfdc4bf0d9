"""A browser without pixels: a person at it, what a page says, and what its form would send."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from lxml import html

from permits.models import User
from tests.cast import PASSWORD


def at(user: User | None = None, *, language: str = "en", **options: Any) -> Client:
    """A browser of its own: of somebody signed in, or of nobody; in the language that it chose."""
    client = Client(**options)
    if user is not None:
        client.force_login(user)
    client.cookies["django_language"] = language
    return client


def sign_in(client: Client, user: User, *, after: HttpResponse | None = None) -> HttpResponse:
    """By the log-in page, which ``after`` has led to; follows to where that leads."""
    address = after["Location"] if after is not None else "/accounts/login/"
    typed = form(client.get(address)) | {"login": user.email, "password": PASSWORD}
    return client.post(address, typed, follow=True)


def page(response: Any) -> html.HtmlElement:
    return html.document_fromstring(response.content.decode())


def words(response: Any) -> str:
    """The text of the page's main part; what a reader sees of it."""
    (main,) = page(response).xpath("//main")
    return " ".join(main.text_content().split())


def told(response: Any) -> str:
    """The messages on top of the page."""
    return " ".join(" ".join(box.text_content().split()) for box in page(response).xpath("//*[@role='status']"))


def form(response: Any, action: str = "") -> dict[str, Any]:
    """What the page's form (the one to ``action``, or within the part ``#name``, where there are several) would send as it stands."""
    if action.startswith("#"):
        forms = page(response).xpath("//*[@id=$part]//form[@method='post']", part=action[1:])
    else:
        every = page(response).xpath("//main//form[@method='post']")
        forms = [one for one in every if (one.get("action") or "") == action] or every[:1]
    (found,) = forms
    blank = {field.name: "" for field in found.inputs if field.get("type") in ("text", "date", "email", "password")}
    # What stands elsewhere on the page may belong to it all the same, by its name.
    areas = [*found.iter("textarea"), *page(response).xpath("//textarea[@form=$form]", form=found.get("id", ""))]
    # The line break behind <textarea> is markup; a browser doesn't send it, lxml does.
    texts = {area.name: (area.text or "").removeprefix("\n") for area in areas}
    sent = blank | dict(found.form_values()) | texts
    return {name: value for name, value in sent.items() if name != "csrfmiddlewaretoken"}


def fault_at(response: Any, field: str) -> str:
    """What the page says is wrong with the field, at the field itself."""
    return " ".join(" ".join(found.text_content().split()) for found in page(response).xpath(
        f"//*[@id='div_id_{field}']//*[contains(@class, 'invalid-feedback')]"
    ))  # fmt: skip


def written(moment: date) -> str:
    """A day, or a moment, as an English page writes it."""
    if isinstance(moment, datetime):
        moment = timezone.localtime(moment)
        return f"{moment.day} {moment:%B %Y, %H:%M}"
    return f"{moment.day} {moment:%B %Y}"


def links(response: Any) -> list[str]:
    return [str(address) for address in page(response).xpath("//main//a/@href")]
