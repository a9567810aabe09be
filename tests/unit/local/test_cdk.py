import json
from pathlib import Path

import pytest

from local.cdk import Cdk
from local.errors import LocalCloudError

# Writes what it was asked into the assembly, and a line for each time it was asked.
_COMMAND = """#!/bin/sh
echo "$@" >> "$PWD/asked"
while [ "$1" != "-o" ]; do shift; done
echo made > "$2/manifest.json"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    tools = root / "node_modules" / ".bin"
    tools.mkdir(parents=True)
    for name in ("cdk", "node"):
        (tools / name).write_text(_COMMAND)
        (tools / name).chmod(0o755)
    (root / "infra").mkdir()
    (root / "infra" / "stack.py").write_text("queue = 1\n")
    return root


def _assembly(root: Path, context: dict[str, str]) -> Path:
    cdk = Cdk(root=root, logs=root / "logs")
    return cdk.assembly(root / "build" / "assembly", context)


def _times(root: Path) -> int:
    return len((root / "asked").read_text().splitlines())


def test_an_assembly_is_kept_as_long_as_nothing_it_is_made_of_changes(root: Path) -> None:
    first = _assembly(root, {"stage": "local"})
    again = _assembly(root, {"stage": "local"})

    assert again == first
    assert (first / "manifest.json").read_text() == "made\n"
    assert _times(root) == 1


@pytest.mark.parametrize("change", ["code", "asset", "context"])
def test_an_assembly_is_made_again_when_what_it_is_made_of_changes(root: Path, change: str) -> None:
    first = _assembly(root, {"stage": "local"})
    context = {"stage": "local"}
    if change == "code":
        (root / "infra" / "stack.py").write_text("queue = 2\n")
    elif change == "asset":
        mark = root / "build" / "local" / "functions" / "step.built.json"
        mark.parent.mkdir(parents=True)
        mark.write_text(json.dumps({"inputs": "other"}))
    else:
        context["connectors"] = "[]"

    second = _assembly(root, context)

    assert second != first
    assert not first.exists()
    assert _times(root) == 2


def test_a_synthesis_that_fails_leaves_nothing_that_would_be_deployed(root: Path) -> None:
    command = root / "node_modules" / ".bin" / "cdk"
    command.write_text("#!/bin/sh\necho 'no such queue' >&2\nexit 1\n")

    with pytest.raises(LocalCloudError, match="no such queue"):
        _assembly(root, {"stage": "local"})

    command.write_text(_COMMAND)
    assert (_assembly(root, {"stage": "local"}) / "manifest.json").exists()


def test_missing_tools_get_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="not installed"):
        _assembly(tmp_path, {"stage": "local"})
