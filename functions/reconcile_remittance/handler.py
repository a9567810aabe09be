"""Close a payment: provider-level adjustments, totals, deposit."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.reconcile_remittance import ReconcileRemittance
from functions.billing.usecases.reconcile_remittance import reconcile_remittance as use_case


@billing_step(command=ReconcileRemittance)
def lambda_handler(command: ReconcileRemittance, cause: Cause, deps: Dependencies) -> Outcome:
    """Close a payment: provider-level adjustments, totals, deposit."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
