"""Look for stuck claims, unposted money and a ledger that does not add up."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.observability import show_count
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.check_reconciliation import CheckReconciliation
from functions.billing.usecases.check_reconciliation import check_reconciliation as use_case


@billing_step(command=CheckReconciliation)
def lambda_handler(command: CheckReconciliation, cause: Cause, deps: Dependencies) -> Outcome:
    """Look for stuck claims, unposted money and a ledger that does not add up."""
    outcome = use_case(
        command, cause, records=deps.records, rule_sets=deps.rule_sets, clock=deps.clock
    )
    show_count("check_reconciliation", "ClaimsSilent", int(str(outcome["claims_silent"])))
    return outcome
