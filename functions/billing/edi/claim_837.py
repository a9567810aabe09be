"""A claim's content as an 837: professional (005010X222A1) or institutional (005010X223A2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict

from functions.billing.domain.claims.content import ClaimContent, OtherPayerPayment
from functions.billing.domain.claims.coordination import imbalances
from functions.billing.domain.claims.line_numbers import line_control_number
from functions.billing.domain.codes.files import eleven_digits
from functions.billing.domain.errors import ContractError, RuleSetError
from functions.billing.domain.money import decimal_from_cents
from functions.billing.domain.records import (
    Address,
    Charge,
    Coverage,
    Patient,
    Provider,
    Relationship,
    Stay,
)
from functions.billing.domain.rules.policy import PayerPolicies, PayerPolicy
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.edi.envelopes import WireNumbers, interchange
from functions.billing.x12 import (
    DrugIdentification,
    HealthCode,
    InstitutionalClaim,
    InstitutionalClaims,
    InstitutionalLine,
    LineAdjudication,
    OtherPayer,
    OtherSubscriber,
    Party,
    Period,
    Procedure,
    ProfessionalClaim,
    ProfessionalClaims,
    ProfessionalLine,
)
from functions.billing.x12.claims_837 import INSTITUTIONAL, PROFESSIONAL, ClaimModels
from functions.billing.x12.values import Adjustment, Contact

__all__ = ["WireNumbers", "claim_body", "write_claim", "write_claims"]

PERSON, ORGANIZATION = "1", "2"
UNITS = "UN"

# Signed, assigned, benefits assigned, information released: what practices attest at registration.
PROVIDER_SIGNED, ASSIGNED, BENEFITS_ASSIGNED, RELEASED = "Y", "A", "Y", "Y"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What validation made sure of, so that writing needs no excuses."""

    patient: Patient
    coverage: Coverage
    billing: Provider
    policy: PayerPolicy
    policies: PayerPolicies

    def wire_id(self, payer_id: str) -> str:
        """A payer's identifier on the wire: as its policy says, else as we call it."""
        policy = self.policies.of(payer_id)
        return policy.edi_id if policy else payer_id


def claim_body(
    content: ClaimContent,
    *,
    policies: PayerPolicies,
    numbers: WireNumbers,
    partner: TradingPartner,
    at: datetime,
) -> ProfessionalClaims | InstitutionalClaims:
    """The claim as one transaction, to be written alone or with others.

    Raises
    ------
    ContractError
        If the content lacks a patient, a coverage or a billing provider: it was never validated. If a prior payer's
        decision does not add up: the next payer would refuse the claim.
    RuleSetError
        If nobody wrote a policy for the payer.
    """
    if content.patient is None or content.coverage is None or content.billing_provider is None:
        raise ContractError(
            "claim_incomplete", subject=f"claim:{content.claim_id}", detail="validate it first"
        )
    policy = policies.of(content.payer_id)
    if policy is None:
        raise RuleSetError("payer_policy_missing", subject=f"payer:{content.payer_id}")
    for payment in content.other_payments:
        if gaps := imbalances(content, payment):
            raise ContractError(
                "prior_payment_unbalanced",
                subject=f"claim:{content.claim_id}",
                detail=", ".join(gaps),
            )
    parts = _Parts(content.patient, content.coverage, content.billing_provider, policy, policies)
    models = INSTITUTIONAL if content.is_institutional else PROFESSIONAL
    claim = (_institutional if content.is_institutional else _professional)(content, parts)
    return _in_transaction(models, claim, parts, numbers, partner, at)


def write_claim(
    content: ClaimContent,
    *,
    policies: PayerPolicies,
    numbers: WireNumbers,
    partner: TradingPartner,
    at: datetime,
) -> bytes:
    """The claim as one interchange, ready to be frozen; raises as `claim_body` does."""
    return write_claims(((content, numbers),), policies=policies, partner=partner, at=at)


