"""The drawing in the docs is the table and the definition, and nothing else; and what must be true of the table."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation
from lxml import etree

from permits.definition import Definition
from permits.definition_file import parse
from permits.models import Status
from reviews import drawing
from reviews.audit import log
from reviews.audit.log import EVENT_OF
from reviews.lifecycle import ACTIONS, FINAL, TRANSITIONS, By
from reviews.workflow.deciding import FOLLOWS

SERVICES = sorted((Path(settings.BASE_DIR) / "permits" / "services").glob("*.toml"))
AGAIN = {"object", "confirm", "found_false", "acknowledge"}  # what may follow on a final status


def definition(name: str) -> Definition:
    file = next(file for file in SERVICES if file.stem == name)
    return parse(file.read_text(encoding="utf-8"), name=file.name)


def test_the_drawing_in_the_docs_is_drawn_from_the_table_and_the_definition():
    with translation.override("en"):
        drawn = drawing.svg(definition("resumption"))
    file = Path(settings.BASE_DIR) / "docs" / "workflow-resumption.svg"
    mend = f"run manage.py workflow_graph --service resumption --format svg --output docs/{file.name}"
    assert file.read_text(encoding="utf-8") == drawn, mend


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.stem)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_service_is_drawn_with_its_stages_and_its_steps_within_the_sheet(file: Path, language: str):
    service = definition(file.stem)
    with translation.override(language):
        root = etree.fromstring(drawing.svg(service).encode())
        titles = {str(stage.title) for stage in service.stages}
    texts = {text.text for text in root.iter("{*}text")}
    assert titles <= texts
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(0 <= float(text.get("x")) < width and 0 <= float(text.get("y")) < height for text in root.iter("{*}text"))


def test_only_what_can_occur_in_a_service_is_drawn():
    report = {row.action for row in drawing.rows_of(definition("community_report"))}
    assert report == {"submit", "acknowledge"}
    refund = drawing.rows_of(definition("job_retention"))
    assert {"accept", "approve"} <= {row.action for row in refund}
    assert not {row.stage for row in refund} & {"countersign", "record"}


@pytest.mark.django_db
def test_the_command_draws_a_published_service(published, tmp_path):
    out = StringIO()
    call_command("workflow_graph", "--service", "resumption", "--format", "svg", "--language", "zh-hans", stdout=out)
    assert "部门会签" in out.getvalue()
    call_command("workflow_graph", "--service", "resumption", "--output", str(tmp_path / "x.mmd"))
    assert (tmp_path / "x.mmd").read_text(encoding="utf-8").startswith("flowchart LR")
    with pytest.raises(CommandError, match="no published service"):
        call_command("workflow_graph", "--service", "nothing")
    with pytest.raises(CommandError, match="--service"):
        call_command("workflow_graph", "--format", "svg")


def test_every_status_is_reached_from_a_draft_and_has_a_way_to_an_end():
    reached = {Status.DRAFT}
    ends = set(FINAL)
    for _ in Status:
        reached |= {row.target for row in TRANSITIONS if row.source in reached}
        ends |= {row.source for row in TRANSITIONS if row.target in ends}
    assert reached == ends == set(Status)


def test_nothing_leads_away_from_an_end_but_what_the_law_knows():
    assert {row.action for row in TRANSITIONS if row.source in FINAL} == AGAIN


def test_no_two_rows_answer_the_same_call():
    calls = [(row.action, row.source, row.stage, row.ends, row.to) for row in TRANSITIONS]
    assert len(set(calls)) == len(calls)


def test_every_action_has_its_words_and_what_an_official_decides_its_event_and_what_follows():
    assert {row.action for row in TRANSITIONS} <= set(ACTIONS)
    decided = {row.action for row in TRANSITIONS if row.by == By.OFFICIAL and row.ends}
    assert decided == set(EVENT_OF) == set(FOLLOWS)
    assert set(EVENT_OF.values()) <= set(log.ACTIONS)
