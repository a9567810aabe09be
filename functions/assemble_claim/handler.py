"""Assemble the claims of an encounter from what the EHR has said of it."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.assemble_claim import AssembleClaim
from functions.billing.usecases.assemble_claim import assemble_claim as use_case


@billing_step(command=AssembleClaim)
def lambda_handler(command: AssembleClaim, cause: Cause, deps: Dependencies) -> Outcome:
    """Assemble the claims of an encounter from what the EHR has said of it."""
    return use_case(
        command,
        cause,
        records=deps.records,
        intake=deps.intake,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
