"""Which stacks a deployment has, and what each passes to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.audit_stack import AuditStack
from infra.billing_stack import BillingStack
from infra.data_stack import DataStack
from infra.governance_stack import GovernanceStack
from infra.network_stack import NetworkStack
from infra.observability_stack import ObservabilityStack
from infra.rules_stack import RulesStack
from infra.sftp_stack import SftpStack

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import DeploymentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """The stacks of one deployment; the emulator has neither network nor governance."""

    data: DataStack
    audit: AuditStack
    rules: RulesStack
    network: NetworkStack | None
    billing: BillingStack
    observability: ObservabilityStack
    governance: GovernanceStack | None
    sftp: SftpStack | None


def add_stacks(scope: Construct, settings: DeploymentSettings) -> Stacks:
    """Add every stack of a deployment below a scope."""
    data = DataStack(scope, "Data", settings=settings)
    audit = AuditStack(scope, "Audit", settings=settings)
    rules = RulesStack(scope, "Rules", settings=settings)
    network = None if settings.is_local else NetworkStack(scope, "Network", settings=settings)
    billing = BillingStack(
        scope,
        "Billing",
        settings=settings,
        data=data,
        audit=audit,
        rules=rules,
        network=network.functions if network else None,
    )
    observability = ObservabilityStack(
        scope, "Observability", settings=settings, data=data, billing=billing
    )
    governance = (
        None
        if settings.is_local
        else GovernanceStack(
            scope, "Governance", settings=settings, data=data, audit=audit, billing=billing
        )
    )
    sftp = SftpStack(scope, "Sftp", settings=settings, data=data) if settings.sftp_users else None
    return Stacks(
        data=data,
        audit=audit,
        rules=rules,
        network=network,
        billing=billing,
        observability=observability,
        governance=governance,
        sftp=sftp,
    )
