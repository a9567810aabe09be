"""Judge one staged claim by the active rule set."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.scrub_claim import ScrubClaim
from functions.billing.usecases.scrub_claim import scrub_claim as use_case


@billing_step(command=ScrubClaim)
def lambda_handler(command: ScrubClaim, cause: Cause, deps: Dependencies) -> Outcome:
    """Judge one staged claim by the active rule set."""
    return use_case(
        command,
        cause,
        records=deps.records,
        rule_sets=deps.rule_sets,
        code_tables=deps.code_tables,
        clock=deps.clock,
    )
