from permits.models.account import User
from permits.models.application import Application, Status
from permits.models.edition_draft import EditionDraft, EditionDraftFile
from permits.models.enterprise import (
    AccessRequest,
    Enterprise,
    EnterpriseChange,
    EnterpriseSize,
    Invitation,
    Membership,
)
from permits.models.material import Check, Material, MaterialPart
from permits.models.mobile_tag import MobileTag
from permits.models.permit import Permit, PermitCorrection, Serial, next_serial
from permits.models.promise import Promise
from permits.models.service import EditionFile, Service, ServiceVersion
from permits.models.storage_state import StorageCheck, StorageFault
from permits.models.upload import Upload

__all__ = [
    "AccessRequest",
    "Application",
    "Check",
    "EditionDraft",
    "EditionDraftFile",
    "EditionFile",
    "Enterprise",
    "EnterpriseChange",
    "EnterpriseSize",
    "Invitation",
    "Material",
    "MaterialPart",
    "Membership",
    "MobileTag",
    "Permit",
    "PermitCorrection",
    "Promise",
    "Serial",
    "Service",
    "ServiceVersion",
    "Status",
    "StorageCheck",
    "StorageFault",
    "Upload",
    "User",
    "next_serial",
]
