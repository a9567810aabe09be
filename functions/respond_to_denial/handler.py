"""Respond to a classified denial: work, resubmission, re-verification or appeal."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.respond_to_denial import RespondToDenial
from functions.billing.usecases.respond_to_denial import respond_to_denial as use_case


@billing_step(command=RespondToDenial)
def lambda_handler(command: RespondToDenial, cause: Cause, deps: Dependencies) -> Outcome:
    """Respond to a classified denial: work, resubmission, re-verification or appeal."""
    return use_case(
        command,
        cause,
        records=deps.records,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
