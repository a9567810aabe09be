"""The state machines as they are written: what no emulator and no deployment would tell."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, Any

import jsonata
import pytest

from functions.billing.domain.eligibility.checks import ANSWER_WITHIN
from functions.billing.domain.outages.drain import DrainPolicy
from functions.billing.usecases.find_rechecks import RECHECKS_MAX
from infra.catalogue import WORKFLOWS, WorkflowEntry, function_named, pascal_case
from infra.constructs.workflow import (
    PLACEHOLDER,
    STATE_MACHINES,
    PlaceholderMismatchError,
    check_placeholders,
)
from infra.settings import PROJECT_ROOT, PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPRESS_SECONDS_MAX = 300
# Five seconds between a function's own limit and the Task's, so that the function's shows.
TASK_MARGIN_SECONDS = 5
THROTTLED = "Lambda.TooManyRequestsException"
SEND = "Send to dead letters"
# What Step Functions and Lambda themselves call a failure.
NAMES_OF_AWS = {
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    THROTTLED,
    "Sandbox.Timedout",
    "States.ALL",
    "States.Timeout",
}
# Steps that reach the payer: repeated only where the step itself says that it is safe.
SENDING_STEPS = {"Submit claim", "Resolve submission", "Submit file", "Submit appeal"}

State = dict[str, Any]
entries = pytest.mark.parametrize("entry", WORKFLOWS, ids=lambda entry: entry.name)


def definition_of(entry: WorkflowEntry) -> State:
    """A definition as it is written."""
    text = (STATE_MACHINES / f"{entry.name}.asl.json").read_text(encoding="utf-8")
    parsed: State = json.loads(text)
    return parsed


def levels_of(machine: State) -> Iterator[State]:
    """The machine and the processor of each of its Maps."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from levels_of(state["ItemProcessor"])


def states_of(machine: State) -> Iterator[tuple[str, State]]:
    """Every state at every level."""
    for level in levels_of(machine):
        yield from level["States"].items()


def tasks_of(machine: State) -> Iterator[tuple[str, State]]:
    """Every Task at every level."""
    for name, state in states_of(machine):
        if state["Type"] == "Task":
            yield name, state


def next_of(state: State) -> Iterator[str]:
    """Names of the states that may follow."""
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    for branch in (*state.get("Choices", []), *state.get("Catch", [])):
        yield branch["Next"]


