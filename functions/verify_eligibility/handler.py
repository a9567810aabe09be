"""Verify a visit's coverages with their payers."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.verify_eligibility import EligibilityPorts, VerifyEligibility
from functions.billing.usecases.verify_eligibility import verify_eligibility as use_case


@billing_step(command=VerifyEligibility)
def lambda_handler(command: VerifyEligibility, cause: Cause, deps: Dependencies) -> Outcome:
    """Verify a visit's coverages with their payers."""
    ports = EligibilityPorts(
        records=deps.records,
        intake=deps.intake,
        clearinghouse=deps.clearinghouse,
        control_numbers=deps.control_numbers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
