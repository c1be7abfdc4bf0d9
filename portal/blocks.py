"""What the pages need to show one material requirement and to take files for it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from permits.intake.materials import RequirementState
from permits.models import Application, Material

ACCEPT = {"pdf": ".pdf", "jpg": ".jpg,.jpeg", "png": ".png", "docx": ".docx", "xlsx": ".xlsx"}


def block(application: Application, state: RequirementState) -> dict[str, Any]:
    requirement = state.requirement
    formats = ", ".join(requirement.formats).upper()
    return {
        "state": state, "requirement": requirement, "multiple": requirement.max_count > 1,
        "accept": ",".join(ACCEPT[kind] for kind in requirement.formats),
        "max_bytes": requirement.max_mb * 1024 * 1024,
        "help": _("%(formats)s, up to %(mb)d MB each.") % {"formats": formats, "mb": requirement.max_mb},
        "action": reverse("material_add", args=[application.public_id, requirement.key]),
        "files": [(file, remove_url(file)) for file in state.files],
    }  # fmt: skip


def remove_url(material: Material) -> str:
    return reverse("material_remove", args=[material.application.public_id, material.public_id])
