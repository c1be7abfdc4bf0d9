"""The order in which the files of a requirement are shown, which is the applicant's to choose."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from permits.intake.keeping import locked
from permits.intake.materials import refuse_when_sent
from permits.models import Application, Material

UP, DOWN = "up", "down"


def move(*, material: Material, to: str, may_change: Callable[[Application], bool]) -> int | None:
    """Put a file one place ``up`` or ``down``, or to a place (``3``). Return its place now, None when it is there no more.

    A place that there isn't is the nearest that there is. Raise ``Refused`` when nothing can be changed now.
    """
    with transaction.atomic():
        application = locked(material.application)
        refuse_when_sent(application, may_change)
        files = list(application.materials.current().filter(requirement=material.requirement))
        if material not in files:
            return None
        place = files.index(material)
        file = files.pop(place)
        if to in (UP, DOWN):
            place += 1 if to == DOWN else -1
        elif to.isascii() and to.isdigit() and len(to) < 6:
            place = int(to) - 1
        place = min(max(place, 0), len(files))
        files.insert(place, file)
        moved = [(position, each) for position, each in enumerate(files) if each.position != position]
        for position, each in moved:
            each.position = position
        Material.objects.bulk_update([each for _position, each in moved], ["position"])
    return place + 1
