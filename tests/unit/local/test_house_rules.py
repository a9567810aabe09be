"""The contracts of the house name what is there: a new step cannot escape them by being new."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = PYPROJECT["tool"]["importlinter"]["contracts"]


def _contract(name: str) -> dict[str, object]:
    return next(one for one in CONTRACTS if one["name"] == name)


def test_every_step_is_held_apart_from_every_other() -> None:
    layers = _contract("Steps use billing, never one another")["layers"]
    assert isinstance(layers, list)
    named = set(re.findall(r"functions\.(\w+)", str(layers[0])))

    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert named == folders


def test_the_product_and_the_payer_simulator_are_strangers() -> None:
    contract = _contract("The payer simulator and the product share no line of code")

    assert contract["type"] == "independence"
    assert contract["modules"] == ["functions", "local.payer_simulator"]


def test_every_target_of_the_makefile_says_what_it_is_for() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None

    described = set(re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE))

    assert set(phony[1].split()) == described


def test_continuous_integration_runs_the_readme_s_test_command_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    commands = [
        line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))
    ]

    assert commands == ["exec make test"]
