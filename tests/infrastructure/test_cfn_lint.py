"""What CloudFormation itself would refuse, found without asking it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

if TYPE_CHECKING:
    from tests.infrastructure.synthesis import Synthesis

# CDK writes a function's dependency on its role twice.
IGNORED = ["W3005"]


@pytest.mark.parametrize(
    "stack", ["data", "audit", "network", "billing", "observability", "governance"]
)
def test_cloudformation_would_take_the_template(production: Synthesis, stack: str) -> None:
    template = production.folder / f"{stack.capitalize()}.template.json"

    matches = lint_file(template, config=ManualArgs(regions=["us-east-1"], ignore_checks=IGNORED))

    assert [f"{match.rule.id} {match.message}" for match in matches] == []
