"""Read the exceptions made in a template, and write the record of them.

python -m tests.infrastructure.acknowledgements
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.settings import Stage
from tests.infrastructure.synthesis import synthesize

if TYPE_CHECKING:
    from tests.infrastructure.synthesis import Synthesis

# CDK excuses constructs of its own from its own validator.
MADE_BY_CDK = "CloudFormation-Validate::"
GOLDEN = Path(__file__).with_name("acknowledgements.golden.json")


def acknowledgements_in(synthesis: Synthesis) -> list[dict[str, Any]]:
    """One entry for each decision (a rule and a reason), with the resources it covers."""
    decisions: dict[tuple[str, str], list[str]] = defaultdict(list)
    for resource in synthesis.resources():
        nag = resource.attributes.get("Metadata", {}).get("cdk_nag", {})
        for rule in nag.get("rules_to_suppress", []):
            if rule["id"].startswith(MADE_BY_CDK):
                continue
            decisions[rule["id"], rule["reason"]].append(resource.path)
    return [
        {"rule": rule, "reason": reason, "resources": sorted(paths)}
        for (rule, reason), paths in sorted(decisions.items())
    ]


def main() -> None:
    """Write the record anew."""
    with tempfile.TemporaryDirectory() as folder:
        production = synthesize(Stage.PROD, Path(folder), checked=True)
    entries = acknowledgements_in(production)
    GOLDEN.write_text(json.dumps(entries, indent=2) + "\n")
    sys.stdout.write(f"{len(entries)} acknowledgements in {GOLDEN.name}\n")


if __name__ == "__main__":
    main()
