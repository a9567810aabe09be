"""The README says what is so: its tables are the catalogue's, its snippets run."""

import json
import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from functions.billing.adapters.documents import S3Evidence
from functions.billing.adapters.roll_outs import AppConfigRollOuts
from functions.billing.adapters.rule_sets import StoredRuleSets
from functions.billing.adapters.signing import Ed25519Signer, Ed25519Verifier, new_signing_secret
from functions.billing.domain.errors import SignatureError
from functions.billing.domain.events.contracts import INBOUND, OUTBOUND
from functions.billing.domain.kpis.measures import KpiName
from functions.billing.usecases.receive_event import read_event
from infra.catalogue import FUNCTIONS, WORKFLOWS
from local.day import build_day
from local.day.practice import PLACES, PRACTITIONERS, WIRE_IDS
from local.seeding import RULE_SETS
from tests.in_memory_appconfig import PROFILE, STRATEGIES, InMemoryAppConfig
from tests.in_memory_dynamodb import InMemoryDynamoDb
from tests.unit.docs.markdown import ROOT, codes_in, document, rows_of

PAGE = document("README.md")
STEPS = {codes_in(row[3])[0]: row for row in rows_of(PAGE.section("Steps"))}


def test_the_table_of_steps_holds_every_function_and_no_other() -> None:
    assert sorted(STEPS) == sorted(entry.name for entry in FUNCTIONS)


def test_each_step_stands_with_its_workflow_and_its_state() -> None:
    for workflow in WORKFLOWS:
        definition = (ROOT / "statemachines" / f"{workflow.name}.asl.json").read_text("utf-8")
        for step in workflow.steps:
            _, named, state, *_ = STEPS[step]
            assert named == workflow.name, step
            assert f'"{state}": {{' in definition, f"{state} is no state of {workflow.name}"
            assert state.lower().replace(" ", "_") == step


def test_every_event_stands_in_the_readme() -> None:
    named = set(PAGE.spans)

    assert not {*INBOUND, *OUTBOUND} - named


def test_no_table_names_an_event_or_a_measure_that_is_not_there() -> None:
    measures = {name.value for name in KpiName}
    for step, row in STEPS.items():
        assert set(codes_in(row[5])) <= OUTBOUND.keys(), step
        assert set(codes_in(row[6])) <= measures, step


def test_every_event_a_use_case_publishes_stands_in_its_row() -> None:
    shared = {"work_item.opened", "work_item.resolved"}
    helpers = {"submit_claim": "sending", "resolve_submission": "sending"}
    for step, row in STEPS.items():
        sources = [step, helpers.get(step, step)]
        paths = [ROOT / f"functions/billing/usecases/{name}.py" for name in sources]
        text = "".join(path.read_text("utf-8") for path in paths if path.exists())
        # The step that lets events in quotes those that others publish.
        said = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', text)) & OUTBOUND.keys() - shared
        assert step == "start_workflow" or said <= set(codes_in(row[5])), step


def test_every_measure_stands_in_some_row() -> None:
    named = {code for row in STEPS.values() for code in codes_in(row[6])}

    assert named == {name.value for name in KpiName}


def test_each_inbound_event_stands_with_the_workflow_it_starts() -> None:
    rows = rows_of(PAGE.section("Events the EHR, the bank and the payer publish"))
    starts = {event: row[2] for row in rows for event in codes_in(row[0]) if event in INBOUND}
    for workflow in WORKFLOWS:
        scheduled = [schedule.event_type for schedule in workflow.schedules]
        for event in [*workflow.events, *scheduled]:
            if event in INBOUND:
                assert workflow.name in starts[event], event
            else:
                assert event in OUTBOUND


def test_every_folder_of_the_table_is_there_and_none_is_missing() -> None:
    named = {codes_in(row[0])[0].rstrip("/") for row in rows_of(PAGE.section("Folders"))}
    made = {"build", "node_modules"}
    there = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir()
        and not path.name.startswith((".", "_", "cdk.out"))
        and path.name not in made
        and any(path.rglob("*.*"))
    }

    assert all((ROOT / name).is_dir() for name in named)
    assert there <= named


