"""An eligibility inquiry as a 270, and a 271 as what it says (005010X279A1)."""

from dataclasses import dataclass
from datetime import date, datetime

from functions.billing.domain.eligibility.coverage import MemberIdentity, match_quality
from functions.billing.domain.eligibility.records import (
    Benefit,
    BenefitKind,
    BenefitPeriod,
    CoverageLevel,
    CoverageState,
    EligibilityResult,
    MatchQuality,
    Network,
    OtherPayer,
    PayerError,
    PayerErrorClass,
)
from functions.billing.domain.errors import ClearinghouseUnavailableError
from functions.billing.domain.records import (
    Coverage,
    Patient,
    PayerKind,
    Provider,
    Relationship,
)
from functions.billing.domain.rules.policy import PayerPolicy
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.edi.envelopes import WireNumbers, interchange
from functions.billing.x12 import (
    EligibilityInquiry,
    EligibilityQuestion,
    EligibilityResponse,
    InquiredParty,
    InquiryDependent,
    InquiryReceiver,
    InquirySource,
    InquirySubscriber,
    Party,
    Period,
    Refusal,
    X12Error,
    benefits_of,
    read,
)
from functions.billing.x12.amounts import cents_of
from functions.billing.x12.benefits_271 import Benefits
from functions.billing.x12.eligibility_271 import EligibilityInformation
from functions.billing.x12.values import DatedPeriod

# Service types (EQ01, EB03): whether the plan covers at all, and what an office visit costs.
PLAN_COVERAGE = "30"
OFFICE_VISIT = "98"

# EB01 codes that speak of the coverage itself, active, pending or inactive, or say that nothing can be said.
_STATES = frozenset({"1", "2", "3", "4", "5", "6", "7", "8", "I", "V"})
_PENDING = "5"
_PREMIUM_PAID_TO = "343"

