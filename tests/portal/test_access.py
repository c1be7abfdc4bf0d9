"""Every address that names something of somebody's: not found for others, the log-in for nobody.

The addresses are taken from the site itself, so a new one can't be forgotten: one with an unknown parameter fails here.
Who may see what is the same on both engines, so it runs beside SQLite only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse

from permits.intake import arriving
from permits.models import (
    AccessRequest,
    Application,
    Enterprise,
    EnterpriseChange,
    Invitation,
    Material,
    Membership,
    Permit,
    Promise,
    Upload,
    User,
)
from portal import urls
from portal.demo import DOCUMENTS
from reviews import authorisations, gates, workflow
from reviews.models import (
    CallbackRequest,
    CorrectionItem,
    Gate,
    GateScan,
    GuidanceConsent,
    Message,
    Notice,
    Objection,
    Rating,
)
from tests.cast import Cast, filled, make_cast, person
from tests.portal import steps
from tests.portal.browser import at, page, words

pytestmark = pytest.mark.once
# What they name is public; or, at "unsubscribe" and "account_confirm_email", the address itself is signed.
FOR_EVERYBODY = {
    "help_topic", "service", "edition_file", "verify_permit", "unsubscribe", "checker_page", "checker_manifest", "api_permit", "api_service",
    "api_nowhere", "board_figures", "account_confirm_email",
}  # fmt: skip
FOR_ALL_ACCOUNTS = {"start"}
FOR_A_PROGRAM = {"metrics", "notice_report"}  # by a key of its own: test_outbox_state.py, test_delivery_reports.py
ROUTES = {found.name: found.pattern for found in urls.urlpatterns if isinstance(found, URLPattern) and found.name}
NAMED = {name: set(pattern.converters) for name, pattern in ROUTES.items() if pattern.converters}
SOMEBODYS = sorted(set(NAMED) - FOR_EVERYBODY - FOR_ALL_ACCOUNTS - FOR_A_PROGRAM)
PLAIN = sorted(set(ROUTES) - set(NAMED))
NO_PAGES = {
    "audit_checkpoint", "audit_keys", "set_language", "healthz", "readyz", "verify_keys", "verify_status", "checker",
    "checker_worker", "register_csv", "robots", "sitemap", "api_permits", "api_services", "api_openapi",
}  # fmt: skip
OPEN_TO_ALL = {
    "home",
    "catalogue",
    "board",
    "suggest",
    "track",
    "verify",
    "record_check",
    "style",
    "help",
    "register",
    "api",
} | NO_PAGES


Owners = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Cast, Owners]]:
    """Made once, in a transaction around those of the tests: each of them is undone to here."""
    with django_db_blocker.unblock(), transaction.atomic():
        steps.shipped("resumption")
        cast = make_cast()
        yield cast, owners_of(cast)
        transaction.set_rollback(True)


@pytest.fixture
def cast(db: None, world: tuple[Cast, Owners]) -> Cast:
    return world[0]


@pytest.fixture
def owners(db: None, world: tuple[Cast, Owners]) -> Owners:
    return world[1]


def owners_of(cast: Cast) -> Owners:
    """What the owner has, in every state: how its addresses begin, and the parameters that name it."""
    states = [
        filled(cast),
        steps.submitted(cast),
        steps.asked_to_correct(cast, ("field", "masks", "数量不符"), ("material", "signed_pledge", "未盖章")),
        steps.rejected(cast),
        steps.approved(cast),
        owing(cast),
        objected(cast),
    ]
    asked = AccessRequest.objects.create(enterprise=cast.enterprise, user=person("asker"))
    to_others, to_owner = (
        authorisations.invite(company.pk, email, authorisations.Limits(), by=by)
        for company, email, by in (
            (cast.enterprise, "invited@test.invalid", cast.owner),
            (cast.other_enterprise, cast.owner.email, cast.outsider),
        )
    )
    notice = Notice.objects.inbox_of(cast.owner).latest("pk")
    steps.shipped("job_retention")
    at(cast.owner).post("/services/job-retention/start/")
    sheets = Application.objects.get(version__service__slug="job-retention")
    document = SimpleUploadedFile("authority.pdf", (DOCUMENTS / "epidemic_plan.pdf").read_bytes())
    member = Membership.objects.get(enterprise=cast.enterprise, user=cast.colleague)
    authorisations.put_document(member.pk, document, by=cast.owner)
    return {
        "sheet_": [{"public_id": sheets.public_id, "section": "headcount", "key": "months"}],
        "applications/": [
            {
                "public_id": application.public_id, "section": "people", "key": "signed_pledge",
                "file_id": application.materials.get(requirement="signed_pledge").public_id,
                "upload_id": begun_upload(cast, application).public_id,
                "token": "made-up", "kind": "thumb", "page": 1,
            }
            for application in states
        ],
        "enterprises/access/": [{"public_id": asked.public_id}],
        "enterprises/invitations/": [{"public_id": to_owner.public_id}],
        "enterprises/": [
            {
                "public_id": cast.enterprise.public_id, "person": cast.colleague.public_id,
                "invitation": to_others.public_id,
            }
        ],
        "inbox/": [{"pk": notice.pk}], "n/": [{"pk": notice.pk}], "gate": [{"public_id": checked_by(cast.owner).public_id, "scan": "of-nothing"}],
    }  # fmt: skip


def owing(cast: Cast) -> Application:
    draft = filled(cast)
    draft.materials.filter(requirement="canteen_plan").delete()
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind=Promise.Kind.LATER)
    return steps.in_review(cast, workflow.submit(draft.pk, applicant=cast.owner))


def checked_by(user: User) -> Gate:
    gate = Gate.objects.create(name_zh="东门", name_en="East gate", region="360924")
    gates.appoint(user, gate, by=None)
    return gate


def begun_upload(cast: Cast, application: Application) -> Upload:
    (asked, *_more) = application.definition.materials
    return arriving.begin(application=application, requirement=asked, name="a.pdf", length=9, user=cast.owner)


def objected(cast: Cast) -> Application:
    application = steps.rejected(cast)
    workflow.object_to(application.pk, applicant=cast.owner, text="已整改")
    return application


def addresses(name: str, owners: Owners) -> list[str]:
    """The addresses that are called so, of everything the owner has."""
    kinds = [kind for kind in owners if name.startswith(kind) or str(ROUTES[name]).startswith(kind)]
    assert kinds, f"a new kind of address, {name}: say in `owners` what the owner has of it"
    return [reverse(name, kwargs={key: one[key] for key in NAMED[name]}) for one in owners[kinds[0]]]


def everything() -> str:
    """All that a stranger could have changed."""
    kinds: list[type[Model]] = [
        Application, Enterprise, Material, Membership, AccessRequest, Permit, CorrectionItem, Promise, Objection, Upload,
        Invitation, EnterpriseChange,
        Message, CallbackRequest, GuidanceConsent, GateScan,
    ]  # fmt: skip
    return str([list(kind._default_manager.order_by("pk").values()) for kind in [*kinds, Rating, Notice]])


def test_what_is_somebody_elses_is_not_found(cast: Cast, owners: Owners) -> None:
    """At any address, read or written: one that answers anything else is named, with who asked."""
    newcomer = person("newcomer")
    clients = {stranger: at(stranger) for stranger in (cast.outsider, cast.other_street, newcomer)}
    before = everything()
    posted = {"answer": "grant", "score": "1", "reason": "x", "kind": "later", "text": "x"}
    answered = []

    def ask(stranger: User, address: str, **headers: str) -> None:
        client = clients[stranger]
        codes = client.get(address).status_code, client.post(address, posted, headers=headers).status_code
        if codes != (404, 404):
            answered.append((address, str(stranger), headers, codes))

    for name in SOMEBODYS:
        every = addresses(name, owners)
        for address in every:
            ask(cast.outsider, address)
            ask(cast.other_street, address)
        ask(newcomer, every[0], **{"X-Requested-With": "XMLHttpRequest"})
    assert not answered
    assert everything() == before


FILES = {"material_file", "material_view", "material_part", "gate_photo"}  # test_files and test_passes have real ones


def test_its_owner_finds_it(cast: Cast, owners: Owners) -> None:
    """Or the test above would be content with addresses that lead nowhere."""
    client = at(cast.owner)
    lost = [
        name
        for name in sorted(set(SOMEBODYS) - FILES)
        if not any(client.get(address).status_code in (200, 302) for address in addresses(name, owners))
    ]
    assert not lost


@pytest.mark.parametrize("name", SOMEBODYS)
def test_nobody_is_sent_to_the_log_in_and_back(cast: Cast, owners: Owners, name: str) -> None:
    before = everything()
    for address in addresses(name, owners):
        for response in (Client().get(address), Client().post(address, {"answer": "grant"})):
            assert response.status_code == 302
            where = urlsplit(response["Location"])
            assert where.path == "/accounts/login/" and parse_qs(where.query) == {"next": [address]}
    assert everything() == before


@pytest.mark.parametrize("name", sorted({*PLAIN, "start"} - OPEN_TO_ALL - FOR_A_PROGRAM))
def test_pages_of_an_account_ask_for_one(cast: Cast, name: str) -> None:
    address = reverse(name, args=["resumption"] if name == "start" else [])
    for response in (Client().get(address), Client().post(address)):
        assert response.status_code == 302 and response["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("name", sorted(OPEN_TO_ALL & set(PLAIN) - NO_PAGES))
def test_what_is_for_all_needs_no_account(cast: Cast, name: str) -> None:
    assert at().get(reverse(name)).status_code == 200


@pytest.mark.parametrize(
    "name", sorted(set(SOMEBODYS) - FILES - {"permit_pdf", "sheet_template", "materials_zip", "member_document"})
)
def test_who_comes_back_from_the_log_in_lands_on_a_page(cast: Cast, owners: Owners, name: str) -> None:
    """Also where only a POST does something: a log-in comes back with a GET, which does nothing, and shows where one is."""
    notices, before = Notice.objects.filter(read_at=None).count(), everything()
    for address in addresses(name, owners):
        response = at(cast.owner).get(address, follow=True)
        assert response.status_code == 200 and words(response), address
    if name == "notice":  # opening it is reading it
        assert Notice.objects.filter(read_at=None).count() == notices - 1
    else:
        assert everything() == before


def test_a_file_of_one_application_is_not_served_under_another(cast: Cast) -> None:
    mine, other = filled(cast), filled(cast)
    file = other.materials.get(requirement="signed_pledge")
    assert at(cast.owner).get(reverse("material_file", args=[mine.public_id, file.public_id])).status_code == 404
    at(cast.owner).post(reverse("material_remove", args=[mine.public_id, file.public_id]))
    assert other.materials.filter(pk=file.pk).exists()


def test_who_left_the_enterprise_sees_its_applications_no_more(cast: Cast) -> None:
    application = steps.submitted(cast)
    client = at(cast.colleague)
    assert client.get(application.get_absolute_url()).status_code == 200
    cast.colleague.memberships.update(active=False)
    assert client.get(application.get_absolute_url()).status_code == 404


def test_the_page_of_what_is_not_found_says_what_to_do_and_names_nobody(cast: Cast) -> None:
    application = steps.submitted(cast)
    response = at(cast.outsider).get(application.get_absolute_url())
    assert "There is nothing at this address, or it is not yours to see" in words(response)
    assert application.number not in response.content.decode()
    assert cast.enterprise.name not in response.content.decode()


@pytest.mark.parametrize("address", ["/", "/applications/", "/inbox/", "/enterprises/", "/nothing/here/"])
def test_every_page_is_guarded_by_its_headers(cast: Cast, address: str) -> None:
    response = at(cast.owner).get(address)
    policy = response["Content-Security-Policy"]
    for rule in ("default-src 'self'", "script-src 'self'", "object-src 'none'", "form-action 'self'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff" and response["X-Frame-Options"] in ("DENY", "SAMEORIGIN")
    assert response["Referrer-Policy"] == "same-origin"
    root = page(response)
    assert not root.xpath("//script[not(@src)] | //style | //*[@style] | //*[@onclick]"), "the policy would block it"


@pytest.mark.parametrize("address", ["/applications/", "/inbox/", "/enterprises/", "/"])
def test_after_signing_out_the_back_button_shows_nothing_of_the_account(cast: Cast, address: str) -> None:
    assert "no-store" in at(cast.owner).get(address)["Cache-Control"]
