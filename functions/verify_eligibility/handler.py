"""Verify a visit's coverages with their payers."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.observability import logger
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.checking import EligibilityPorts
from functions.billing.usecases.verify_eligibility import VerifyEligibility
from functions.billing.usecases.verify_eligibility import verify_eligibility as use_case


@billing_step(command=VerifyEligibility)
def lambda_handler(command: VerifyEligibility, cause: Cause, deps: Dependencies) -> Outcome:
    """Verify a visit's coverages with their payers."""
    ports = EligibilityPorts(
        records=deps.records,
        evidence=deps.evidence,
        intake=deps.intake,
        clearinghouse=deps.clearinghouse,
        control_numbers=deps.control_numbers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    verified = use_case(command, cause, ports)
    for check in verified.checks:
        logger.info("eligibility checked", check=check)
    return {"outcome": verified.outcome}
