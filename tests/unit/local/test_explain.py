from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.ledger.bookings import charge_posting
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.usecases.postings import StoredPosting
from local.day.records import Reception
from local.drive import Delivered
from local.explain import unexplained
from tests.builders import CAUSE, attempt, staged_claim
from tests.fakes import NOON, InMemoryRecords
from tests.unit.local.runs import NOTHING_AT_PAYERS, evidence, signed

PCN = "CTESTCLAIM0101"


def _keep(records: InMemoryRecords, root: Any, *new: Any, also: tuple[Any, ...] = ()) -> None:
    records.commit(
        Commit(
            step="given",
            cause=CAUSE,
            actor=Actor("test"),
            at=NOON,
            root=root,
            decision="given",
            new=new,
            also=also,
        )
    )


def _claim(records: InMemoryRecords, state: ClaimState, **changes: Any) -> Claim:
    """A claim as it stands in this state, whichever way it came there."""
    claim = replace(staged_claim(records), state=state, **changes)
    _keep(records, claim)
    return claim


def _sent(records: InMemoryRecords, state: ClaimState) -> Claim:
    claim = replace(staged_claim(records), state=state, attempt=1, submitted_at=NOON)
    charge = charge_posting(claim.claim_id, claim.charge_cents, occurred_on=date(2026, 3, 2))
    sent = attempt(claim.claim_id, patient_control_number=PCN)
    _keep(records, claim, StoredPosting.of_claim(charge), sent)
    return claim


def _at_payer(**facts: Any) -> Mapping[str, Any]:
    plain = {
        "patient_control_number": PCN,
        "payer_claim_control_number": "PCCN1",
        "fate": "pending",
        "acknowledged": True,
        "paid_cents": 0,
        "remittances": [],
    }
    return {**NOTHING_AT_PAYERS, "claims": [{**plain, **facts}]}


def _whys(*arguments: Any, **changes: Any) -> list[str]:
    return [one.why for one in unexplained(evidence(*arguments, **changes))]


def test_a_signed_encounter_that_billing_never_heard_of_is_not_explained() -> None:
    assert _whys(InMemoryRecords(), signed()) == ["was signed, and billing never heard of it"]


def test_an_encounter_whose_signing_was_refused_needs_no_explanation() -> None:
    assert _whys(InMemoryRecords(), signed(expect=Reception.REFUSED)) == []


@pytest.mark.parametrize(
    ("state", "changes", "why"),
    [
        (EncounterState.OPEN, {}, "was signed, and is neither billed nor held"),
        (EncounterState.BILLED, {}, "counts as billed, and has no claim"),
        (EncounterState.HELD, {}, "is held for no stated reason"),
        (EncounterState.NOT_BILLABLE, {"reasons": ("self_pay",)}, ""),
    ],
)
def test_an_encounter_has_an_end_and_a_reason(
    state: EncounterState, changes: dict[str, Any], why: str
) -> None:
    records = InMemoryRecords()
    encounter = BillingEncounter(
        encounter_id="encounter-1",
        document_key="ehr/1.json",
        document_sha256="0" * 64,
        heard_at=NOON,
        state=state,
        **changes,
    )
    _keep(records, encounter)

    assert _whys(records, signed()) == ([why] if why else [])


@pytest.mark.parametrize("state", [ClaimState.STAGED, ClaimState.VALIDATED, ClaimState.SUBMITTING])
def test_a_claim_that_stopped_on_its_way_is_not_explained(state: ClaimState) -> None:
    records = InMemoryRecords()
    _claim(records, state)

    assert _whys(records) == [f"stopped while {state}"]


def test_a_held_claim_needs_a_reason_and_somebody_who_works_on_it() -> None:
    records = InMemoryRecords()
    claim = _claim(records, ClaimState.HELD, reasons=("member_id_missing",))
    assert _whys(records) == ["is held without reason or work"]

    work = open_work_item(
        queue=Queue.FRONT_DESK,
        reason="member_id_missing",
        about=claim.subject,
        recommended_action="enter it",
        at=NOON,
    )
    _keep(records, work)

    assert _whys(records) == []


def test_a_claim_the_payer_still_works_on_may_wait() -> None:
    records = InMemoryRecords()
    _sent(records, ClaimState.ACCEPTED)

    assert _whys(records, payers=_at_payer()) == []


def test_a_sent_claim_that_no_payer_holds_is_not_explained() -> None:
    records = InMemoryRecords()
    _sent(records, ClaimState.SUBMITTED)

    assert _whys(records) == ["was sent, and no payer holds it"]


def test_a_payment_the_ledger_does_not_know_is_found_from_both_sides() -> None:
    records = InMemoryRecords()
    _sent(records, ClaimState.ACCEPTED)

    whys = _whys(records, payers=_at_payer(fate="paid", paid_cents=9_000, remittances=["T1"]))

    assert whys == [
        "waits for an answer, and the payer says: paid",
        "the payer says it paid 9000 cents, our ledger 0",
    ]


def test_a_claim_at_a_payer_that_is_not_ours_is_found() -> None:
    stranger = _at_payer(patient_control_number="UNKNOWN")

    assert _whys(InMemoryRecords(), payers=stranger) == [
        "a payer holds a claim that is not among ours"
    ]


def test_an_answered_claim_with_money_open_for_no_reason_is_found() -> None:
    records = InMemoryRecords()
    claim = _sent(records, ClaimState.ADJUDICATED)

    assert _whys(records) == [
        f"was answered, and {claim.charge_cents} cents are open for no reason"
    ]


def test_a_file_and_a_deposit_that_left_no_trace_are_found() -> None:
    delivered = Delivered(
        files={
            "remittances/835_A.x12": {"sha256": "a"},
            "acknowledgements/999_A.x12": {"sha256": "b"},
        },
        deposits=[{"deposit_id": "dep-1"}],
    )

    found = unexplained(evidence(InMemoryRecords(), delivered=delivered))

    assert [(one.subject, one.why) for one in found] == [
        ("file remittances/835_A.x12", "came, and was never recorded"),
        ("file acknowledgements/999_A.x12", "came, and was never recorded"),
        ("deposit:dep-1", "reached the bank, and was never recorded"),
    ]
