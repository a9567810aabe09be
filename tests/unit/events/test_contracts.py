"""What is published about events is true: schemas, examples and table say what the code accepts and does."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.generate import FOLDER, contracts, files, out_of_date
from functions.billing.adapters.signing import Ed25519Verifier
from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import ContractError, SignatureError
from functions.billing.domain.events.contracts import INBOUND, OUTBOUND
from functions.billing.domain.events.envelope import SIGNED_FIELDS
from functions.billing.usecases.receive_event import read_event
from infra.catalogue import WORKFLOWS

ROOT = Path(__file__).parents[3]
KEYS = (FOLDER / "examples" / "keys.json").read_text()
TYPES = sorted(contracts())


def published(type_: str, *, example: bool = False) -> dict[str, Any]:
    """A schema, or an example, as it is checked in."""
    name = f"{type_}.v{contracts()[type_].event_version}.json"
    content: dict[str, Any] = json.loads(
        (FOLDER / "examples" / name if example else FOLDER / name).read_text()
    )
    return content


def accept(detail: Mapping[str, Any]) -> None:
    """Read an event as an inbox does."""
    message = {
        "source": "any",
        "detail-type": detail["type"],
        "time": "2026-03-02T12:00:00Z",
        "detail": detail,
    }
    read_event(json.dumps(message), Ed25519Verifier(lambda: KEYS))


def test_what_is_checked_in_is_what_would_be_generated() -> None:
    assert list(out_of_date()) == [], "run `python -m contracts.generate`"


def test_generating_twice_gives_the_same_bytes() -> None:
    assert files() == files()


@pytest.mark.parametrize("type_", TYPES)
def test_every_example_is_accepted_as_it_stands(type_: str) -> None:
    accept(published(type_, example=True))


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("name", SIGNED_FIELDS)
def test_no_field_of_an_example_can_be_changed_unnoticed(type_: str, name: str) -> None:
    detail = published(type_, example=True)
    detail[name] = {"data": {"surname": "x"}, "version": 2}.get(name, "2026-03-02T12:00:01+00:00")

    with pytest.raises((SignatureError, ContractError)):
        accept(detail)


# The schemas -------------------------------------------------------------------------------


def violations(value: Any, schema: Mapping[str, Any], path: str = "$") -> list[str]:  # noqa: C901, PLR0912
    """As much of draft 4 as the schemas use; a word it does not know is a mistake in them."""
    found: list[str] = []
    for word, rule in schema.items():
        match word:
            case "$schema" | "title" | "description" | "default" | "format" | "required":
                if word == "required":
                    found += [f"{path}.{name} is missing" for name in rule if name not in value]
            case "type":
                kinds = {
                    "object": dict,
                    "array": list,
                    "string": str,
                    "integer": int,
                    "boolean": bool,
                    "null": type(None),
                }
                if not isinstance(value, kinds[rule]) or (rule == "integer" and value is True):
                    found.append(f"{path} is no {rule}")
            case "properties":
                for name in rule.keys() & (value if isinstance(value, dict) else {}):
                    found += violations(value[name], rule[name], f"{path}.{name}")
            case "additionalProperties":
                if rule is False:
                    extra = value.keys() - schema.get("properties", {}).keys()
                    found += [f"{path}.{name} is unknown" for name in extra]
            case "items":
                for each in value:
                    found += violations(each, rule, f"{path}[]")
            case "anyOf":
                if all(violations(value, one, path) for one in rule):
                    found.append(f"{path} fits nothing")
            case "enum":
                found += [] if value in rule else [f"{path} is not listed"]
            case "pattern":
                found += [] if re.search(rule, str(value)) else [f"{path} has another form"]
            case "minLength":
                found += [] if len(str(value)) >= rule else [f"{path} is too short"]
            case "maxLength":
                found += [] if len(str(value)) <= rule else [f"{path} is too long"]
            case "minimum" | "maximum":
                is_number = isinstance(value, int)
                outside = is_number and (value < rule if word == "minimum" else value > rule)
                found += [f"{path} is out of range"] if outside else []
            case _:
                pytest.fail(f"draft 4 does not know {word}, or this test does not")
    return found


@pytest.mark.parametrize("type_", TYPES)
def test_every_example_fits_its_schema(type_: str) -> None:
    assert violations(published(type_, example=True), published(type_)) == []


@pytest.mark.parametrize("type_", TYPES)
def test_a_schema_refuses_what_the_contract_refuses(type_: str) -> None:
    schema, example = published(type_), published(type_, example=True)

    for name in example:
        less = {each: value for each, value in example.items() if each != name}
        assert violations(less, schema) == [f"$.{name} is missing"]
    for name, value in example["data"].items():
        field = contracts()[type_].model_fields[name]
        without = {each: kept for each, kept in example["data"].items() if each != name}
        assert bool(violations({**example, "data": without}, schema)) == field.is_required()
        wrong = {**example["data"], name: {"an": "object"}}
        assert violations({**example, "data": wrong}, schema), (name, value)
    assert violations({**example, "surname": "x"}, schema)
    assert violations({**example, "data": {**example["data"], "surname": "x"}}, schema)
    assert violations({**example, "version": 2}, schema)


# The table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", TYPES)
def test_the_table_names_every_event_with_its_source_and_consumer(type_: str) -> None:
    contract = contracts()[type_]
    (row,) = [
        line for line in (FOLDER / "README.md").read_text().splitlines() if f"[`{type_}`]" in line
    ]

    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == [contract.authority, str(contract.event_version), contract.consumer]
    assert cells[4]


# What the code does with them --------------------------------------------------------------

USE_CASES = "\n".join(
    path.read_text() for path in (ROOT / "functions" / "billing" / "usecases").glob("*.py")
)


@pytest.mark.parametrize("type_", sorted(OUTBOUND))
def test_every_event_we_promise_is_published_by_some_step(type_: str) -> None:
    assert f'"{type_}"' in USE_CASES


def test_no_step_publishes_what_is_not_promised() -> None:
    named = re.findall(r'(?:OutboundEvent|claim_event)\(\s*"([a-z_.]+)"', USE_CASES)

    assert set(named) <= set(OUTBOUND)
    assert len(named) > 10


def started() -> dict[str, str]:
    """Which workflow each event starts, by the catalogue."""
    return {type_: entry.name for entry in WORKFLOWS for type_ in entry.events} | {
        schedule.event_type: entry.name for entry in WORKFLOWS for schedule in entry.schedules
    }


@pytest.mark.parametrize("type_", sorted(INBOUND))
def test_every_event_we_take_starts_a_workflow(type_: str) -> None:
    assert type_ in started()


def test_every_event_that_starts_a_workflow_has_a_contract() -> None:
    assert started().keys() <= contracts().keys()


def test_every_event_of_ours_that_the_table_calls_consumed_starts_a_workflow() -> None:
    consumed = {
        type_
        for type_, contract in OUTBOUND.items()
        if contract.consumer != "anyone who follows the claim"
    }

    assert consumed == started().keys() & OUTBOUND.keys()


def test_a_cause_has_no_place_for_what_an_event_says() -> None:
    """Logs and histories carry causes; an event's data stays out of them."""
    assert set(Cause.__slots__) == {"cause_id", "cause_type", "correlation_id"}