def write_claims(
    contents: Iterable[tuple[ClaimContent, WireNumbers]],
    *,
    policies: PayerPolicies,
    partner: TradingPartner,
    at: datetime,
) -> bytes:
    """Claims of one kind as one interchange, each in a transaction of its own; raises as `claim_body` does."""
    bodies = (
        (claim_body(content, policies=policies, numbers=numbers, partner=partner, at=at), numbers)
        for content, numbers in contents
    )
    return interchange(*bodies, partner=partner, at=at)


def _in_transaction(
    models: ClaimModels,
    claim: ProfessionalClaim | InstitutionalClaim,
    parts: _Parts,
    numbers: WireNumbers,
    partner: TradingPartner,
    at: datetime,
) -> ProfessionalClaims | InstitutionalClaims:
    """The levels above a claim: of the patient, too, where another one is the subscriber."""
    own = parts.coverage.relationship is Relationship.SELF
    subscriber = models.subscriber(
        payer_responsibility=parts.coverage.rank,
        relationship="18" if own else None,
        group_number=parts.coverage.group_number or None,
        claim_filing=parts.policy.filing_indicator,
        subscriber=_subscriber(parts),
        payer=_payer(parts.policy),
        claims=(claim,) if own else (),
        patients=()
        if own
        else (
            models.patient(
                relationship=parts.coverage.relationship,
                patient=_patient_party(parts.patient),
                claims=(claim,),
            ),
        ),
    )
    billing = models.billing_provider(
        taxonomy=parts.billing.taxonomy or None,
        provider=_billing_party(parts.billing),
        subscribers=(subscriber,),
    )
    transaction: ProfessionalClaims | InstitutionalClaims = models.transaction(
        batch_id=numbers.batch_id,
        created_on=at.date(),
        created_at=f"{at:%H%M}",
        submitter=_submitter(partner),
        receiver=_receiver(partner),
        billing_providers=(billing,),
    )
    return transaction


def _professional(content: ClaimContent, parts: _Parts) -> ProfessionalClaim:
    return ProfessionalClaim(
        control_number=content.patient_control_number,
        charge_cents=content.total_charge_cents,
        facility_code=content.location.place_of_service if content.location else "",
        facility_qualifier="B",
        frequency=content.frequency,
        provider_signature=PROVIDER_SIGNED,
        assignment=ASSIGNED,
        benefits_assigned=BENEFITS_ASSIGNED,
        release_of_information=RELEASED,
        prior_authorization=_authorization(content),
        payer_claim_control_number=content.original_reference or None,
        diagnoses=tuple(
            HealthCode("ABK" if position == 0 else "ABF", code)
            for position, code in enumerate(content.diagnoses)
        ),
        rendering=_rendering(content, parts.billing),
        facility=_facility(content),
        other_subscribers=_other_subscribers(content, parts),
        lines=tuple(_professional_line(content, parts, line) for line in content.lines),
    )


def _institutional(content: ClaimContent, parts: _Parts) -> InstitutionalClaim:
    stay = content.stay or Stay()
    return InstitutionalClaim(
        control_number=content.patient_control_number,
        charge_cents=content.total_charge_cents,
        facility_code=stay.facility_code,
        facility_qualifier="A",
        frequency=content.frequency,
        assignment=ASSIGNED,
        benefits_assigned=BENEFITS_ASSIGNED,
        release_of_information=RELEASED,
        statement_period=Period(content.service_from, content.service_to),
        admission=_day(stay.admitted_on) if stay.is_admission and stay.admitted_on else None,
        admission_source=stay.admission_source or None,
        admission_type=stay.admission_type or None,
        patient_status=stay.patient_status,
        value_codes=tuple(
            HealthCode("BE", code, amount=decimal_from_cents(cents))
            for code, cents in stay.value_codes
        ),
        occurrences=tuple(
            HealthCode("BH", code, "D8", f"{day:%Y%m%d}") for code, day in stay.occurrences
        ),
        prior_authorization=_authorization(content),
        payer_claim_control_number=content.original_reference or None,
        principal_diagnosis=tuple(HealthCode("ABK", code) for code in content.diagnoses[:1]),
        other_diagnoses=tuple(HealthCode("ABF", code) for code in content.diagnoses[1:]),
        attending=_person_party(content.rendering_provider, "71")
        if content.rendering_provider
        else None,
        other_subscribers=_other_subscribers(content, parts),
        lines=tuple(_institutional_line(content, parts, line) for line in content.lines),
    )


