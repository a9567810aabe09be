"""What every function has in common: errors keep their name and lose their values, and each run is counted."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
)
from moto import mock_aws

from functions.billing.adapters.codec import from_item
from functions.billing.domain import errors
from functions.billing.domain.commit import HistoryEntry
from functions.billing.domain.errors import BillingError, PermanentError, TransientError
from functions.billing.runtime import step as runtime
from functions.billing.runtime.bootstrap import Dependencies, client
from functions.billing.runtime.observability import UsageMeter
from functions.billing.runtime.settings import MissingSettingError, setting
from tests.contract.conftest import RECORDS, create_tables
from tests.integration.stage import FUNCTIONS, STEPS, Stage, handler_of
from tests.unit.usecases.ehr_documents import encounter_document

SECRET = "QUILLFEATHER"


def raising(stage: Stage, error: Exception) -> dict[str, Any]:
    """What Lambda reports when the step's first read of a record fails so."""

    def get(*_: object) -> None:
        raise error

    stage.records.get = get  # type: ignore[method-assign, assignment]
    return stage.fail("scrub_claim", {"claim_id": "C1"})


def subclasses(kind: type[BillingError]) -> list[type[BillingError]]:
    return [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, kind) and each is not kind
    ]


# Errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", subclasses(BillingError))
def test_an_error_of_the_domain_keeps_its_class_name_and_its_words(
    stage: Stage, kind: type[BillingError]
) -> None:
    error = raising(stage, kind("a_code", subject="claim:C1", detail="What to do."))

    assert error["errorType"] == kind.__name__
    assert error["errorMessage"] == "a_code: claim:C1: What to do."


