"""What the build puts into the zips, on a small tree of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.build_assets import (
    AWS_SERVICES,
    BuildError,
    BuildTarget,
    build_functions,
    build_target,
    main,
)
from infra.catalogue import FUNCTIONS
from infra.settings import PROJECT_ROOT, Stage

UNCHECKED_HASH = 1
RUN_SCRUB_CLAIM = """
import sys
sys.path.insert(0, sys.argv[1])
from functions.scrub_claim.handler import lambda_handler
print(lambda_handler({}, None))
"""


@pytest.fixture(scope="module")
def target() -> BuildTarget:
    """The interpreter running this."""
    return build_target(Stage.LOCAL)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with every function of the catalogue and one shared module."""
    functions = tmp_path / "functions"
    (functions / "billing" / "domain").mkdir(parents=True)
    for folder in (functions, functions / "billing", functions / "billing" / "domain"):
        (folder / "__init__.py").touch()
    (functions / "billing" / "domain" / "money.py").write_text("CENTS_PER_DOLLAR = 100\n")
    for entry in FUNCTIONS:
        (functions / entry.name).mkdir()
        (functions / entry.name / "__init__.py").touch()
        (functions / entry.name / "handler.py").write_text(
            "from functions.billing.domain.money import CENTS_PER_DOLLAR\n\n"
            f"def lambda_handler(event, context):\n    return {entry.name!r}, CENTS_PER_DOLLAR\n"
        )
    return tmp_path


def contents(archive: Path) -> dict[str, bytes]:
    """Every file of a zip."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def built(tree: Path, name: str) -> Path:
    """The zip of one function."""
    return tree / "out" / "functions" / f"{name}.zip"


def test_each_zip_holds_shared_code_and_one_step(tree: Path, target: BuildTarget) -> None:
    build_functions(target, root=tree, output=tree / "out")

    for entry in FUNCTIONS:
        folders = {path.split("/")[1] for path in contents(built(tree, entry.name))}
        assert folders - {"__init__.py", "__pycache__"} == {"billing", entry.name}


def test_no_module_goes_without_bytecode_that_is_never_stale(
    tree: Path, target: BuildTarget
) -> None:
    build_functions(target, root=tree, output=tree / "out")

    files = contents(built(tree, "submit_claim"))
    modules = [Path(name) for name in files if name.endswith(".py")]
    assert len(modules) == 6
    for module in modules:
        compiled = (
            module.parent / "__pycache__" / (f"{module.stem}.{sys.implementation.cache_tag}.pyc")
        )
        header = files[compiled.as_posix()][:16]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH


def test_the_zip_runs_from_a_folder_nobody_can_write_to(tree: Path, target: BuildTarget) -> None:
    build_functions(target, root=tree, output=tree / "out")
    task_root = tree / "task"
    with zipfile.ZipFile(built(tree, "scrub_claim")) as archive:
        archive.extractall(task_root)

    answer = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            RUN_SCRUB_CLAIM,
            str(task_root),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert answer.stdout.strip() == "('scrub_claim', 100)"


def test_editing_one_step_changes_one_zip(tree: Path, target: BuildTarget) -> None:
    build_functions(target, root=tree, output=tree / "out")
    before = {entry.name: built(tree, entry.name).read_bytes() for entry in FUNCTIONS}

    with (tree / "functions" / "scrub_claim" / "handler.py").open("a") as handler:
        handler.write("# changed\n")
    again = build_functions(target, root=tree, output=tree / "out")

    assert again == ["scrub_claim"]
    changed = {name for name, body in before.items() if built(tree, name).read_bytes() != body}
    assert changed == {"scrub_claim"}


def test_editing_shared_code_changes_every_zip(tree: Path, target: BuildTarget) -> None:
    build_functions(target, root=tree, output=tree / "out")

    (tree / "functions" / "billing" / "domain" / "money.py").write_text("CENTS_PER_DOLLAR = 1\n")

    assert len(build_functions(target, root=tree, output=tree / "out")) == len(FUNCTIONS)


def test_what_has_not_changed_is_not_built_again(tree: Path, target: BuildTarget) -> None:
    build_functions(target, root=tree, output=tree / "out")

    assert build_functions(target, root=tree, output=tree / "out") == []


def test_the_same_inputs_give_the_same_bytes(tree: Path, target: BuildTarget) -> None:
    build_functions(target, root=tree, output=tree / "out")
    build_functions(target, root=tree, output=tree / "other")

    other = tree / "other" / "functions" / "submit_claim.zip"
    assert built(tree, "submit_claim").read_bytes() == other.read_bytes()


def test_a_function_without_a_folder_is_named(tree: Path, target: BuildTarget) -> None:
    folder = tree / "functions" / "submit_claim"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    with pytest.raises(BuildError, match="submit_claim"):
        build_functions(target, root=tree, output=tree / "out")


def test_a_module_that_does_not_compile_stops_the_build_in_one_line(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "functions" / "billing" / "domain" / "money.py").write_text("def broken(:\n")

    assert main(["local", "--root", str(tree)]) == 1
    error = capsys.readouterr().err
    assert "money.py" in error
    assert "Traceback" not in error


def test_the_layer_holds_the_models_of_the_services_the_adapters_call() -> None:
    called = set()
    for path in (PROJECT_ROOT / "functions").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for marker in ('client("', "client('"):
            for part in text.split(marker)[1:]:
                called.add(part[: part.find(marker[-1])])

    assert called
    assert called <= AWS_SERVICES


IMPORT_EACH = """
import importlib, pathlib, sys
layer, *roots = sys.argv[1:]
sys.path.insert(0, layer)
for root in roots:
    sys.path.insert(0, root)
    name = pathlib.Path(root).name
    handler = importlib.import_module(f"functions.{name}.handler")
    assert callable(handler.lambda_handler), name
    assert handler.__file__.startswith(root), handler.__file__
    sys.path.remove(root)
    for module in [each for each in sys.modules if each.split(".")[0] == "functions"]:
        del sys.modules[module]
"""


def test_every_built_handler_loads_from_its_zip_and_the_layer_alone(tmp_path: Path) -> None:
    """On the emulator a missing dependency hides: functions see its own packages there."""
    assets = PROJECT_ROOT / "build" / Stage.LOCAL
    if not (assets / "layer.zip").is_file():
        pytest.skip("the local assets have not been built")
    output = tmp_path / "out"
    build_functions(build_target(Stage.LOCAL), root=PROJECT_ROOT, output=output)
    with zipfile.ZipFile(assets / "layer.zip") as archive:
        archive.extractall(tmp_path / "layer")
    for entry in FUNCTIONS:
        with zipfile.ZipFile(output / "functions" / f"{entry.name}.zip") as archive:
            archive.extractall(tmp_path / entry.name)

    # -S leaves out site-packages, so nothing but the standard library, the layer and the zip.
    loaded = subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-c", IMPORT_EACH, str(tmp_path / "layer" / "python")),
            *(str(tmp_path / entry.name) for entry in FUNCTIONS),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1"},
    )

    assert loaded.returncode == 0, loaded.stderr
