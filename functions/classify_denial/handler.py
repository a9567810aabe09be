"""Give a denial its class, by the active table."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.classify_denial import ClassifyDenial
from functions.billing.usecases.classify_denial import classify_denial as use_case


@billing_step(command=ClassifyDenial)
def lambda_handler(command: ClassifyDenial, cause: Cause, deps: Dependencies) -> Outcome:
    """Give a denial its class, by the active table."""
    return use_case(
        command,
        cause,
        records=deps.records,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