def test_the_day_is_as_large_as_the_readme_says() -> None:
    day = build_day(7, date(2026, 3, 2))
    size = (
        f"{day.patient_count} patients, {day.encounter_count} encounters, "
        f"{len(WIRE_IDS)} payers, {len(PLACES)} locations, {len(PRACTITIONERS)} providers"
    )

    assert size in " ".join(PAGE.text.split())


class Outside:
    """The bus and the bucket an EHR reaches, as far as the snippet uses them."""

    def __init__(self) -> None:
        self.entries: list[dict[str, str]] = []
        self.documents: dict[str, bytes] = {}

    def client(self, _service: str) -> "Outside":
        return self

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{}]}

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803
        self.documents[Key] = Body

    def delivered(self) -> str:
        """The entry as the bus hands it to an inbox."""
        (entry,) = self.entries
        message = {
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "time": datetime.now(UTC).isoformat(),
            "detail": json.loads(entry["Detail"]),
        }
        return json.dumps(message)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Outside, Ed25519Verifier]:
    """What the README's snippet did, and a verifier that knows its key."""
    outside = Outside()
    secret = new_signing_secret("northfield-1")
    (tmp_path / "ehr-key.json").write_text(secret)
    (tmp_path / "encounter-4711.json").write_bytes(b'{"resourceType": "Bundle"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUS_NAME", "bus")
    monkeypatch.setenv("INTAKE_BUCKET", "intake")
    monkeypatch.setattr(boto3, "client", outside.client)
    snippet = next(block for block in PAGE.blocks("python") if "def publish" in block)

    exec(compile(snippet, "README.md", "exec"), {"__name__": "snippet"})  # noqa: S102

    keys = {
        "northfield-1": {
            "producer": "ehr.northfield",
            "public_key": Ed25519Signer(secret).public_key(),
        }
    }
    return outside, Ed25519Verifier(lambda: json.dumps(keys))


def test_the_event_of_the_snippet_is_accepted(
    published: tuple[Outside, Ed25519Verifier],
) -> None:
    outside, verifier = published

    event = read_event(outside.delivered(), verifier)

    assert (event.type, event.event_id) == ("encounter.signed", "encounter-4711-signed")
    assert event.data["document_key"] in outside.documents


def test_the_event_of_the_snippet_is_refused_once_altered(
    published: tuple[Outside, Ed25519Verifier],
) -> None:
    outside, verifier = published

    with pytest.raises(SignatureError, match="signature_invalid"):
        read_event(outside.delivered().replace('"4711"', '"4712"'), verifier)


class Kept:
    """An evidence bucket in memory."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803
        self.bodies[Key] = Body

    def get_object(self, *, Key: str, **_: str) -> dict[str, BytesIO]:  # noqa: N803
        return {"Body": BytesIO(self.bodies[Key])}


def test_the_snippet_for_rule_sets_publishes_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, bucket, app_config = InMemoryDynamoDb(), Kept(), InMemoryAppConfig()
    where = SimpleNamespace(
        aws=SimpleNamespace(
            client={"dynamodb": table, "s3": bucket, "appconfig": app_config}.__getitem__
        ),
        deployment=SimpleNamespace(
            records_table="records",
            audit_table="audit",
            evidence_bucket="evidence",
            app_config={**PROFILE, **STRATEGIES},
        ),
    )
    monkeypatch.setattr("cli.target.target", lambda _stage: where)
    monkeypatch.setenv("RULESETS", str(ROOT / "rulesets"))
    snippet = next(block for block in PAGE.blocks("python") if "seed_rule_sets" in block)

    exec(compile(snippet, "README.md", "exec"), {"__name__": "snippet"})  # noqa: S102

    heard = AppConfigRollOuts(lambda: app_config, PROFILE, poll_seconds=0)
    stored = StoredRuleSets(heard, S3Evidence(bucket, bucket="evidence"))
    assert all(stored.active(name, dict) for name in RULE_SETS)
    assert "Nine files" in PAGE.text
    assert len(RULE_SETS) == 9