def _professional_line(content: ClaimContent, parts: _Parts, line: Charge) -> ProfessionalLine:
    claim_place = content.location.place_of_service if content.location else ""
    elsewhere = line.place_of_service and line.place_of_service != claim_place
    return ProfessionalLine(
        procedure=Procedure("HC", line.procedure, line.modifiers),
        charge_cents=line.charge_cents,
        unit=UNITS,
        units=_units(line),
        place_of_service=line.place_of_service if elsewhere else None,
        diagnosis_pointers=line.diagnosis_pointers,
        service_period=_day(line.service_date),
        line_control_number=line_control_number(content.patient_control_number, line.line_id),
        adjudications=_line_adjudications(content, parts, line),
        drug=_drug(line),
    )


def _drug(line: Charge) -> DrugIdentification | None:
    """Loop 2410 where a national drug code goes with the line."""
    code = eleven_digits(line.ndc) if line.ndc else None
    if code is None:
        return None
    return DrugIdentification(
        code_qualifier="N4",
        code=code,
        quantity=Decimal(line.drug_quantity) if line.drug_quantity else None,
        unit=line.drug_unit or None,
    )


def _institutional_line(content: ClaimContent, parts: _Parts, line: Charge) -> InstitutionalLine:
    return InstitutionalLine(
        revenue_code=line.revenue_code,
        procedure=Procedure("HC", line.procedure, line.modifiers),
        charge_cents=line.charge_cents,
        unit=UNITS,
        units=_units(line),
        service_period=_day(line.service_date),
        line_control_number=line_control_number(content.patient_control_number, line.line_id),
        adjudications=_line_adjudications(content, parts, line),
    )


def _authorization(content: ClaimContent) -> str | None:
    return next((authorization.number for authorization in content.authorizations), None)


def _rendering(content: ClaimContent, billing: Provider) -> Party | None:
    """Loop 2310B only where the one who treated is not the one who bills."""
    rendering = content.rendering_provider
    if rendering is None or rendering.npi == billing.npi:
        return None
    return _person_party(rendering, "82")


def _person_party(provider: Provider, role: str) -> Party:
    return Party(
        role=role,
        kind=PERSON if provider.is_person else ORGANIZATION,
        name=provider.family,
        first_name=provider.given or None,
        id_qualifier="XX",
        id=provider.npi,
        taxonomy=provider.taxonomy or None,
        taxonomy_role=("AT" if role == "71" else "PE") if provider.taxonomy else None,
    )


def _facility(content: ClaimContent) -> Party | None:
    """Loop 2310C where the service was given somewhere with an identity of its own."""
    location, billing = content.location, content.billing_provider
    if (
        location is None
        or not location.npi
        or (billing and location.npi == billing.npi)
        or location.address is None
    ):
        return None
    return Party(
        role="77",
        kind=ORGANIZATION,
        name=location.name,
        id_qualifier="XX",
        id=location.npi,
        **_address(location.address),
    )


def _other_subscribers(content: ClaimContent, parts: _Parts) -> tuple[OtherSubscriber, ...]:
    """Loop 2320 for each other coverage; what it paid rides along on secondary claims."""
    payments = {payment.payer_id: payment for payment in content.other_payments}
    return tuple(
        _other_subscriber(coverage, parts, payments.get(coverage.payer.payer_id))
        for coverage in content.other_coverages
    )


def _other_subscriber(
    coverage: Coverage, parts: _Parts, payment: OtherPayerPayment | None
) -> OtherSubscriber:
    policy = parts.policies.of(coverage.payer.payer_id)
    # The date stands with the lines where the payer decided by lines (DTP*573 in 2430), else with the payer.
    decided_on = payment.adjudicated_on if payment and not payment.line_paid else None
    return OtherSubscriber(
        payer_responsibility=coverage.rank,
        relationship=coverage.relationship,
        group_number=coverage.group_number or None,
        claim_filing=policy.filing_indicator if policy else "ZZ",
        adjustments=_adjustments(payment, "") if payment else (),
        paid_cents=payment.paid_cents if payment else None,
        remaining_liability_cents=payment.remaining_cents if payment else None,
        benefits_assigned="Y",
        release_of_information="Y",
        subscriber=_member(coverage.subscriber or parts.patient, coverage),
        payer=OtherPayer(
            role="PR",
            kind=ORGANIZATION,
            name=coverage.payer.name,
            id_qualifier="PI",
            id=parts.wire_id(coverage.payer.payer_id),
            adjudicated_on=_day(decided_on) if decided_on else None,
        ),
    )