def strings_in(value: object) -> Iterator[str]:
    """Every string anywhere below."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_in(each)


def expressions_of(machine: State) -> Iterator[str]:
    """Every JSONata expression."""
    for text in strings_in(machine):
        if text.startswith("{%") and text.endswith("%}"):
            yield text[2:-2].strip()


def retry_seconds(retrier: State) -> float:
    """The longest a retrier may wait in all, its jitter at worst."""
    delay, total = retrier["IntervalSeconds"], 0.0
    for _ in range(retrier["MaxAttempts"]):
        total += min(delay, retrier["MaxDelaySeconds"])
        delay *= retrier["BackoffRate"]
    return total


def errors_in(*folders: Path) -> dict[str, set[str]]:
    """Every class of our code that is, in the end, an error: its bases, by name."""
    bases: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = {
                        base.id for base in node.bases if isinstance(base, ast.Name)
                    }

    def ancestors(name: str) -> set[str]:
        return {name}.union(*(ancestors(base) for base in bases.get(name, set())))

    return {name: ancestors(name) for name in bases}


ERRORS = errors_in(PROJECT_ROOT / "functions")


def test_every_workflow_of_the_catalogue_has_its_file_and_the_reverse() -> None:
    files = {path.name.removesuffix(".asl.json") for path in STATE_MACHINES.glob("*.asl.json")}

    assert files == {entry.name for entry in WORKFLOWS}


@entries
def test_jsonata_is_said_once_at_the_top(entry: WorkflowEntry) -> None:
    machine = definition_of(entry)

    assert machine["QueryLanguage"] == "JSONata"
    assert not any("QueryLanguage" in state for _, state in states_of(machine))
    paths = {"Parameters", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "ItemsPath"}
    assert not any(paths & state.keys() for _, state in states_of(machine))


@entries
def test_every_way_leads_to_a_state_and_every_state_is_reached(entry: WorkflowEntry) -> None:
    for level in levels_of(definition_of(entry)):
        reached, waiting = set(), [level["StartAt"]]
        while waiting:
            name = waiting.pop()
            assert name in level["States"], name
            if name not in reached:
                reached.add(name)
                waiting += next_of(level["States"][name])
        assert reached == set(level["States"])


@entries
def test_every_state_goes_on_or_ends(entry: WorkflowEntry) -> None:
    for name, state in states_of(definition_of(entry)):
        ends = state["Type"] in {"Succeed", "Fail"} or state.get("End") is True
        goes_on = "Next" in state or state["Type"] == "Choice"
        assert ends != goes_on, name
        if state["Type"] == "Choice":
            assert "Default" in state, name


@entries
def test_state_names_are_sentences_and_choices_are_questions(entry: WorkflowEntry) -> None:
    names = [name for name, _ in states_of(definition_of(entry))]
    assert max(Counter(names).values()) == 1
    for name, state in states_of(definition_of(entry)):
        assert re.fullmatch(r"[A-Z][A-Za-z ]*\??", name), name
        assert name.endswith("?") == (state["Type"] == "Choice"), name


@entries
def test_a_task_is_named_as_the_function_it_calls(entry: WorkflowEntry) -> None:
    called = {}
    for name, state in tasks_of(definition_of(entry)):
        if name != SEND:
            (placeholder,) = PLACEHOLDER.findall(state["Arguments"]["FunctionName"])
            called[placeholder] = name.lower().replace(" ", "_")

    assert called == {f"{pascal_case(step)}FunctionArn": step for step in entry.steps}


@entries
def test_every_task_retries_with_jitter_catches_everything_and_ends_in_time(
    entry: WorkflowEntry,
) -> None:
    for name, state in tasks_of(definition_of(entry)):
        assert state["Retry"], name
        for retrier in state["Retry"]:
            assert retrier["JitterStrategy"] == "FULL", name
            assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"] > 0, name
            assert 1.0 <= retrier["BackoffRate"] <= 2.0, name
            assert 1 <= retrier["MaxAttempts"] <= 12, name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert state["TimeoutSeconds"] > 0, name
        span = round(sum(retry_seconds(retrier) for retrier in state["Retry"]))
        assert f"span {span} s at most" in state["Comment"], (name, span)


@entries
def test_a_task_outlasts_its_function(entry: WorkflowEntry) -> None:
    for name, state in tasks_of(definition_of(entry)):
        if name != SEND:
            function = function_named(name.lower().replace(" ", "_"))
            assert state["TimeoutSeconds"] == function.timeout_seconds + TASK_MARGIN_SECONDS, name


@entries
def test_every_map_is_limited_and_catches_everything(entry: WorkflowEntry) -> None:
    for name, state in states_of(definition_of(entry)):
        if state["Type"] == "Map":
            assert 1 <= state["MaxConcurrency"] <= 40, name
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@entries
def test_every_error_name_is_one_of_ours_or_of_aws(entry: WorkflowEntry) -> None:
    for name, state in states_of(definition_of(entry)):
        for branch in (*state.get("Retry", []), *state.get("Catch", [])):
            for error in branch["ErrorEquals"]:
                ours = "BillingError" in ERRORS.get(error, set())
                assert ours or error in NAMES_OF_AWS, (name, error)


@entries
def test_what_may_pass_is_tried_again_and_what_is_wrong_is_not(entry: WorkflowEntry) -> None:
    passing = {
        name
        for name, ancestors in ERRORS.items()
        if "TransientError" in ancestors and name != "TransientError"
    }
    assert passing >= {"StaleRecordError", "RetryLaterError", "ClearinghouseUnavailableError"}
    for name, state in tasks_of(definition_of(entry)):
        if name == SEND:
            continue
        retried = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
        ours = {error for error in retried if error in ERRORS}
        assert ours == ({"RetryLaterError"} if name in SENDING_STEPS else passing), name
        assert THROTTLED in retried, name
        worth_a_redrive = set(state["Catch"][0]["ErrorEquals"])
        assert worth_a_redrive >= passing, name


@entries
def test_a_step_that_sends_is_not_sent_again_by_the_workflow(entry: WorkflowEntry) -> None:
    for name, state in tasks_of(definition_of(entry)):
        if name in SENDING_STEPS:
            retried = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
            assert retried == {"RetryLaterError", THROTTLED}


@entries
def test_every_failure_ends_in_the_dead_letters_with_its_reason(entry: WorkflowEntry) -> None:
    machine = definition_of(entry)
    send = machine["States"][SEND]

    assert send["Resource"] == "arn:aws:states:::sqs:sendMessage"
    assert send["Arguments"]["QueueUrl"] == "${DeadLetterQueueUrl}"
    assert send["Arguments"]["MessageBody"] == "{% $states.context.Execution.Input.event %}"
    assert send["Arguments"]["MessageAttributes"].keys() == {
        "cause_id",
        "first_failed_at",
        "reason_code",
        "retryable",
        "stage",
        "subject_id",
        "suggested_action",
    }
    assert machine["States"][send["Next"]]["Type"] == "Fail"
    for name, state in machine["States"].items():
        for catcher in state.get("Catch", []):
            if name != SEND:
                assert catcher["Next"] == SEND, name
                assert catcher["Assign"]["failure"].keys() == {
                    "reason_code",
                    "retryable",
                    "stage",
                    "suggested_action",
                }
                assert catcher["Assign"]["failure"]["stage"] == name


@entries
def test_one_failed_item_does_not_stop_the_others(entry: WorkflowEntry) -> None:
    for state in definition_of(entry)["States"].values():
        if state["Type"] != "Map":
            continue
        inner = state["ItemProcessor"]["States"]
        for name, each in inner.items():
            for catcher in each.get("Catch", []):
                assert inner[catcher["Next"]]["End"] is True, name
                assert catcher["Output"]["outcome"] == "failed", name


def test_what_the_children_of_a_distributed_map_answer_is_small() -> None:
    """A result past 256 KiB ends the execution, so a thousand children answer in a few words each."""
    (remittance,) = (entry for entry in WORKFLOWS if entry.name == "remittance")
    state = definition_of(remittance)["States"]["Post each batch"]
    post = state["ItemProcessor"]["States"]["Post remittance"]

    assert state["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "EXPRESS",
    }
    assert "$states.context.Execution.Input" not in json.dumps(state["ItemProcessor"])
    for answer in (post["Output"], *(catcher["Output"] for catcher in post["Catch"])):
        assert len(json.dumps(answer)) < 120
    assert state["Output"] == {}


def test_a_child_of_a_distributed_map_ends_within_the_five_minutes_of_express() -> None:
    (remittance,) = (entry for entry in WORKFLOWS if entry.name == "remittance")
    state = definition_of(remittance)["States"]["Post each batch"]
    post = state["ItemProcessor"]["States"]["Post remittance"]
    waits = sum(retry_seconds(retrier) for retrier in post["Retry"])

    assert post["TimeoutSeconds"] + waits <= EXPRESS_SECONDS_MAX


@entries
def test_no_cause_of_an_error_is_carried_on(entry: WorkflowEntry) -> None:
    """An error's message is free text; its name is not."""
    assert not any("errorOutput.Cause" in text for text in strings_in(definition_of(entry)))


