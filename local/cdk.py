"""The CDK command line: synthesize what is deployed, bootstrap, deploy.

The cloud assembly is kept, as the built assets are, and made again only when something it is made of has changed.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws import REGION, ROOT_KEY
from local.errors import LocalCloudError
from local.processes import interpreter, run

# What the app reads: its code, its workflows, its tools, and the marks of the assets that were built.
_READ = (
    *("app.py", "cdk.json", "uv.lock", "package-lock.json"),
    *("infra/**/*.py", "statemachines/**/*", "build/local/**/*.built.json"),
)


def tool_path(root: Path) -> str:
    """The search path on which this project's own tools come first."""
    tools = (Path(interpreter()).parent, root / "node_modules" / ".bin")
    return os.pathsep.join([*map(str, tools), os.environ.get("PATH", "/usr/bin:/bin")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdk:
    """The command line for one checkout; its output goes to a file of its own for each command.

    Raises
    ------
    LocalCloudError
        By every method: if the tools are not installed, or the command fails.
    """

    root: Path
    logs: Path

    def assembly(self, folder: Path, context: Mapping[str, str]) -> Path:
        """The app's assembly with this context, in a subfolder; those that went before are removed."""
        kept = folder / self._digest(context)
        if kept.exists():
            return kept
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = Path(tempfile.mkdtemp(dir=folder))
        settings = [part for item in context.items() for part in ("-c", "=".join(item))]
        self._run("synth", "--all", "--quiet", "-o", str(made), *settings)
        # One that was broken off half way has no name that anyone would look for.
        return made.rename(kept)

    def bootstrap(self, account: str, endpoint: str, empty: Path) -> None:
        """Prepare an account, from an empty folder: beside cdk.json the app would be synthesized first."""
        empty.mkdir()
        self._run("bootstrap", f"aws://{account}/{REGION}", endpoint=endpoint, folder=empty)

    def deploy(self, assembly: Path, endpoint: str, outputs: Path) -> dict[str, Any]:
        """Deploy all stacks of an assembly; their outputs."""
        self._run(
            *("deploy", "--all", "--app", str(assembly)),
            *("--require-approval", "never", "--method", "direct"),
            *("--concurrency", "3", "--asset-parallelism"),
            *("--outputs-file", str(outputs)),
            endpoint=endpoint,
        )
        found: dict[str, Any] = json.loads(outputs.read_text())
        return found

    def _run(self, *command: str, endpoint: str = "", folder: Path | None = None) -> None:
        run(
            f"cdk {command[0]}",
            [self._tool(), *command, "--ci"],
            log=self.logs / f"{command[0]}.log",
            environment=self._environment(endpoint),
            folder=folder or self.root,
        )

    def _tool(self) -> str:
        found = shutil.which("cdk", path=str(self.root / "node_modules" / ".bin"))
        if found is None or shutil.which("node", path=tool_path(self.root)) is None:
            raise LocalCloudError(
                "The CDK command line is not installed.", advice="Run: make setup"
            )
        return found

    def _environment(self, endpoint: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            **(_account_at(endpoint) if endpoint else {}),
            "PATH": tool_path(self.root),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        }

    def _digest(self, context: Mapping[str, str]) -> str:
        return hashlib.sha256("\n".join(self._inputs(context)).encode()).hexdigest()[:16]

    def _inputs(self, context: Mapping[str, str]) -> Iterator[str]:
        yield json.dumps([interpreter(), dict(context)], sort_keys=True)
        for pattern in _READ:
            for path in sorted(filter(Path.is_file, self.root.glob(pattern))):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                yield f"{path.relative_to(self.root).as_posix()} {content}"


def _account_at(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    }
