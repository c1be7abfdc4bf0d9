"""Filters kept under a name: each official's own, a few of them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from reviews.admin.access import who
from reviews.admin.queue.page import address, chosen
from reviews.models import SavedFilter


def save(request: HttpRequest) -> HttpResponse:
    """Keep what is chosen. A name that there is already stands for it from now on."""
    choice, name = chosen(request), " ".join(request.POST.get("name", "").split())[:40]
    own = SavedFilter.objects.filter(user=who(request))
    if not name:
        messages.error(request, _("Give the filter a name."))
    elif not own.filter(name=name).exists() and len(own.values("pk")[: SavedFilter.MOST]) == SavedFilter.MOST:
        messages.error(request, _("You have %(n)d saved filters already: remove one first.") % {"n": SavedFilter.MOST})
    else:
        SavedFilter.objects.update_or_create(user=who(request), name=name, defaults={"query": choice.query})
        messages.success(request, _("The filter is saved as “%(name)s”.") % {"name": name})
    return redirect(address(choice))


def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """A second click finds it gone, which is what was asked for."""
    SavedFilter.objects.filter(user=who(request), pk=pk).delete()
    return redirect(address(chosen(request)))
