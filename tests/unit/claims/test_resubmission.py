"""How a claim goes out again: as new, in place of what the payer has, or not at all."""

from dataclasses import replace

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.resubmission import Resend, may_be_voided, resend
from functions.billing.domain.denials.response import Resubmission
from functions.billing.domain.records import PayerKind
from tests.builders import released_claim
from tests.fakes import InMemoryRecords

_S, ORIGINAL, REPLACEMENT = ClaimState, Resend("1"), Resend("7", "ICN1")


@pytest.fixture
def sent() -> Claim:
    """A claim the payer has under its own number."""
    claim = released_claim(InMemoryRecords())
    return replace(claim, attempt=1, payer_claim_control_number="ICN1", state=_S.ADJUDICATED)


def again(claim: Claim | None, **changes: object) -> Resend:
    to = {"payer_id": "BLUEPEAK", "payer_kind": PayerKind.COMMERCIAL, **changes}
    return resend(claim, **to)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "changes", "expected"),
    [
        ({}, {"answer": Resubmission.CORRECTED}, REPLACEMENT),
        ({}, {"answer": Resubmission.NEW}, ORIGINAL),
        ({}, {"payer_kind": PayerKind.MEDICARE}, ORIGINAL),
        ({}, {"payer_id": "OPENMKT"}, ORIGINAL),
        ({"state": _S.REJECTED}, {}, REPLACEMENT),
        ({"state": _S.REJECTED, "payer_claim_control_number": ""}, {}, ORIGINAL),
        ({"state": _S.HELD, "attempt": 0}, {}, ORIGINAL),
        ({"state": _S.SUBMITTED}, {"answer": Resubmission.CORRECTED}, ORIGINAL),
        ({"state": _S.ACCEPTED}, {"answer": Resubmission.CORRECTED}, ORIGINAL),
    ],
)
def test_the_matrix(
    sent: Claim, before: dict[str, object], changes: dict[str, object], expected: Resend
) -> None:
    assert again(replace(sent, **before), **changes) == expected  # type: ignore[arg-type]


def test_a_claim_nobody_sent_is_an_original() -> None:
    assert again(None) == ORIGINAL


@pytest.mark.parametrize("state", list(ClaimState))
def test_only_what_the_payer_judged_is_taken_back(sent: Claim, state: ClaimState) -> None:
    claim = replace(sent, state=state)

    judged = state in {_S.ADJUDICATED, _S.CLOSED}
    assert may_be_voided(claim, PayerKind.COMMERCIAL) is judged
    assert not may_be_voided(claim, PayerKind.MEDICARE)
    assert not may_be_voided(replace(claim, payer_claim_control_number=""), PayerKind.COMMERCIAL)
