"""Ask for, or agree to, the posting of a payment that does not balance."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.release_remittance import ReleaseRemittance
from functions.billing.usecases.release_remittance import release_remittance as use_case


@billing_step(command=ReleaseRemittance)
def lambda_handler(command: ReleaseRemittance, cause: Cause, deps: Dependencies) -> Outcome:
    """Ask for, or agree to, the posting of a payment that does not balance."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