@entries
def test_every_expression_is_jsonata(entry: WorkflowEntry) -> None:
    expressions = list(expressions_of(definition_of(entry)))
    assert expressions
    for expression in expressions:
        jsonata.Jsonata.jsonata(expression)


@entries
def test_no_workflow_computes_with_money(entry: WorkflowEntry) -> None:
    assert not any("cents" in expression for expression in expressions_of(definition_of(entry)))


@entries
def test_an_express_workflow_ends_within_its_five_minutes(entry: WorkflowEntry) -> None:
    """Past them the execution is gone and its event in no queue, so the worst way must fit."""
    machine = definition_of(entry)
    if not entry.is_express:
        assert machine["TimeoutSeconds"] > EXPRESS_SECONDS_MAX
        return
    assert machine["TimeoutSeconds"] == EXPRESS_SECONDS_MAX

    def longest(level: State, name: str, seen: frozenset[str]) -> float:
        if name in seen:
            return 0
        state = level["States"][name]
        after = max((longest(level, each, seen | {name}) for each in next_of(state)), default=0)
        return seconds_in(state) + after

    def seconds_in(state: State) -> float:
        if state["Type"] == "Map":
            inner = state["ItemProcessor"]
            return longest(inner, inner["StartAt"], frozenset())
        if state["Type"] == "Wait":
            return float(str(PROMISES["rest"]["settle_seconds"])) + 1
        retries = sum(retry_seconds(retrier) for retrier in state.get("Retry", []))
        return float(state.get("TimeoutSeconds", 0)) + retries

    assert longest(machine, machine["StartAt"], frozenset()) <= EXPRESS_SECONDS_MAX


def test_the_wait_for_an_unknown_outcome_fits_what_the_workflow_allows() -> None:
    (submission,) = (entry for entry in WORKFLOWS if entry.name == "submission")
    condition = definition_of(submission)["States"]["Time left to ask?"]["Choices"][0]["Condition"]
    allowed = int(re.findall(r"<= (\d+)", condition)[0])

    assert int(str(PROMISES["rest"]["settle_seconds"])) + 1 <= allowed


@entries
def test_the_words_a_step_answers_with_are_known(entry: WorkflowEntry) -> None:
    """A word the workflow does not expect becomes a dead letter, so it must be a real one."""
    said = {
        constant.value
        for path in (PROJECT_ROOT / "functions" / "billing").rglob("*.py")
        for constant in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    }
    expected = {
        word
        for expression in expressions_of(definition_of(entry))
        for word in re.findall(r"\.outcome = '(\w+)'", expression)
    }

    assert expected <= said


def test_a_definition_with_other_placeholders_than_it_is_given_is_refused() -> None:
    with pytest.raises(PlaceholderMismatchError, match="'ScrubClaimFunctionArn'"):
        check_placeholders("claim", '"${ScrubClaimFunctionArn}"', given={"DeadLetterQueueUrl"})


def test_a_sweep_of_rechecks_leaves_places_for_the_desk_and_ends_in_time() -> None:
    (entry,) = (one for one in WORKFLOWS if one.name == "eligibility")
    sweep = definition_of(entry)["States"]["Verify each visit"]
    places = function_named("verify_eligibility").concurrency_max

    assert sweep["MaxConcurrency"] <= places / 2
    rounds = ceil(RECHECKS_MAX / sweep["MaxConcurrency"])
    slowest_seconds = (ANSWER_WITHIN + DrainPolicy().spread).total_seconds()
    assert rounds * slowest_seconds < EXPRESS_SECONDS_MAX
