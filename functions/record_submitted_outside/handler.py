"""Take down that a person saw to a parked claim elsewhere."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.record_submitted_outside import RecordSubmittedOutside
from functions.billing.usecases.record_submitted_outside import record_submitted_outside as use_case


@billing_step(command=RecordSubmittedOutside)
def lambda_handler(command: RecordSubmittedOutside, cause: Cause, deps: Dependencies) -> Outcome:
    """Take down that a person saw to a parked claim elsewhere."""
    return use_case(
        command, cause, records=deps.records, rule_sets=deps.rule_sets, clock=deps.clock
    )
