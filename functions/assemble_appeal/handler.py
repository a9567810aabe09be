"""Gather an appeal's documents into a packet."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.assemble_appeal import AppealPorts, AssembleAppeal
from functions.billing.usecases.assemble_appeal import assemble_appeal as use_case


@billing_step(command=AssembleAppeal)
def lambda_handler(command: AssembleAppeal, cause: Cause, deps: Dependencies) -> Outcome:
    """Gather an appeal's documents into a packet."""
    ports = AppealPorts(
        records=deps.records,
        evidence=deps.evidence,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
