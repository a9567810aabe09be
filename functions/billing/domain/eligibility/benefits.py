"""Choosing the one benefit that applies out of the many a 271 holds, and the patient's estimate.

The same answer usually holds several copays and deductibles: by network, for the individual and the
family, by service type. One is chosen by what it is for, or none: never the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from functions.billing.domain.eligibility.records import (
    Benefit,
    BenefitKind,
    BenefitPeriod,
    CoverageLevel,
    CoverageState,
    EligibilityResult,
    Network,
)
from functions.billing.domain.errors import MoneyError
from functions.billing.domain.money import dollars

_GENERAL_SERVICE_TYPE = "30"


@dataclass(frozen=True, slots=True)
class BenefitChoice:
    """The benefit that applies, or why none could be chosen: `not_stated` or `ambiguous`."""

    benefit: Benefit | None
    why_not: str = ""


def choose_benefit(
    benefits: Iterable[Benefit],
    kind: BenefitKind,
    *,
    service_type: str,
    network: Network = Network.IN,
    level: CoverageLevel = CoverageLevel.INDIVIDUAL,
    period: BenefitPeriod | None = None,
) -> BenefitChoice:
    """Choose by service type, network and level, each exactly if stated, else generally.

    The service type asked for goes before 30 (the whole plan); the network asked for before a
    benefit that holds in either or does not say. If several different amounts remain, the answer
    is ambiguous.
    """
    fitting = [
        one
        for one in benefits
        if one.kind is kind and one.level is level and (period is None or one.period is period)
    ]
    for by_type in (service_type, _GENERAL_SERVICE_TYPE):
        typed = [one for one in fitting if one.service_type == by_type]
        for networks in ({network}, {Network.EITHER}, {Network.UNKNOWN}):
            found = [one for one in typed if one.network in networks]
            if found:
                amounts = {(one.amount_cents, one.rate) for one in found}
                if len(amounts) == 1:
                    return BenefitChoice(found[0])
                return BenefitChoice(None, "ambiguous")
    return BenefitChoice(None, "not_stated")


class EstimateBasis(StrEnum):
    """What an estimate rests on."""

    BENEFITS = "benefits"
    NOT_COVERED = "not_covered"
    """Coverage is inactive: the patient is estimated to owe the full charges."""
    NONE = "none"
    """Coverage is undetermined: nothing can be estimated, and no figure is made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedService:
    """A service the visit is booked for, with its price; 0 cents when no price is known."""

    procedure: str
    units: int
    charge_cents: int


class AllowedBasis(StrEnum):
    """Where an allowed amount comes from."""

    CONTRACT = "contract"
    HISTORY = "history"
    """What this payer allowed of late for the procedure."""
    CHARGE = "charge"
    """Nothing is known: the full charge stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateCharge:
    """One planned service. `allowed_cents` is what the payer will allow, None if unknown; `how` says who says so."""

    line_id: str
    charge_cents: int
    allowed_cents: int | None = None
    basis: AllowedBasis = AllowedBasis.CHARGE
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateStep:
    """One term of the estimate, in the order in which it was worked out."""

    what: str
    cents: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientEstimate:
    """What the patient will probably owe, and how that was worked out.

    `steps` sum to `patient_cents`, `allowed` to `allowed_cents`: line by line, with who says so. `gaps` name what the
    payer or the contract did not say; with a gap the estimate is not complete and must be shown as such.
    """

    basis: EstimateBasis
    patient_cents: int | None
    allowed_cents: int
    allowed: tuple[EstimateStep, ...] = ()
    steps: tuple[EstimateStep, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Nothing had to be assumed."""
        return self.patient_cents is not None and not self.gaps


def estimate(
    result: EligibilityResult,
    charges: Iterable[EstimateCharge],
    *,
    network: Network = Network.IN,
) -> PatientEstimate:
    """Estimate the patient's share of planned services.

    Copay once per visit; then the deductible that remains; then coinsurance on the rest; all of it
    bounded by the out-of-pocket amount that remains. Many plans have a copay or a coinsurance, not
    both, and no limit: one of the two is enough. Whatever else is not stated, or is ambiguous,
    counts as nothing and is named as a gap.

    Raises
    ------
    MoneyError
        If a charge is negative.
    """
    services = tuple(charges)
    for one in services:
        if one.charge_cents < 0 or (one.allowed_cents or 0) < 0:
            raise MoneyError("charge_negative", subject=one.line_id)
    charged_cents = sum(one.charge_cents for one in services)
    if result.state is CoverageState.UNDETERMINED:
        return PatientEstimate(
            basis=EstimateBasis.NONE,
            patient_cents=None,
            allowed_cents=0,
            gaps=("coverage_undetermined",),
        )
    if result.state is CoverageState.INACTIVE:
        step = EstimateStep(what="full_charges", cents=charged_cents, how="coverage is inactive")
        return PatientEstimate(
            basis=EstimateBasis.NOT_COVERED,
            patient_cents=charged_cents,
            allowed_cents=charged_cents,
            steps=(step,),
        )
    return _estimate_covered(result, services, network)


