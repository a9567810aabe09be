from typing import Any

import pytest

from functions.billing.domain.commit import Record
from functions.billing.domain.events.receipts import EventReceipt, RefusedEvent, RepeatedEvent
from local.day.records import Expectation, Reception
from local.expectations import disappointments, misreceived
from tests.builders import staged_claim
from tests.fakes import NOON, InMemoryRecords
from tests.unit.local.runs import evidence, signed

RECEIPT = EventReceipt(
    workflow="claim",
    event_id="evt-encounter-1",
    event_type="encounter.signed",
    content_sha256="0" * 64,
    received_at=NOON,
)
REPEAT = RepeatedEvent(
    workflow="claim",
    event_id="evt-encounter-1",
    event_type="encounter.signed",
    message_id="m1",
    received_at=NOON,
)
REFUSAL = RefusedEvent(
    content_sha256="1" * 64,
    workflow="claim",
    event_type="encounter.signed",
    claimed_id="evt-encounter-1",
    reason="signature_invalid",
    field_path="detail.signature",
    evidence_key="refused",
    received_at=NOON,
)


@pytest.mark.parametrize(
    ("left", "changes", "problem"),
    [
        ([RECEIPT], {}, ""),
        ([], {}, "was not acted upon"),
        ([RECEIPT], {"repeat": 2}, "came 2 times; 0 repeats were noted"),
        ([RECEIPT, REPEAT], {"repeat": 2}, ""),
        ([RECEIPT], {"expect": Reception.ABSORBED}, "was not noted as a repeat"),
        ([RECEIPT], {"expect": Reception.REFUSED}, "should have been refused, and was not"),
        ([REFUSAL], {"expect": Reception.REFUSED, "expect_reason": "signature_invalid"}, ""),
        (
            [REFUSAL],
            {"expect": Reception.REFUSED, "expect_reason": "signature_missing"},
            "was refused for signature_invalid, not signature_missing",
        ),
    ],
)
def test_every_event_is_received_as_it_should_be(
    left: list[Record], changes: dict[str, Any], problem: str
) -> None:
    records = InMemoryRecords()
    for record in left:
        assert records.remember(record)

    problems = misreceived(evidence(records, signed(**changes)))

    assert len(problems) == bool(problem)
    assert problem in "".join(problems)


def _disappointed(**expected: Any) -> list[str]:
    records = InMemoryRecords()
    staged_claim(records)
    expectation = Expectation(scenario="plain", subject_id="encounter-1", **expected)
    return disappointments(evidence(records, expectations={"encounter-1": expectation}))


def test_a_visit_that_nobody_heard_of_disappoints() -> None:
    assert _disappointed(encounter_state="billed") == ["plain (encounter-1): is not known at all"]


def test_nothing_is_asked_of_a_visit_of_which_nothing_was_to_come() -> None:
    assert _disappointed() == []
