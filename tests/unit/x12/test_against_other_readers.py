"""Two libraries by others, as judges of our own files: pyx12 for structure, oxedi for 835."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from decimal import Decimal

import pytest

from functions.billing.x12 import (
    Remittance,
    StatusCode,
    StatusInformation,
    address,
    benefits_of,
    outcome_of_999,
    read,
    write,
)

from .examples import (
    DAY,
    INPATIENT_CLAIM,
    NOON,
    NPI_CLINIC,
    PAID_CLAIM,
    PARTNER,
    claim_acknowledgement,
    eligibility_inquiry,
    interchange,
    numbers,
    professional_claim,
    professional_claims,
    read_one,
    remittance,
    remittance_of,
    stc,
    transaction,
)
from .test_claims import institutional_claims
from .test_questions_and_answers import ACTIVE, claim_status, response

pyx12_document = pytest.importorskip("pyx12.x12n_document")
pyx12_params = pytest.importorskip("pyx12.params")
oxedi = pytest.importorskip("oxedi")


# The guide dates a provider's status by the batch, so its STC02 is not used.
PROVIDER_RECEIVED = (
    StatusInformation((StatusCode("A1", "19"),), action="WQ", charge=Decimal(200)),
)


def judged(content: bytes) -> tuple[bool, str]:
    """pyx12's verdict and its 999."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    acknowledgement = io.StringIO()
    verdict = pyx12_document.x12n_document(
        pyx12_params.ParamsBase(), io.StringIO(content.decode()), acknowledgement, None
    )
    return bool(verdict), acknowledgement.getvalue()


def written(body: object) -> bytes:
    return write(address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P"))


@pytest.mark.parametrize(
    "content",
    [
        written(professional_claims()),
        written(professional_claims(professional_claim("C1"), professional_claim("C2"))),
        written(institutional_claims()),
        written(
            claim_acknowledgement(
                claim_status("A2"), receiver=stc("A1", "19"), provider=PROVIDER_RECEIVED
            )
        ),
    ],
    ids=["837P", "837P two claims", "837I", "277CA"],
)
def test_pyx12_accepts_what_we_write_and_we_read_its_999(content: bytes) -> None:
    verdict, acknowledgement = judged(content)
    assert verdict, acknowledgement
    outcome = outcome_of_999(read_one(acknowledgement.encode()).body)
    assert outcome.is_accepted
    assert outcome.transactions[0].control_number == "0001"
    assert outcome.group_control_number == "7"


def test_pyx12_and_we_find_the_same_element_missing() -> None:
    content = written(professional_claims()).replace(b"NM1*40*2*", b"NM1*40**")
    verdict, acknowledgement = judged(content)
    assert not verdict
    outcome = outcome_of_999(read_one(acknowledgement.encode()).body)
    (fault,) = outcome.transactions[0].faults
    assert (fault.segment, fault.element, fault.element_code) == ("NM1", 2, "1")
    item = read_one(content)
    from functions.billing.x12.faults import faults_of  # noqa: PLC0415

    (ours,) = faults_of(item.body)
    assert ours.element == "NM102"
    assert ours.segment_number == fault.position


def test_pyx12_accepts_our_835_but_cannot_acknowledge_it() -> None:
    """An explained disagreement: an 835 has no ST03, and pyx12's 999 gives up for want of it."""
    content = remittance_of(PAID_CLAIM, payment="120")
    try:
        verdict, _ = judged(content)
    except Exception as error:  # noqa: BLE001 - whatever pyx12 raises, its message is the point
        assert "vriic" in str(error)  # noqa: PT017
    else:
        assert verdict


def test_pyx12_knows_no_5010_eligibility_and_we_do() -> None:
    """An explained disagreement: pyx12 ships no map for 005010X279A1."""
    content = written(eligibility_inquiry())
    with pytest.raises(Exception, match="Map not found"):
        judged(content)
    assert read_one(content).body == eligibility_inquiry()
    assert benefits_of(response(*ACTIVE), service_date=DAY).coverage == "active"


REVERSAL = (
    "CLP*C1*22*-200*-120**12*ICN1",
    "NM1*QC*1*DOE*ANN****MI*M1",
    "SVC*HC:99213*-200*-120",
    "CAS*PR*3*-30",
    "CAS*CO*45*-50",
)
SIX_TRIOS = (
    "CLP*C9*1*100*40**12*ICN9",
    "NM1*QC*1*DOE*ANN****MI*M1",
    "SVC*HC:99213*100*40",
    "CAS*CO*1*10**2*10**3*10**4*10**5*10**6*10",
)


@pytest.mark.parametrize(
    "claims",
    [
        (PAID_CLAIM,),
        (PAID_CLAIM, INPATIENT_CLAIM),
        (REVERSAL, PAID_CLAIM),
        (SIX_TRIOS,),
        (PAID_CLAIM,) * 50,
    ],
)
def test_oxedi_finds_the_same_claims_lines_adjustments_and_money(
    claims: Sequence[Sequence[str]],
) -> None:
    paid = sum(Decimal(claim[0].split("*")[4]) for claim in claims)
    plb = (f"PLB*{NPI_CLINIC}*20261231*WO:C0*25*L6*-5",)
    content = remittance_of(*claims, payment=str(paid - 20), plb=plb)
    theirs = oxedi.parse(content)
    ours = read_one(content).body
    assert isinstance(ours, Remittance)
    assert theirs.diagnostics == []
    assert ours.balance.is_balanced
    found = list(ours.claims())
    assert theirs.count_claims() == len(found)
    assert int(theirs.sum_payments() * 100) == ours.payment_cents
    assert len(theirs.tables["services"]) == sum(len(c.lines) for c in found)
    assert len(theirs.tables["provider_adjustments"]) == len(ours.provider_adjustments)
    trios = sum(len(c.adjustments) + sum(len(s.adjustments) for s in c.lines) for c in found)
    assert len(theirs.tables["adjustments"]) == trios


def test_oxedi_reads_files_of_several_interchanges_as_we_do() -> None:
    body = read_one(remittance()).body
    content = interchange(
        transaction("835", body.segments, "0001"), transaction("835", body.segments, "0002")
    ) + remittance(number=2)
    theirs = oxedi.parse(content)
    ours = list(read(content))
    assert len(ours) == 3
    assert theirs.count_claims() == 6
    assert int(theirs.sum_payments() * 100) == 3 * 70_000
