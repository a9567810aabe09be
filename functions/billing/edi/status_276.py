"""A claim status inquiry as a 276, and a 277 as what the payer says (005010X212)."""

from datetime import datetime

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.errors import ClearinghouseUnavailableError, ContractError
from functions.billing.domain.records import Patient, Provider, Relationship
from functions.billing.domain.rules.policy import PayerPolicy
from functions.billing.domain.submission.inquiry import StatusVerdict, Told
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.edi.envelopes import WireNumbers, interchange
from functions.billing.x12 import (
    InquiredClaim,
    Party,
    Period,
    Refusal,
    StatusInquiry,
    StatusInquiryDependent,
    StatusInquiryProvider,
    StatusInquiryReceiver,
    StatusInquirySource,
    StatusInquirySubscriber,
    StatusResponse,
    Transaction,
    X12Error,
    read,
    status_of_277,
)

PERSON, ORGANIZATION = "1", "2"


def write_status_inquiry(
    content: ClaimContent,
    *,
    payer_claim_control_number: str,
    policy: PayerPolicy,
    numbers: WireNumbers,
    partner: TradingPartner,
    at: datetime,
) -> bytes:
    """The 276 for one claim as a whole file: by our number, its charge and its days, and the payer's number if known.

    Raises
    ------
    ContractError
        If the content lacks a patient, a coverage or a billing provider: it was never sent.
    """
    if content.patient is None or content.coverage is None or content.billing_provider is None:
        raise ContractError("claim_incomplete", subject=f"claim:{content.claim_id}")
    trace = trace_of(numbers)
    asked = InquiredClaim(
        trace_number=trace,
        payer_claim_control_number=payer_claim_control_number or None,
        control_number=content.patient_control_number,
        charge_cents=content.total_charge_cents,
        service_period=Period(content.service_from, content.service_to),
    )
    coverage, patient = content.coverage, content.patient
    own = coverage.relationship is Relationship.SELF
    member = coverage.subscriber or patient
    subscriber = StatusInquirySubscriber(
        birth_date=member.birth_date,
        sex=member.sex,
        party=_person(member, "IL", coverage.member_id),
        claims=(asked,) if own else (),
        dependents=()
        if own
        else (
            StatusInquiryDependent(
                birth_date=patient.birth_date,
                sex=patient.sex,
                party=_person(patient, "QC", ""),
                claims=(asked,),
            ),
        ),
    )
    body = StatusInquiry(
        reference=trace,
        created_on=at.date(),
        created_at=f"{at:%H%M}",
        sources=(
            StatusInquirySource(
                payer=_organization(policy.name, "PR", "PI", policy.edi_id),
                receivers=(
                    StatusInquiryReceiver(
                        receiver=_organization(
                            partner.submitter_name, "41", "46", partner.submitter_id
                        ),
                        providers=(
                            StatusInquiryProvider(
                                provider=_provider(content.billing_provider),
                                subscribers=(subscriber,),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
    return interchange((body, numbers), partner=partner, at=at)


def trace_of(numbers: WireNumbers) -> str:
    """TRN02 of the question, which the answer brings back."""
    return f"{numbers.interchange:09d}"


def read_status(body: bytes, *, trace: str) -> Told:
    """What the 277 says to our question.

    Raises
    ------
    ClearinghouseUnavailableError
        If the file holds no 277 that can be read, or none that answers this question.
    """
    try:
        answers = [
            answer
            for item in read(body, name="277")
            for answer in status_of_277(_response(item))
            if answer.trace_number in {"", trace}
        ]
    except X12Error as error:
        raise ClearinghouseUnavailableError("answer_unreadable", detail=error.code) from None
    if not answers:
        raise ClearinghouseUnavailableError("answer_missing", detail="no 277 for this question")
    # A payer that finds several claims by dates and charge names ours by its number.
    best = max(answers, key=lambda answer: bool(answer.payer_claim_control_number))
    return Told(
        verdict=StatusVerdict(best.answer),
        codes=tuple(f"{code.category}:{code.status}" for code in best.codes),
        payer_claim_control_number=best.payer_claim_control_number,
        paid_cents=best.paid_cents or 0,
        finalized_on=best.finalized_on,
        remittance_trace=best.remittance_number,
    )


def _response(item: Transaction | Refusal) -> StatusResponse:
    if isinstance(item, Refusal):
        raise item.error
    if not isinstance(item.body, StatusResponse):
        raise ClearinghouseUnavailableError("answer_missing", detail="the file holds no 277")
    return item.body


def _person(person: Patient, role: str, member_id: str) -> Party:
    return Party(
        role=role,
        kind=PERSON,
        name=person.name.family,
        first_name=person.name.given or None,
        id_qualifier="MI" if member_id else None,
        id=member_id or None,
    )


def _organization(name: str, role: str, qualifier: str, identifier: str) -> Party:
    return Party(role=role, kind=ORGANIZATION, name=name, id_qualifier=qualifier, id=identifier)


def _provider(provider: Provider) -> Party:
    return Party(
        role="1P",
        kind=PERSON if provider.is_person else ORGANIZATION,
        name=provider.family,
        first_name=provider.given or None,
        id_qualifier="XX",
        id=provider.npi,
    )
