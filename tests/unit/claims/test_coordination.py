"""What a payer decided reaches the next payer to the cent, whatever the payer decided."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.assemble import assemble
from functions.billing.domain.claims.content import ClaimContent, OtherPayerPayment, PriorAdjustment
from functions.billing.domain.claims.coordination import (
    following,
    imbalances,
    next_claim,
    next_coverage,
    prior_payment,
)
from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import Charge, CoverageRank, Payer, PayerKind
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.edi.claim_837 import write_claim
from functions.billing.edi.envelopes import WireNumbers
from functions.billing.x12 import ProfessionalClaims, Transaction, read
from tests.builders import COVERAGE, SERVICE_DAY, encounter, rule_set_contents
from tests.fakes import NOON, PARTNER
from tests.unit.remittance.remittances import answer, claim, line, payment, post_all, reversal_of

POLICIES = payer_policies(rule_set_contents()["payer_policies"])
SECOND = replace(
    COVERAGE,
    coverage_id="coverage-2",
    rank=CoverageRank.SECONDARY,
    payer=Payer(payer_id="OPENMKT", name="Open Market Plan", kind=PayerKind.EXCHANGE),
    member_id="OPN12345678",
)
CODES = ("CO_45", "CO_253", "PR_1", "PR_2", "OA_94", "CO_94", "PR_94", "CO_225", "OA_225")


def content(*charges_cents: int) -> ClaimContent:
    """A claim for two payers, its lines named as the remittance builders name them."""
    charges = tuple(
        Charge(
            line_id=f"claim-one-line-{ordinal}",
            procedure=f"9921{ordinal}",
            charge_cents=cents,
            units=1,
            service_date=SERVICE_DAY,
        )
        for ordinal, cents in enumerate(charges_cents, start=1)
    )
    (made,) = assemble(
        encounter(charges=charges, coverages=(COVERAGE, SECOND)),
        claim_id="CONE",
        patient_control_number="CONE01",
        signed_on=SERVICE_DAY,
    )
    return made


def splits() -> st.SearchStrategy[dict[str, int]]:
    amounts = st.integers(-5_000, 30_000).filter(bool)
    return st.dictionaries(st.sampled_from(CODES), amounts, max_size=len(CODES))


@given(
    charges=st.lists(st.integers(1, 90_000), min_size=1, max_size=4),
    data=st.data(),
    at_claim_level=splits(),
)
def test_whatever_was_decided_balances_on_the_next_payers_claim(
    charges: list[int], data: st.DataObject, at_claim_level: dict[str, int]
) -> None:
    lines = [
        line(ordinal, cents, data.draw(splits())) for ordinal, cents in enumerate(charges, start=1)
    ]
    billed = claim(*charges, has_next_payer=True)
    decision = answer(*lines, **at_claim_level)  # type: ignore[arg-type]
    ledger = post_all(billed, (payment(1), decision))
    first = content(*charges)

    decided = prior_payment(first, ledger)

    assert imbalances(first, decided) == ()
    _balances_on_the_wire(following(first, SECOND, decided))


def _balances_on_the_wire(made: ClaimContent) -> None:
    """SV102 = SVD02 + CAS, CLM02 = AMT*D + CAS, one CAS for each group of a loop (up to six reasons)."""
    body = write_claim(
        made, policies=POLICIES, numbers=WireNumbers(1, 1, 1), partner=PARTNER, at=NOON
    )
    (item,) = read(body, name="secondary")
    assert isinstance(item, Transaction)
    assert isinstance(item.body, ProfessionalClaims)
    (sent,) = item.body.claims()
    (other,) = sent.claim.other_subscribers
    assert other.payer
    adjusted = sum(one.amount_cents for one in other.adjustments)
    for service in sent.claim.lines:
        (decided,) = service.adjudications
        assert decided.payer_id == other.payer.id
        own = sum(one.amount_cents for one in decided.adjustments)
        assert service.charge_cents == decided.paid_cents + own
        adjusted += own
    assert sent.claim.charge_cents == (other.paid_cents or 0) + adjusted
    _one_segment_a_group(body)


def _one_segment_a_group(body: bytes) -> None:
    """Until something else comes between, no group of adjustments is said twice while it has room."""
    seen: dict[str, int] = {}
    for segment in body.decode().split("~"):
        elements = segment.strip().split("*")
        if elements[0] != "CAS":
            seen = {}
            continue
        assert seen.get(elements[1], 6) == 6
        seen[elements[1]] = (len(elements) - 2 + 2) // 3


def test_the_next_payer_is_the_next_in_rank() -> None:
    first = content(10_000)

    assert next_coverage(first) == SECOND
    second = following(first, SECOND, prior_payment(first, answered(first)))
    assert next_coverage(second) is None
    assert [each.rank.value for each in second.other_coverages] == ["P"]


def test_the_next_claim_has_its_own_numbers_and_no_strangers_authorization() -> None:
    first = content(10_000)
    second = following(first, SECOND, prior_payment(first, answered(first)))

    assert (second.claim_id, second.patient_control_number) == ("CONE-S", "CONE01S")
    assert next_claim(first, SECOND).claim_id == second.claim_id
    assert second.authorizations == ()
    assert second.frequency == "1"


def answered(first: ClaimContent, **split: int) -> tuple:  # type: ignore[type-arg]
    charge = first.total_charge_cents
    billed = claim(charge, has_next_payer=True)
    return post_all(billed, (payment(1), answer(line(1, charge, split or {"PR_1": 2_000}))))


def test_what_the_patient_was_left_to_owe_stands_at_one_level() -> None:
    first = content(10_000)

    decided = prior_payment(first, answered(first, CO_45=3_000, PR_1=1_500, PR_2=500))

    assert decided.line_remaining == (("claim-one-line-1", 2_000),)
    assert decided.remaining_cents is None
    assert decided.paid_cents == 5_000


def test_a_reversed_answer_is_not_told_to_the_next_payer() -> None:
    first = content(10_000)
    billed = claim(10_000, has_next_payer=True)
    wrong = answer(line(1, 10_000, CO_45=1_000))
    right = answer(line(1, 10_000, CO_45=4_000, PR_2=600), ordinal=2)
    ledger = post_all(
        billed, (payment(1), wrong), (payment(2), reversal_of(wrong)), (payment(2), right)
    )

    decided = prior_payment(first, ledger)

    assert decided.paid_cents == 5_400
    assert {(one.group, one.reason, one.amount_cents) for one in decided.adjustments} == {
        ("CO", "45", 4_000),
        ("PR", "2", 600),
    }


def test_what_cannot_be_told_line_by_line_is_refused() -> None:
    first = content(10_000)
    billed = claim(10_000, has_next_payer=True)
    strange = post_all(billed, (payment(1), answer(line(7, 10_000, PR_1=2_000))))

    with pytest.raises(ContractError, match="other_lines"):
        prior_payment(first, strange)
    with pytest.raises(ContractError, match="has_not_answered"):
        prior_payment(first, ())


def test_a_decision_that_does_not_add_up_is_never_written() -> None:
    first = content(10_000)
    wrong = OtherPayerPayment(
        payer_id="BLUEPEAK",
        adjudicated_on=SERVICE_DAY,
        paid_cents=5_000,
        line_paid=(("claim-one-line-1", 5_000),),
        adjustments=(
            PriorAdjustment(
                group="CO", reason="45", amount_cents=4_999, line_id="claim-one-line-1"
            ),
        ),
    )

    with pytest.raises(
        ContractError, match="prior_payment_unbalanced: claim:CONE-S: claim-one-line-1, claim"
    ):
        write_claim(
            following(first, SECOND, wrong),
            policies=POLICIES,
            numbers=WireNumbers(1, 1, 1),
            partner=PARTNER,
            at=NOON,
        )
