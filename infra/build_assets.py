"""Build what the functions are deployed from: one zip for each function, one for the layer.

    python -m infra.build_assets local      # for the interpreter running this
    python -m infra.build_assets prod       # for Lambda: arm64, Python 3.13

A function's zip holds ``functions/billing``, its own step and nothing of any other step, so
editing one step changes one asset. Every module is compiled with *unchecked-hash* bytecode:
Lambda's code folder is read-only and the zips carry no dates, so ordinary bytecode would be
taken as stale and compiled anew at every cold start. The same inputs give the same bytes,
and what has not changed is not built again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.catalogue import FUNCTIONS
from infra.settings import PROJECT_ROOT, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORM = "aarch64-manylinux_2_28"
LAYER_ZIP = "layer.zip"
FUNCTIONS_FOLDER = "functions"

# The clients the adapters may make. botocore ships the models of every AWS service, 20 times
# all the rest of the layer; an adapter that needs one more service adds it here.
AWS_SERVICES = frozenset(
    {
        "appconfig",
        "appconfigdata",
        "dynamodb",
        "events",
        "kms",
        "s3",
        "secretsmanager",
        "sqs",
        "ssm",
        "stepfunctions",
        "sts",
    }
)

# A zip can hold no date before 1980, and a fixed one keeps the bytes reproducible.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FORMAT_VERSION = "4"


class BuildError(RuntimeError):
    """An asset cannot be built here; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTarget:
    """The interpreter the assets are for.

    Attributes
    ----------
    python
        Interpreter that compiles the bytecode: the same minor version as the one that runs it.
    version
        That minor version, as in ``3.13``.
    platform
        What the wheels are for, in uv's words, or ``None`` for this machine.
    """

    python: Path
    version: str
    platform: str | None


def build(stage: Stage, *, root: Path = PROJECT_ROOT, python: Path | None = None) -> Path:
    """Build every asset of a stage under ``build/<stage>`` and return that folder.

    Parameters
    ----------
    python
        Interpreter that compiles for Lambda, where it is not found by itself.

    Raises
    ------
    BuildError
        When the interpreter, uv or a function's folder is missing.
    """
    target = build_target(stage, python=python)
    output = root / "build" / stage
    output.mkdir(parents=True, exist_ok=True)
    build_functions(target, root=root, output=output)
    build_layer(target, root=root, output=output)
    return output


def build_target(stage: Stage, *, python: Path | None = None) -> BuildTarget:
    """Choose the interpreter: this one for the emulator, Lambda's for the rest.

    Raises
    ------
    BuildError
        When Lambda's Python version is not on this machine, or the one given is another.
    """
    if stage is Stage.LOCAL:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return BuildTarget(python=Path(sys.executable), version=version, platform=None)
    found = subprocess.run(  # noqa: S603 - our own arguments
        [_uv(), "python", "find", "--no-python-downloads", str(python or LAMBDA_PYTHON)],
        capture_output=True,
        text=True,
        check=False,
    )
    python = Path(found.stdout.strip())
    if found.returncode != 0 or _version_of(python) != LAMBDA_PYTHON:
        message = (
            f"Python {LAMBDA_PYTHON} is needed to compile for Lambda: "
            "install it, or name it with --python."
        )
        raise BuildError(message)
    return BuildTarget(python=python, version=LAMBDA_PYTHON, platform=LAMBDA_PLATFORM)


def build_functions(target: BuildTarget, *, root: Path, output: Path) -> list[str]:
    """Write one zip for each function of the catalogue; return the names that were built.

    Raises
    ------
    BuildError
        When a function of the catalogue has no folder.
    """
    source = root / FUNCTIONS_FOLDER
    shared = _python_files(source / "billing")
    wanted = {
        entry.name: [source / "__init__.py", *shared, *_python_files(source / entry.name)]
        for entry in FUNCTIONS
    }
    missing = [entry.name for entry in FUNCTIONS if not (source / entry.name).is_dir()]
    if missing:
        message = f"No folder under {FUNCTIONS_FOLDER}/ for: {', '.join(missing)}."
        raise BuildError(message)
    destination = output / FUNCTIONS_FOLDER
    destination.mkdir(parents=True, exist_ok=True)
    digest_of = {path: _digest_file(path) for path in sorted({*_flatten(wanted.values())})}
    stale = {
        name: digest
        for name, files in wanted.items()
        if (digest := _digest(target, root, files, digest_of))
        != _read_mark(destination / f"{name}.zip")
    }
    if not stale:
        return []
    with tempfile.TemporaryDirectory(prefix="billing-assets-") as scratch:
        staged = Path(scratch)
        for path in sorted({*_flatten(wanted[name] for name in stale)}):
            copy = staged / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        _compile(target, staged)
        for name, digest in stale.items():
            files = [staged / path.relative_to(root) for path in wanted[name]]
            _write_zip(destination / f"{name}.zip", staged, _with_bytecode(files))
            _write_mark(destination / f"{name}.zip", digest)
    for leftover in destination.glob("*.zip"):
        if leftover.stem not in wanted:
            leftover.unlink()
    return sorted(stale)