_KINDS = {
    "B": BenefitKind.COPAY,
    "A": BenefitKind.COINSURANCE,
    "C": BenefitKind.DEDUCTIBLE,
    "G": BenefitKind.OUT_OF_POCKET,
}
_PERIODS = {
    "22": BenefitPeriod.TOTAL,
    "23": BenefitPeriod.TOTAL,
    "25": BenefitPeriod.TOTAL,
    "27": BenefitPeriod.VISIT,
    "29": BenefitPeriod.REMAINING,
}
_NETWORKS = {"Y": Network.IN, "N": Network.OUT, "W": Network.EITHER}
_LEVELS = {
    "IND": CoverageLevel.INDIVIDUAL,
    "FAM": CoverageLevel.FAMILY,
    None: CoverageLevel.INDIVIDUAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Whom we ask about, for which day, in whose name."""

    patient: Patient
    coverage: Coverage
    provider: Provider | None
    service_on: date

    @property
    def is_dependent(self) -> bool:
        """The patient is insured through somebody else."""
        return (
            self.coverage.relationship is not Relationship.SELF
            and self.coverage.subscriber is not None
        )


def write_inquiry(
    inquiry: Inquiry,
    *,
    policy: PayerPolicy,
    numbers: WireNumbers,
    partner: TradingPartner,
    at: datetime,
) -> bytes:
    """The 270 as a whole file."""
    question = EligibilityQuestion(service_types=(PLAN_COVERAGE, OFFICE_VISIT))
    trace = f"{numbers.interchange:09d}"
    originator = f"9{partner.submitter_id}"[:10].ljust(10, "0")
    holder = inquiry.coverage.subscriber if inquiry.is_dependent else None
    dependents: tuple[InquiryDependent, ...] = ()
    if holder:
        dependents = (
            InquiryDependent(
                trace_type="1",
                trace_number=trace,
                trace_originator=originator,
                party=_person(inquiry.patient, role="03", member_id=None, day=inquiry.service_on),
                questions=(question,),
            ),
        )
    subscriber = InquirySubscriber(
        trace_type=None if holder else "1",
        trace_number=None if holder else trace,
        trace_originator=None if holder else originator,
        party=_person(
            holder or inquiry.patient,
            role="IL",
            member_id=inquiry.coverage.member_id,
            day=None if holder else inquiry.service_on,
        ),
        questions=() if holder else (question,),
        dependents=dependents,
    )
    provider = Party(
        role="1P",
        kind="1" if inquiry.provider and inquiry.provider.is_person else "2",
        name=inquiry.provider.family if inquiry.provider else partner.submitter_name,
        id_qualifier="XX" if inquiry.provider else "46",
        id=inquiry.provider.npi if inquiry.provider else partner.submitter_id,
    )
    payer = Party(role="PR", kind="2", name=policy.name, id_qualifier="PI", id=policy.edi_id)
    body = EligibilityInquiry(
        reference=trace,
        created_on=at.date(),
        created_at=f"{at:%H%M}",
        sources=(
            InquirySource(
                payer=payer,
                receivers=(InquiryReceiver(provider=provider, subscribers=(subscriber,)),),
            ),
        ),
    )
    return interchange((body, numbers), partner=partner, at=at)


def _person(
    person: Patient, *, role: str, member_id: str | None, day: date | None
) -> InquiredParty:
    return InquiredParty(
        role=role,
        kind="1",
        name=person.name.family,
        first_name=person.name.given or None,
        id_qualifier="MI" if member_id else None,
        id=member_id,
        birth_date=person.birth_date,
        sex=person.sex,
        service_period=Period(day, day) if day else None,
    )


def read_answer(body: bytes, inquiry: Inquiry, *, at: datetime) -> EligibilityResult:
    """What the 271 says of the patient's coverage on the day asked about.

    Raises
    ------
    ClearinghouseUnavailableError
        If the file holds no 271 that can be read: the payer has not answered.
    """
    response = _response(body)
    try:
        benefits = benefits_of(
            response, service_date=inquiry.service_on, service_type=PLAN_COVERAGE
        )
        people = tuple(response.people())
        statements = tuple(each for person in people for each in person.benefits)
        periods = tuple(each for person in people if person.party for each in person.party.periods)
        own = tuple(each for statement in statements for each in statement.periods)
        return _result(benefits, statements, (*own, *periods), inquiry, at)
    except X12Error as error:
        raise ClearinghouseUnavailableError("answer_unreadable", detail=error.code) from None


def _response(body: bytes) -> EligibilityResponse:
    for item in read(body, name="271"):
        if isinstance(item, Refusal):
            raise ClearinghouseUnavailableError("answer_unreadable", detail=item.error.code)
        if isinstance(item.body, EligibilityResponse):
            return item.body
    raise ClearinghouseUnavailableError("answer_missing", detail="the file holds no 271")


def _result(
    benefits: Benefits,
    statements: tuple[EligibilityInformation, ...],
    periods: tuple[DatedPeriod, ...],
    inquiry: Inquiry,
    at: datetime,
) -> EligibilityResult:
    match = match_quality(_asked(inquiry), _returned(benefits, inquiry))
    starts, ends = _plan_dates(periods)
    return EligibilityResult(
        coverage_id=inquiry.coverage.coverage_id,
        payer_id=inquiry.coverage.payer.payer_id,
        checked_at=at,
        service_date=inquiry.service_on,
        state=CoverageState(benefits.coverage),
        reason=benefits.coverage_reason,
        codes=_codes(benefits),
        in_grace_period=_in_grace_period(benefits, periods, inquiry),
        service_type=OFFICE_VISIT,
        match_quality=match.quality if not benefits.rejections else MatchQuality.NONE,
        corrected_fields=match.corrected_fields if not benefits.rejections else (),
        plan_name=next(
            (each.plan_description or "" for each in benefits.statements if each.plan_description),
            "",
        ),
        plan_starts_on=starts,
        plan_ends_on=ends,
        benefits=tuple(
            benefit
            for each in statements
            for service_type in each.service_types
            if (benefit := _benefit(each, service_type)) is not None
        ),
        other_payers=tuple(_other_payer(each) for each in benefits.other_payers),
        authorization_required=benefits.authorization_required,
        errors=tuple(
            PayerError(each.reason, PayerErrorClass(each.group), each.level, each.follow_up)
            for each in benefits.rejections
        ),
    )


def _codes(benefits: Benefits) -> tuple[str, ...]:
    """What the payer said of the plan and of the request, in its own codes."""
    plan = (each.information for each in benefits.plan_statements if each.information in _STATES)
    refused = (f"AAA:{each.reason}" for each in benefits.rejections)
    return tuple(dict.fromkeys((*(f"EB01:{code}" for code in plan), *refused)))


def _in_grace_period(
    benefits: Benefits, periods: tuple[DatedPeriod, ...], inquiry: Inquiry
) -> bool:
    """An exchange plan in force though its premium is not: EB01 = 5, or paid (DTP 343) to a day before the service."""
    if inquiry.coverage.payer.kind is not PayerKind.EXCHANGE or benefits.coverage == "inactive":
        return False
    paid_until = [each.period.end for each in periods if each.qualifier == _PREMIUM_PAID_TO]
    is_pending = any(each.information == _PENDING for each in benefits.plan_statements)
    return is_pending or any(day < inquiry.service_on for day in paid_until)


def _asked(inquiry: Inquiry) -> MemberIdentity:
    return MemberIdentity(
        member_id="" if inquiry.is_dependent else inquiry.coverage.member_id,
        family=inquiry.patient.name.family,
        given=inquiry.patient.name.given,
        birth_date=inquiry.patient.birth_date,
        is_dependent=inquiry.is_dependent,
    )


def _returned(benefits: Benefits, inquiry: Inquiry) -> MemberIdentity | None:
    member = benefits.member
    if member is None:
        return None
    return MemberIdentity(
        member_id=member.member_id,
        family=member.last_name,
        given=member.first_name,
        birth_date=member.birth_date,
        is_dependent=inquiry.is_dependent,
    )


def _plan_dates(periods: tuple[DatedPeriod, ...]) -> tuple[date | None, date | None]:
    starts = next(
        (each.period.start for each in periods if each.qualifier in {"291", "346", "307"}), None
    )
    ends = next((each.period.end for each in periods if each.qualifier == "347"), None)
    spans = (
        each.period
        for each in periods
        if each.qualifier == "291" and each.period.end != each.period.start
    )
    return starts, ends or next((span.end for span in spans), None)


def _benefit(statement: EligibilityInformation, service_type: str) -> Benefit | None:
    kind = _KINDS.get(statement.information)
    if kind is None or (statement.amount is None and statement.percent is None):
        return None
    return Benefit(
        kind=kind,
        period=_PERIODS.get(statement.time_period or "", BenefitPeriod.OTHER),
        service_type=service_type,
        network=_NETWORKS.get(statement.in_network or "", Network.UNKNOWN),
        level=_LEVELS.get(statement.coverage_level, CoverageLevel.OTHER),
        amount_cents=None if statement.amount is None else cents_of(statement.amount),
        rate=statement.percent,
    )


def _other_payer(statement: EligibilityInformation) -> OtherPayer:
    party = next(iter(statement.related_parties), None)
    return OtherPayer(party.id or party.name or "" if party else "", statement.coverage_level or "")
