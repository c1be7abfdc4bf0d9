"""Gates in the admin: made by one administrator, manned by another, their passages looked at on record."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from permits.models import User
from reviews import gates
from reviews.admin.gates import GateCheckerAdmin
from reviews.audit import log
from reviews.models import Event, Gate, GateChecker
from tests.cast import holder, person
from tests.portal.browser import at, words

pytestmark = [pytest.mark.django_db, pytest.mark.once]
TYPED = {"name_zh": "东门", "name_en": "East gate", "region": "360924", "keep_days": "30", "active": "on"}


def gate() -> Gate:
    return Gate.objects.create(name_zh="东门", name_en="East gate", region="360924")


def add(client: Client, email: str, where: Gate) -> str:
    answer = client.post("/admin/reviews/gatechecker/add/", {"email": email, "gate": where.pk}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def actions(**which: object) -> list[str]:
    return list(Event.objects.filter(**which).order_by("pk").values_list("action", flat=True))


def test_a_gate_is_made_and_changed_on_record() -> None:
    client = at(holder("system_admin"))
    for bad in ({"region": "36"}, {"keep_days": "0"}, {"keep_days": "400"}, {"name_zh": ""}):
        assert client.post("/admin/reviews/gate/add/", TYPED | bad).status_code == 200
    assert not Gate.objects.exists()
    assert client.post("/admin/reviews/gate/add/", TYPED).status_code == 302
    made = Gate.objects.get()
    assert client.post(f"/admin/reviews/gate/{made.pk}/change/", TYPED | {"keep_days": "7"}).status_code == 302
    assert actions(stream=f"gate:{made.public_id}") == ["gate_made", "gate_changed"]
    assert Gate.objects.get().keep_days == 7


def test_a_checker_is_given_and_taken_by_e_mail_address() -> None:
    security, here, user = holder("security_admin"), gate(), person("checker")
    client = at(security)
    assert "no active account" in add(client, "nobody@test.invalid", here)
    assert "their own rights" in add(client, security.email, here)
    assert not GateChecker.objects.exists()
    for _twice in range(2):
        add(client, user.email.upper(), here)
    one = GateChecker.objects.get()
    address = f"/admin/reviews/gatechecker/{one.pk}/change/"
    assert client.post(address, {}).status_code == 302 and not gates.gates_of(user).exists()
    add(client, user.email, here)
    assert list(gates.gates_of(user)) == [here]
    assert actions(stream=f"account:{user.public_id}") == ["gate_given", "gate_taken", "gate_given"]
    assert GateCheckerAdmin.has_delete_permission(None, None) is False  # type: ignore[arg-type]


def test_a_look_at_the_passages_is_on_record(django_assert_max_num_queries: object) -> None:
    here, user = gate(), person("checker")
    gates.appoint(user, here, by=None)
    for number in range(3):
        gates.scan(here, f"nonsense {number}", by=user, key=uuid.uuid4())
    auditor: User = holder("audit_admin")
    client = at(auditor)
    for _twice in range(2):
        said = client.get(f"/admin/reviews/gate/{here.pk}/passages/").content.decode()
        assert "No code of a permit" in said and "checker" in said
    (event,) = Event.objects.filter(stream=f"reads:gate:{here.public_id}")
    assert (event.action, event.actor, log.data_of(event)) == ("looked", auditor, {"what": "passages"})
    log_page = client.get("/admin/reviews/event/").content.decode()
    assert "looked at the passages at a gate" in log_page
    assert words(at(user).get(f"/gate/{here.public_id}/"))