def _estimate_covered(
    result: EligibilityResult, services: tuple[EstimateCharge, ...], network: Network
) -> PatientEstimate:
    allowed = tuple(_allowed(one) for one in services)
    allowed_cents = sum(step.cents for step in allowed)
    gaps = [f"no_contract_amount:{one.line_id}" for one in services if one.allowed_cents is None]

    def find(kind: BenefitKind, period: BenefitPeriod | None = None) -> BenefitChoice:
        return choose_benefit(
            result.benefits,
            kind,
            service_type=result.service_type,
            network=network,
            period=period,
        )

    chosen = {
        "copay": find(BenefitKind.COPAY),
        "deductible_remaining": find(BenefitKind.DEDUCTIBLE, BenefitPeriod.REMAINING),
        "coinsurance": find(BenefitKind.COINSURANCE),
        "out_of_pocket_remaining": find(BenefitKind.OUT_OF_POCKET, BenefitPeriod.REMAINING),
    }
    gaps.extend(_gaps(chosen))
    copay = chosen["copay"].benefit
    deductible = chosen["deductible_remaining"].benefit
    coinsurance = chosen["coinsurance"].benefit
    limit = chosen["out_of_pocket_remaining"].benefit

    copay_cents = min(_cents(copay), allowed_cents)
    deductible_cents = min(_cents(deductible), allowed_cents - copay_cents)
    rest_cents = allowed_cents - copay_cents - deductible_cents
    rate = coinsurance.rate if coinsurance and coinsurance.rate is not None else Decimal(0)
    coinsurance_cents = int((rest_cents * rate).to_integral_value(ROUND_HALF_UP))
    steps = [
        EstimateStep(what="copay", cents=copay_cents, how="once per visit"),
        EstimateStep(
            what="deductible",
            cents=deductible_cents,
            how=f"up to {dollars(_cents(deductible))} that remains",
        ),
        EstimateStep(
            what="coinsurance",
            cents=coinsurance_cents,
            how=f"{(rate * 100).normalize():f}% of the {dollars(rest_cents)} that is left",
        ),
    ]
    patient_cents = sum(step.cents for step in steps)
    if limit is not None and limit.amount_cents is not None:
        over_cents = max(0, patient_cents - limit.amount_cents)
        if over_cents:
            steps.append(
                EstimateStep(
                    what="out_of_pocket_limit",
                    cents=-over_cents,
                    how=f"no more than {dollars(limit.amount_cents)} remains to be paid",
                )
            )
            patient_cents -= over_cents
    return PatientEstimate(
        basis=EstimateBasis.BENEFITS,
        patient_cents=patient_cents,
        allowed_cents=allowed_cents,
        allowed=allowed,
        steps=tuple(step for step in steps if step.cents),
        gaps=tuple(gaps),
    )


def _allowed(service: EstimateCharge) -> EstimateStep:
    if service.allowed_cents is None:
        how = "full charge: neither a contract nor enough history"
        return EstimateStep(what=service.line_id, cents=service.charge_cents, how=how)
    how = service.how or service.basis.value
    return EstimateStep(what=service.line_id, cents=service.allowed_cents, how=how)


def _gaps(chosen: Mapping[str, BenefitChoice]) -> Iterable[str]:
    for name, choice in chosen.items():
        if choice.why_not == "ambiguous":
            yield f"{name}_ambiguous"
    if chosen["deductible_remaining"].why_not == "not_stated":
        yield "deductible_remaining_not_stated"
    if {chosen["copay"].why_not, chosen["coinsurance"].why_not} == {"not_stated"}:
        yield "cost_share_not_stated"


def _cents(benefit: Benefit | None) -> int:
    return benefit.amount_cents or 0 if benefit else 0