def build_layer(target: BuildTarget, *, root: Path, output: Path) -> bool:
    """Write the dependency layer from ``uv.lock``; return whether it had to be built.

    Raises
    ------
    BuildError
        When uv cannot be run or cannot find a wheel.
    """
    lock = root / "uv.lock"
    destination = output / LAYER_ZIP
    digest = hashlib.sha256(
        "\n".join(
            [
                _FORMAT_VERSION,
                target.version,
                target.platform or platform.platform(),
                ",".join(sorted(AWS_SERVICES)),
                _digest_file(lock),
                _digest_file(root / "pyproject.toml"),
            ]
        ).encode()
    ).hexdigest()
    if _read_mark(destination) == digest:
        return False
    with tempfile.TemporaryDirectory(prefix="billing-layer-") as scratch:
        staged = Path(scratch)
        _install_dependencies(target, root=root, staged=staged)
        _prune(staged / "python")
        _compile(target, staged)
        _write_zip(destination, staged, _files_under(staged / "python"))
    _write_mark(destination, digest)
    return True


def _install_dependencies(target: BuildTarget, *, root: Path, staged: Path) -> None:
    requirements = staged / "requirements.txt"
    _run(
        _uv(),
        *("export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project"),
        *("--no-header", "--output-file", str(requirements)),
        cwd=root,
    )
    platform_options = ["--python-platform", target.platform] if target.platform else []
    _run(
        _uv(),
        *("pip", "install", "--quiet", "--requirements", str(requirements)),
        *("--target", str(staged / "python"), "--python", str(target.python)),
        *("--python-version", target.version, *platform_options),
        *("--only-binary", ":all:", "--no-deps", "--link-mode", "copy"),
        cwd=root,
    )
    requirements.unlink()


def _prune(site: Path) -> None:
    """Leave out what no function can reach: models of other services, scripts, type stubs."""
    for data in (site / "botocore" / "data", site / "boto3" / "data"):
        for folder in data.iterdir():
            if folder.is_dir() and folder.name not in AWS_SERVICES:
                shutil.rmtree(folder)
    # Extensions of the expression language that no rule is given.
    shutil.rmtree(site / "cel_expr_python" / "ext", ignore_errors=True)
    shutil.rmtree(site / "bin", ignore_errors=True)
    for unneeded in [*site.rglob("*.pyi"), *site.rglob("*.pyx"), site / ".lock"]:
        unneeded.unlink(missing_ok=True)
    for cache in list(site.rglob("__pycache__")):
        shutil.rmtree(cache)


def _compile(target: BuildTarget, folder: Path) -> None:
    """Compile everything below a folder; a module that does not compile stops the build."""
    # Paths inside the bytecode are relative, so a traceback names the file and not this machine.
    _run(
        str(target.python),
        *("-m", "compileall", "-q", "-j", "0", "-s", str(folder)),
        *("--invalidation-mode", "unchecked-hash", str(folder)),
        cwd=folder,
    )


def _with_bytecode(files: Iterable[Path]) -> Iterator[Path]:
    for file in files:
        yield file
        yield from file.parent.glob(f"__pycache__/{file.stem}.*.pyc")


def _write_zip(destination: Path, root: Path, files: Iterable[Path]) -> None:
    unfinished = destination.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), date_time=_ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.suffix == ".so" else 0o644) << 16
            archive.writestr(entry, path.read_bytes())
    unfinished.replace(destination)


def _python_files(folder: Path) -> list[Path]:
    return [path for path in _files_under(folder) if path.suffix in {".py", ".json", ".csv"}]


def _files_under(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and (path.suffix == ".pyc" or "__pycache__" not in path.parts)
    )


def _flatten(groups: Iterable[Sequence[Path]]) -> Iterator[Path]:
    for group in groups:
        yield from group


def _digest(
    target: BuildTarget, root: Path, files: Sequence[Path], digest_of: dict[Path, str]
) -> str:
    lines = [_FORMAT_VERSION, target.version]
    lines += [f"{path.relative_to(root).as_posix()} {digest_of[path]}" for path in sorted(files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digest_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _mark_of(archive: Path) -> Path:
    return archive.with_suffix(".built.json")


def _read_mark(archive: Path) -> str | None:
    mark = _mark_of(archive)
    if not archive.is_file() or not mark.is_file():
        return None
    inputs = json.loads(mark.read_text()).get("inputs")
    return inputs if isinstance(inputs, str) else None


def _write_mark(archive: Path, digest: str) -> None:
    _mark_of(archive).write_text(json.dumps({"inputs": digest}) + "\n")


def _version_of(python: Path) -> str:
    told = subprocess.run(  # noqa: S603 - an interpreter uv found
        [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip()


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        message = "uv is needed to build the dependency layer: install it with pip install uv."
        raise BuildError(message)
    return found


def _run(*command: str, cwd: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        message = f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}"
        raise BuildError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the assets of the stage named on the command line."""
    parser = argparse.ArgumentParser(description="Build the assets of one stage.")
    parser.add_argument("stage", type=Stage, choices=list(Stage))
    parser.add_argument("--root", type=Path, default=PROJECT_ROOT, help="the project's folder")
    parser.add_argument("--python", type=Path, help=f"a Python {LAMBDA_PYTHON}, for prod")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    try:
        output = build(options.stage, root=options.root, python=options.python)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Assets in {output}, {time.perf_counter() - started:.1f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
