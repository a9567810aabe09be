"""Follow the clearinghouse's list and fetch what is not here yet."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.fetch_transactions import FetchingPorts, FetchTransactions
from functions.billing.usecases.fetch_transactions import fetch_transactions as use_case


@billing_step(command=FetchTransactions)
def lambda_handler(command: FetchTransactions, cause: Cause, deps: Dependencies) -> Outcome:
    """Follow the clearinghouse's list and fetch what is not here yet."""
    ports = FetchingPorts(
        records=deps.records,
        intake=deps.intake,
        transactions=deps.transactions,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