@pytest.mark.parametrize(
    "defect",
    [KeyError(SECRET), ValueError(f"invalid literal for int() with base 10: '{SECRET}'"),
     AttributeError(SECRET), TypeError(SECRET), RecursionError(SECRET), AssertionError(SECRET)],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_defect_loses_its_values_and_keeps_where_it_arose(
    stage: Stage, defect: Exception
) -> None:
    error = raising(stage, defect)

    assert error["errorType"] == "UnexpectedError"
    assert error["errorMessage"] == f"unexpected_error: error:{type(defect).__name__}"
    assert SECRET not in json.dumps(error)
    assert SECRET not in stage.log.getvalue()
    (line,) = stage.lines("step failed")
    assert any("scrub_claim" in frame for frame in line["frames"])


def client_error(code: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": f"about {SECRET}"}}, "TransactWriteItems"
    )


AWS_ERRORS = {
    "throttled": (client_error("ThrottlingException"), "AwsUnavailableError"),
    "capacity": (client_error("ProvisionedThroughputExceededException"), "AwsUnavailableError"),
    "slow down": (client_error("SlowDown"), "AwsUnavailableError"),
    "internal": (client_error("InternalServerError"), "AwsUnavailableError"),
    "no permission": (client_error("AccessDeniedException"), "AwsRefusedError"),
    "bad parameter": (client_error("ValidationException"), "AwsRefusedError"),
    "no connection": (EndpointConnectionError(endpoint_url="https://x"), "AwsUnavailableError"),
    "no answer": (ConnectTimeoutError(endpoint_url="https://x"), "AwsUnavailableError"),
    "wrong call": (ParamValidationError(report=f"Invalid type: {SECRET}"), "AwsRefusedError"),
}


@pytest.mark.parametrize("case", AWS_ERRORS)
def test_an_error_of_aws_says_whether_trying_again_may_help(stage: Stage, case: str) -> None:
    raised, expected = AWS_ERRORS[case]

    error = raising(stage, raised)

    assert error["errorType"] == expected
    assert SECRET not in json.dumps(error)
    assert SECRET not in stage.log.getvalue()


def test_every_error_of_a_step_is_one_the_state_machines_know() -> None:
    named = {kind.__name__ for kind in subclasses(TransientError)} | {
        runtime.AwsUnavailableError.__name__
    }
    retried = {
        name
        for path in (FUNCTIONS.parent / "statemachines").glob("*.json")
        for name in _retried(json.loads(path.read_text()))
        if not name.startswith(("Lambda.", "States.", "Sandbox."))
    }

    assert retried == named
    assert issubclass(runtime.AwsUnavailableError, TransientError)
    assert issubclass(runtime.UnexpectedError, PermanentError)


def _retried(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [name for rule in part.get("Retry", []) for name in rule["ErrorEquals"]]
        return own + [name for value in part.values() for name in _retried(value)]
    if isinstance(part, list):
        return [name for value in part for name in _retried(value)]
    return []


# Input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_a_step_called_without_its_cause_is_a_broken_contract(stage: Stage, step: str) -> None:
    stage._call(step, {"data": {}})

    assert stage.errors[-1]["errorType"] == "ContractError"
    assert "cause_id" in stage.errors[-1]["errorMessage"]


# What the clock starts needs no fields.
BY_THE_CLOCK = {
    "check_reconciliation",
    "fetch_transactions",
    "find_rechecks",
    "measure_kpis",
    "release_held",
    "submit_file",
    "sweep_submissions",
    "verify_eligibility",
    "watch_roll_outs",
}


@pytest.mark.parametrize("step", sorted(set(STEPS) - BY_THE_CLOCK))
def test_a_command_without_its_fields_is_refused_by_name(stage: Stage, step: str) -> None:
    error = stage.fail(step, {})

    assert error["errorType"] == "ContractError"
    assert "command_invalid" in error["errorMessage"]


def test_a_command_is_refused_without_repeating_what_it_said(stage: Stage) -> None:
    data = {"claim_id": "C1", "decision": SECRET, "actor": "kay", "reason": "r"}

    error = stage.fail("decide_approval", data)

    assert error["errorType"] == "ContractError"
    assert "$.decision" in error["errorMessage"]
    assert SECRET not in json.dumps(error)


def test_money_in_a_command_is_whole_cents(stage: Stage) -> None:
    data = {
        "adjustment_id": "A1",
        "encounter_id": "E1",
        "amount_cents": 25.5,
        "reason_code": "fee",
    }

    assert stage.fail("adjust_balance", data)["errorType"] == "ContractError"


# Logs and metrics --------------------------------------------------------------------------


def encounter(stage: Stage) -> dict[str, Any]:
    digest = stage.intake.drop("ehr/enc/1.json", encounter_document())
    return {
        "encounter_id": "enc",
        "document_key": "ehr/enc/1.json",
        "document_sha256": digest,
        "occurred_at": "2026-03-02T12:00:00Z",
        "patient_id": "pat",
    }


def test_each_run_logs_its_outcome_under_its_cause(stage: Stage) -> None:
    stage.run("assemble_claim", encounter(stage), "encounter.signed")

    (line,) = stage.lines("step done")
    assert line["step"] == "assemble_claim"
    assert line["outcome"] == "staged"
    assert (line["cause_id"], line["correlation_id"]) == ("evt_1", "evt_root")
    assert line["request_id"] == "request-1"


def test_what_one_run_said_of_itself_is_not_said_of_the_next(stage: Stage) -> None:
    stage.run("assemble_claim", encounter(stage), "encounter.signed")
    stage._call("scrub_claim", {})

    *_, last = stage.lines("step done")
    assert last["step"] == "scrub_claim"
    assert "cause_id" not in last


def test_each_run_is_one_metric_by_step_and_outcome_and_nothing_else(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.run("assemble_claim", encounter(stage), "encounter.signed")

    (metric,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    (definition,) = metric["_aws"]["CloudWatchMetrics"]
    assert {"service", "outcome"} == {name for each in definition["Dimensions"] for name in each}
    assert (metric["service"], metric["outcome"]) == ("assemble_claim", "staged")
    assert metric["StepRuns"] in (1, [1])


def test_a_failed_run_is_counted_under_its_code(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.fail("scrub_claim", {"claim_id": "CNOBODY"})

    (metric,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert metric["outcome"] == "claim_not_found"


# Batches -----------------------------------------------------------------------------------

DEPOSIT = {
    "deposit_id": "dep-1",
    "trace_number": "EFT1",
    "payer_identifier": "1412345678",
    "amount_cents": 7_300,
    "deposited_on": "2026-03-02",
}


def test_one_message_that_fails_does_not_hold_up_its_neighbours(stage: Stage) -> None:
    start = stage.workflows.start

    def sometimes(name: str, payload: Any) -> bool:
        if name.endswith("evt-2"):
            raise client_error("ThrottlingException")
        return start(name, payload)

    stage.workflows.start = sometimes  # type: ignore[method-assign]
    bodies = [stage.message("payment.deposited", DEPOSIT, f"evt-{number}") for number in (1, 2, 3)]

    answer = stage.receive(*bodies)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert len(stage.workflows.started) == 2
    outcomes = [line["outcome"] for line in stage.lines("step done")]
    assert outcomes == ["started", "aws_call_failed", "started"]


def test_a_refused_message_is_done_with_and_not_delivered_again(stage: Stage) -> None:
    assert stage.receive("no json") == {"batchItemFailures": []}
    assert len(stage.of_kind("REFUSED")) == 1


def test_a_redriven_dead_letter_is_told_by_its_reason(stage: Stage) -> None:
    body = stage.message("payment.deposited", DEPOSIT)
    stage.receive(body)
    stage.receive(body)
    assert len(stage.workflows.started) == 1

    stage.receive(body, reason_code={"stringValue": "StaleRecordError"})

    assert len(stage.workflows.started) == 2


def test_the_outbox_publishes_what_steps_said_and_nothing_else_of_the_table(stage: Stage) -> None:
    stage.run("assemble_claim", encounter(stage), "encounter.signed")

    assert stage.publish() == {"batchItemFailures": []}

    assert [event["type"] for event in stage.publisher.published] == ["claim.staged"]


def test_the_stream_is_asked_to_begin_again_at_the_first_event_not_taken(stage: Stage) -> None:
    stage.run("assemble_claim", encounter(stage), "encounter.signed")
    claim_id = stage.answers[-1]["claims"][0]["claim_id"]
    stage.run("scrub_claim", {"claim_id": claim_id})
    events = [event["event_id"] for event in stage.records.events()]
    stage.publisher.refuses = set(events[1:])

    (first,) = stage.publish()["batchItemFailures"]

    items = list(stage.records.tables.tables["records"].values())
    line = from_item(HistoryEntry, items[int(first["itemIdentifier"]) - 1])
    assert events[1] in {event.event_id for event in line.events}


def test_an_outbox_that_cannot_be_published_at_all_is_answered_for(stage: Stage) -> None:
    stage.run("assemble_claim", encounter(stage), "encounter.signed")

    def publish(*_: object) -> tuple[bool, ...]:
        raise client_error("InternalException")

    stage.publisher.publish = publish  # type: ignore[method-assign, assignment]

    assert len(stage.publish()["batchItemFailures"]) == 1
    assert SECRET not in stage.log.getvalue()


# Usage -------------------------------------------------------------------------------------


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.mark.usefixtures("credentials")
def test_the_meter_counts_calls_and_capacity_of_every_service_and_starts_anew() -> None:
    meter = UsageMeter()
    with mock_aws():
        dynamodb = meter.watch(boto3.client("dynamodb"))
        create_tables(dynamodb)
        s3 = meter.watch(boto3.client("s3"))
        s3.create_bucket(Bucket="bucket")
        events = meter.watch(boto3.client("events"))
        machines = meter.watch(boto3.client("stepfunctions"))
        secrets = meter.watch(boto3.client("secretsmanager"))
        meter.take()

        item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        dynamodb.put_item(TableName=RECORDS, Item=item)
        dynamodb.get_item(TableName=RECORDS, Key=item, ConsistentRead=True)
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
        events.list_event_buses()
        machines.list_state_machines()
        secrets.list_secrets()
        with pytest.raises(ClientError):
            s3.get_object(Bucket="bucket", Key="none")

    counts = meter.take()
    assert counts["dynamodb.PutItem"] == 1
    assert counts["dynamodb.GetItem"] == 1
    assert counts["write_units_tenths"] == 10
    assert counts["read_units_tenths"] > 0
    assert counts["s3.PutObject"] == 1
    assert counts["s3.GetObject"] == 1
    assert {"ListEventBuses", "ListStateMachines", "ListSecrets"} <= {
        name.partition(".")[2] for name in counts
    }
    assert meter.take() == {}


@pytest.mark.usefixtures("credentials")
def test_a_missing_setting_is_named_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECORDS_TABLE", raising=False)

    with pytest.raises(MissingSettingError, match="environment:RECORDS_TABLE"):
        _ = Dependencies().records
    client.cache_clear()


def test_a_setting_that_is_empty_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW", "")

    with pytest.raises(MissingSettingError, match="WORKFLOW"):
        setting("WORKFLOW")


@pytest.mark.parametrize("step", STEPS)
def test_a_handler_is_named_for_its_folder_in_every_log_line(stage: Stage, step: str) -> None:
    stage._call(step, {})

    assert handler_of(step).__name__ == "lambda_handler"
    (line,) = stage.lines("step done")
    assert line["step"] == step
