"""A visit's estimate: what the patient will probably owe, from the payer's answer and what it allows.

What the payer allows comes from its contract; where there is none, from what it allowed of late for the procedure.
"""

from dataclasses import dataclass
from datetime import date

from functions.billing.domain.eligibility.allowed import AllowedSample, median_allowed_cents
from functions.billing.domain.eligibility.benefits import (
    AllowedBasis,
    EstimateCharge,
    PatientEstimate,
    PlannedService,
    estimate,
)
from functions.billing.domain.eligibility.coverages import Visit
from functions.billing.domain.eligibility.records import EligibilityResult
from functions.billing.domain.records import Charge, Coverage
from functions.billing.domain.rules.policy import PayerPolicies
from functions.billing.ports import Records


@dataclass(frozen=True, slots=True)
class Estimating:
    """Estimates by the policies active now and the payers' newest answers about money."""

    records: Records
    policies: PayerPolicies

    def of_visit(
        self, visit: Visit, coverage: Coverage, answer: EligibilityResult
    ) -> PatientEstimate:
        """The patient's share of what a visit is booked for."""
        payer_id = coverage.payer.payer_id
        on = visit.starts_at.date() if visit.starts_at else answer.service_date
        charges = tuple(
            self._charge(payer_id, service, str(position), on)
            for position, service in enumerate(visit.planned, start=1)
        )
        return estimate(answer, charges)

    def _charge(
        self, payer_id: str, service: PlannedService, line_id: str, on: date
    ) -> EstimateCharge:
        policy = self.policies.of(payer_id)
        contract = policy.contract_on(on) if policy else None
        if contract:
            line = Charge(
                line_id=line_id,
                procedure=service.procedure,
                charge_cents=service.charge_cents,
                units=service.units,
                service_date=on,
            )
            return EstimateCharge(
                line_id=line_id,
                charge_cents=service.charge_cents,
                allowed_cents=contract.allowed_cents(line),
                basis=AllowedBasis.CONTRACT,
                how=f"contract {contract.version}",
            )
        return self._by_history(payer_id, service, line_id, on)

    def _by_history(
        self, payer_id: str, service: PlannedService, line_id: str, on: date
    ) -> EstimateCharge:
        samples = [
            sample
            for month in AllowedSample.months_before(on)
            for sample in self.records.under(
                AllowedSample, AllowedSample.partition_of(payer_id, service.procedure), month
            )
        ]
        median_cents = median_allowed_cents(samples)
        if median_cents is None:
            return EstimateCharge(line_id=line_id, charge_cents=service.charge_cents)
        return EstimateCharge(
            line_id=line_id,
            charge_cents=service.charge_cents,
            allowed_cents=min(median_cents * service.units, service.charge_cents),
            basis=AllowedBasis.HISTORY,
            how=f"median of {len(samples)} answers of this payer",
        )