def _line_adjudications(
    content: ClaimContent, parts: _Parts, line: Charge
) -> tuple[LineAdjudication, ...]:
    """Loop 2430 for each payer that decided on the line before."""
    return tuple(
        LineAdjudication(
            payer_id=parts.wire_id(payment.payer_id),
            paid_cents=paid_cents,
            procedure=Procedure("HC", line.procedure, line.modifiers),
            paid_units=_units(line),
            adjustments=_adjustments(payment, line.line_id),
            adjudicated_on=_day(payment.adjudicated_on) if payment.adjudicated_on else None,
            remaining_liability_cents=dict(payment.line_remaining).get(line.line_id),
        )
        for payment in content.other_payments
        for line_id, paid_cents in payment.line_paid
        if line_id == line.line_id
    )


def _adjustments(payment: OtherPayerPayment, line_id: str) -> tuple[Adjustment, ...]:
    """CAS: the writer puts the reasons of one group into one segment, up to six of them."""
    return tuple(
        Adjustment(one.group, one.reason, decimal_from_cents(one.amount_cents))
        for one in payment.adjustments
        if one.line_id == line_id
    )


def _units(line: Charge) -> Decimal:
    return decimal_from_cents(line.units * 100).to_integral_value()


def _patient_party(patient: Patient) -> Party:
    return Party(
        role="QC",
        kind=PERSON,
        name=patient.name.family,
        first_name=patient.name.given or None,
        middle_name=patient.name.middle or None,
        birth_date=patient.birth_date,
        sex=patient.sex,
        **_address(patient.address),
    )


def _subscriber(parts: _Parts) -> Party:
    return _member(parts.coverage.subscriber or parts.patient, parts.coverage)


def _member(person: Patient, coverage: Coverage) -> Party:
    return Party(
        role="IL",
        kind=PERSON,
        name=person.name.family,
        first_name=person.name.given or None,
        middle_name=person.name.middle or None,
        id_qualifier="MI",
        id=coverage.member_id,
        birth_date=person.birth_date,
        sex=person.sex,
        **_address(person.address),
    )


def _payer(policy: PayerPolicy) -> Party:
    return Party(
        role="PR", kind=ORGANIZATION, name=policy.name, id_qualifier="PI", id=policy.edi_id
    )


def _billing_party(provider: Provider) -> Party:
    return Party(
        role="85",
        kind=PERSON if provider.is_person else ORGANIZATION,
        name=provider.family,
        first_name=provider.given or None,
        id_qualifier="XX",
        id=provider.npi,
        employer_id=provider.tax_id,
        **(_address(provider.address) if provider.address else _AddressFields()),
    )


class _AddressFields(TypedDict, total=False):
    """The address elements of a party (N3, N4)."""

    street: str | None
    street_2: str | None
    city: str | None
    state: str | None
    postal_code: str | None


def _address(address: Address) -> _AddressFields:
    return {
        "street": address.line1 or None,
        "street_2": address.line2 or None,
        "city": address.city or None,
        "state": address.state or None,
        "postal_code": address.postal_code or None,
    }


def _submitter(partner: TradingPartner) -> Party:
    return Party(
        role="41",
        kind=ORGANIZATION,
        name=partner.submitter_name,
        id_qualifier="46",
        id=partner.submitter_id,
        contacts=(Contact("IC", "BILLING", (("TE", partner.submitter_phone),)),),
    )


def _receiver(partner: TradingPartner) -> Party:
    return Party(
        role="40",
        kind=ORGANIZATION,
        name=partner.receiver_name,
        id_qualifier="46",
        id=partner.receiver_id,
    )


def _day(day: date) -> Period:
    return Period(day, day)
