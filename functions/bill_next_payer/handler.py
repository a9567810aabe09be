"""Make the claim a next payer gets, with the answer of the one before."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.bill_next_payer import BillNextPayer
from functions.billing.usecases.bill_next_payer import bill_next_payer as use_case


@billing_step(command=BillNextPayer)
def lambda_handler(command: BillNextPayer, cause: Cause, deps: Dependencies) -> Outcome:
    """Make the claim a next payer gets, with the answer of the one before."""
    return use_case(
        command, cause, records=deps.records, rule_sets=deps.rule_sets, clock=deps.clock
    )
