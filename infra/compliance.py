"""The rule packs every production deployment must pass, and how an exception is recorded.

A finding stops the synthesis. Where a rule cannot or should not hold, the exception stands on
the one resource it is about, next to the code that makes it, with its reason. The tests hold
the whole list in ``tests/infrastructure/acknowledgements.golden.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, CfnResource, Validations
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    ServerlessChecks,
)

if TYPE_CHECKING:
    from aws_cdk import App
    from constructs import IConstruct


def add_checks(app: App) -> None:
    """Check every stack of an app against the four packs when it is synthesized."""
    Validations.of(app).add_plugins(
        # Writing the exceptions into the template shows them to whoever reads the stack.
        AwsSolutionsChecks(app, write_suppressions_to_cloud_formation=True),
        HIPAASecurityChecks(app),
        ServerlessChecks(app),
        NIST80053R5Checks(app),
    )


def acknowledge(construct: IConstruct, *rules: str, reason: str) -> None:
    """Record why rules do not hold for one resource.

    Parameters
    ----------
    construct
        The resource, or the construct whose main resource it is.
    rules
        Rule ids; a rule with findings needs one id for each finding, in square brackets.

    Raises
    ------
    TypeError
        When the construct has no resource of its own: an exception covers one resource only.
    """
    resource = construct.node.default_child or construct
    if not CfnResource.is_cfn_resource(resource):
        message = f"{construct.node.path} is not one resource."
        raise TypeError(message)
    for rule in rules:
        record_exception(resource, rule, reason)


def record_exception(resource: IConstruct, rule: str, reason: str) -> None:
    """Tell CDK that a rule does not hold for a resource."""
    Validations.of(resource).acknowledge(Acknowledgment(id=rule, reason=reason))


def in_hipaa_and_nist(rule: str) -> tuple[str, str]:
    """Name a rule that stands in both packs with the same words."""
    return f"HIPAA.Security-{rule}", f"NIST.800.53.R5-{rule}"
