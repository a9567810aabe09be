"""Move a version of a rule set: propose it, bring it nearer to claims, take it back."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.roll_out_rules import RollOutPorts, RollOutRules
from functions.billing.usecases.roll_out_rules import roll_out_rules as use_case


@billing_step(command=RollOutRules)
def lambda_handler(command: RollOutRules, cause: Cause, deps: Dependencies) -> Outcome:
    """Move a version of a rule set: propose it, bring it nearer to claims, take it back."""
    ports = RollOutPorts(
        records=deps.records, evidence=deps.evidence, roll_outs=deps.roll_outs, clock=deps.clock
    )
    return use_case(command, cause, ports)
