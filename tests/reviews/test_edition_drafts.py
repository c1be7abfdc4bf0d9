"""Draft editions: written by several, published now or at a set time, and never anything else than what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from permits import definition_text
from permits.definition_file import DefinitionError
from permits.models import EditionDraft, Service, ServiceVersion, User
from portal.management.commands import doctor
from reviews import drafting, editions, publishing, roles
from reviews.audit import log
from reviews.models import Event, Notice, RoleGrant
from reviews.notices import delivery, texts
from tests.cast import Cast, person
from tests.reviews.test_editions import NEWER, SOURCE
from tests.reviews.test_races import at_once

pytestmark = pytest.mark.django_db
MASKS = ("sections", 4, "fields", 0)
NINE = datetime(2030, 3, 1, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
BEFORE = NINE - timedelta(days=1)


@pytest.fixture
def service_owner(db) -> User:
    user = person("service_owner", is_staff=True)
    RoleGrant.objects.create(user=user, role=RoleGrant.Role.SERVICE_OWNER)
    return user


def first() -> ServiceVersion:
    return ServiceVersion.objects.get(service__slug="resumption", edition=1)


@pytest.fixture
def draft(cast: Cast, service_owner: User) -> EditionDraft:
    """Begun with the edition in force; the masks are counted in boxes."""
    return renamed(drafting.start(by=service_owner, base=first()), service_owner)


def renamed(draft: EditionDraft, by: User, zh: str = "口罩库存（盒）") -> EditionDraft:
    return drafting.save(
        draft.pk, by=by, edit=lambda d: definition_text.put(d.source, MASKS, {"label": {"zh": zh, "en": "Boxes"}})
    )


def scheduled(draft: EditionDraft, by: User, at: datetime = NINE) -> EditionDraft:
    return editions.schedule(draft.pk, by=by, revision=draft.revision, against=first().pk, at=at, now=BEFORE)


def in_force() -> int:
    current = Service.objects.get(slug="resumption").current
    assert current is not None
    return current.edition


def events() -> list[str]:
    return list(Event.objects.filter(stream="service:resumption").order_by("seq").values_list("action", flat=True))


def test_a_draft_begins_with_an_editions_very_text(cast, service_owner):
    begun = drafting.start(by=service_owner, base=first())
    assert begun.source == SOURCE and begun.service == first().service and in_force() == 1


def test_a_pasted_text_for_a_service_that_exists_is_its_next_edition(cast, service_owner):
    begun = drafting.start(by=service_owner, source=NEWER.replace("\n", "\r\n"))
    assert begun.base == first() and "\r" not in begun.source


def test_a_text_that_is_wrong_is_kept_as_it_is_and_not_published(cast, service_owner):
    begun = drafting.start(by=service_owner, source="slug = \n\0")
    assert begun.source == "slug = \n" and begun.service is None
    with pytest.raises(DefinitionError):
        editions.publish_draft(begun.pk, by=service_owner, revision=1, against=None)


def test_a_wholly_new_service_is_published_from_a_draft(cast, service_owner):
    begun = drafting.start(by=service_owner, source=SOURCE.replace('slug = "resumption"', 'slug = "quite-new"'))
    version = editions.publish_draft(begun.pk, by=service_owner, revision=1, against=None)
    assert version.service.slug == "quite-new" and version.edition == 1


def test_publishing_puts_the_edition_in_force_once_and_on_record(draft, service_owner):
    for _click in range(2):
        version = editions.publish_draft(
            draft.pk, by=service_owner, revision=draft.revision, against=first().pk
        )  # fmt: skip
    assert in_force() == version.edition == 2 and version.published_by == service_owner
    assert events() == ["service_published", "service_published"]
    assert Event.objects.latest("pk").role == "service_owner"
    with pytest.raises(drafting.Closed):
        renamed(draft, service_owner, "再改")


def test_what_somebody_changed_after_one_looked_is_not_published(draft, service_owner):
    renamed(draft, service_owner, "口罩")
    with pytest.raises(editions.LookAgain, match="service_owner"):
        editions.publish_draft(draft.pk, by=service_owner, revision=draft.revision, against=first().pk)
    assert in_force() == 1


def test_what_is_in_force_now_has_to_be_the_edition_that_was_compared(draft, service_owner):
    newer = publishing.publish(NEWER).version
    with pytest.raises(editions.LookAgain, match="v2"):
        editions.publish_draft(draft.pk, by=service_owner, revision=draft.revision, against=first().pk)
    editions.publish_draft(draft.pk, by=service_owner, revision=draft.revision, against=newer.pk)
    assert in_force() == 3


def test_a_draft_cant_become_an_edition_of_another_service(draft, service_owner):
    other = drafting.save(
        draft.pk, by=service_owner, edit=lambda d: d.source.replace('slug = "resumption"', 'slug = "another"')
    )
    with pytest.raises(editions.NotPublished, match="another"):
        editions.publish_draft(draft.pk, by=service_owner, revision=other.revision, against=None)
    assert not Service.objects.filter(slug="another").exists()


def test_the_very_text_that_is_in_force_is_not_published_again(cast, service_owner):
    begun = drafting.start(by=service_owner, base=first())
    with pytest.raises(editions.NotPublished):
        editions.publish_draft(begun.pk, by=service_owner, revision=1, against=first().pk)


# --- at a set time ----------------------------------------------------------------------------------------------


def test_it_is_published_in_its_minute_and_not_before(draft, service_owner):
    scheduled(draft, service_owner)
    assert editions.publish_due(NINE - timedelta(seconds=1)) == {"published": 0, "refused": 0}
    assert in_force() == 1
    assert editions.publish_due(NINE) == {"published": 1, "refused": 0}
    assert editions.publish_due(NINE) == {"published": 0, "refused": 0}
    assert in_force() == 2
    assert events() == ["service_published", "edition_scheduled", "service_published"]
    event = Event.objects.get(action="edition_scheduled")
    assert (event.before, event.after) == ("1", "2030-03-01T01:00:00+00:00")
    told = Notice.objects.filter(kind="edition_published")
    assert {notice.recipient for notice in told} == {service_owner} and told.count() == 2
    assert log.first_broken_link("service:resumption") is None


def test_a_scheduled_text_cant_be_changed_until_the_schedule_is_cancelled(draft, service_owner):
    scheduled(draft, service_owner)
    with pytest.raises(drafting.Closed):
        renamed(draft, service_owner, "偷偷改")
    for _click in range(2):
        editions.cancel_schedule(draft.pk, by=service_owner)
    assert editions.publish_due(NINE)["published"] == 0 and in_force() == 1
    assert events() == ["service_published", "edition_scheduled", "edition_unscheduled"]
    renamed(draft, service_owner, "口罩（盒）")


@pytest.mark.parametrize("at", [BEFORE, BEFORE - timedelta(minutes=1), BEFORE + timedelta(days=800)])
def test_a_time_that_is_past_or_far_away_is_not_taken(draft, service_owner, at):
    with pytest.raises(ValueError, match="该时间"):
        scheduled(draft, service_owner, at)


def test_a_draft_with_faults_is_not_scheduled(draft, service_owner):
    wrong = drafting.save(draft.pk, by=service_owner, edit=lambda d: d.source + "colour = 1\n")
    with pytest.raises(DefinitionError):
        scheduled(wrong, service_owner)


def refused(draft: EditionDraft) -> str:
    """What stands on the draft, in the log and in the mail, when it was not published."""
    assert editions.publish_due(NINE) == {"published": 0, "refused": 1}
    assert editions.publish_due(NINE) == {"published": 0, "refused": 0}
    draft.refresh_from_db()
    assert draft.refused_at == NINE and draft.publish_at is None and draft.published_version is None
    event = Event.objects.get(action="edition_refused")
    assert event.note.text == draft.refused_reason["zh"] and event.stream == "service:resumption"
    assert log.first_broken_link("service:resumption") is None
    return draft.refused_reason["en"]


def test_another_edition_in_the_meantime_stops_a_scheduled_one(draft, service_owner, mailoutbox):
    scheduled(draft, service_owner)
    publishing.publish(NEWER)
    assert "Another edition came into force meanwhile (resumption v2)" in refused(draft)
    assert in_force() == 2
    assert Notice.objects.filter(kind="edition_refused", recipient=service_owner).count() == 2
    Notice.objects.update(next_attempt_at=timezone.now())  # the test's clock runs ahead
    assert delivery.deliver([Notice.objects.get(kind="edition_refused", channel="email").pk])
    assert mailoutbox[0].to == [service_owner.email] and "resumption v2" in mailoutbox[0].body


def test_a_definition_that_this_portal_no_longer_takes_is_refused_with_its_line(draft, service_owner):
    scheduled(draft, service_owner)
    EditionDraft.objects.update(source=draft.source + "\n[colours]\nred = 1\n")  # as a change of the schema would do
    line = len(draft.source.splitlines()) + 2
    assert f"definition:{line}: colours: this key is not known" in refused(draft)
    assert in_force() == 1


def test_who_may_no_longer_publish_doesnt_publish_by_a_schedule_either(draft, service_owner):
    scheduled(draft, service_owner)
    RoleGrant.objects.filter(user=service_owner).delete()
    assert "may no longer publish" in refused(draft)


def test_of_two_drafts_due_at_once_only_the_first_is_published(draft, service_owner):
    second = renamed(drafting.start(by=service_owner, base=first()), service_owner, "口罩（袋）")
    scheduled(draft, service_owner)
    scheduled(second, service_owner)
    assert editions.publish_due(NINE) == {"published": 1, "refused": 1}
    assert in_force() == 2
    second.refresh_from_db()
    assert "v2" in second.refused_reason["zh"]


def test_the_mail_about_a_refusal_says_what_to_do_in_both_languages(draft, service_owner):
    scheduled(draft, service_owner)
    publishing.publish(NEWER)
    editions.publish_due(NINE)
    notice = Notice.objects.filter(kind="edition_refused").select_related("recipient")[0]
    zh, en = texts.render(notice, "zh-hans"), texts.render(notice, "en")
    assert "2030年3月1日 09:00" in zh.body and "1 March 2030, 09:00" in en.body
    assert "企业复工复产备案" in zh.subject and "Resumption-of-work filing" in en.subject
    assert f"/admin/permits/editiondraft/{draft.pk}/change/" in zh.body


def test_the_command_publishes_what_is_due_and_doctor_tells_of_what_is_late(draft, service_owner):
    scheduled(draft, service_owner)
    assert doctor.scheduled_editions() == "1 to come"
    EditionDraft.objects.update(publish_at=timezone.now() - timedelta(minutes=10))
    with pytest.raises(doctor.Unwell, match="more than 5 minutes") as late:
        doctor.scheduled_editions()
    assert "publish_due_editions" in late.value.mend
    out = StringIO()
    call_command("publish_due_editions", stdout=out)
    assert out.getvalue() == "1 published, 0 refused (the reason stands on the draft)\n"
    assert doctor.scheduled_editions() == "0 to come" and in_force() == 2


def test_who_may_write_editions(cast: Cast, service_owner):
    assert roles.holds(service_owner, RoleGrant.Role.SERVICE_OWNER)
    service_owner.is_active = False
    assert not roles.holds(service_owner, RoleGrant.Role.SERVICE_OWNER)
    assert not roles.holds(cast.supervisor, RoleGrant.Role.SERVICE_OWNER)


# --- at once ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_publish_once(draft, service_owner):
    scheduled(draft, service_owner)
    results = at_once(*[lambda: editions.publish_due(NINE)] * 4)
    assert sorted(result["published"] for result in results) == [0, 0, 0, 1], results
    assert ServiceVersion.objects.count() == 2 and in_force() == 2
    assert events().count("service_published") == 2 and "edition_refused" not in events()


@pytest.mark.django_db(transaction=True)
def test_a_schedule_cancelled_in_its_minute_ends_in_one_of_the_two(draft, service_owner):
    scheduled(draft, service_owner)
    at_once(
        lambda: editions.publish_due(NINE), lambda: editions.cancel_schedule(draft.pk, by=service_owner)
    )  # fmt: skip
    draft.refresh_from_db()
    assert (draft.published_version is not None) == (in_force() == 2)
    assert ("edition_unscheduled" in events()) == (in_force() == 1)


@pytest.mark.django_db(transaction=True)
def test_eight_saves_at_once_lose_none(draft, service_owner):
    def one(n: int):
        return drafting.save(draft.pk, by=service_owner, edit=lambda d: f"{d.source}# {n}\n")

    at_once(*[lambda n=n: one(n) for n in range(8)])
    before = draft.revision
    draft.refresh_from_db()
    assert draft.revision == before + 8 and all(f"# {n}\n" in draft.source for n in range(8))
