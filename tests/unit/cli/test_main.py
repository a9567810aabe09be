import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main as command_line
from local.errors import LocalCloudError

ROOT = Path(__file__).parents[3]


def test_help_lists_every_command_and_loads_none_of_them() -> None:
    script = (
        "import sys; from cli.main import billing;"
        "billing.main(['--help'], standalone_mode=False);"
        "print([m for m in ('boto3','rich','functions.billing','pydantic') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )

    for name in ("demo", "up", "down", "x12", "claims", "claim", "work", "approve", "redrive"):
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("name", sorted(command_line.billing.list_commands(None)))  # type: ignore[arg-type]
def test_every_command_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(command_line.billing, [name, "--help"])

    assert answer.exit_code == 0
    assert "Usage:" in answer.output


def _run(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(command_line.billing, "main", fail)
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_known_trouble_is_one_line_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(monkeypatch, LocalCloudError("The bus refused it.", advice="Try again."))

    assert code == 1
    assert capsys.readouterr().err == "✗ The bus refused it. Try again.\n"


def test_a_defect_is_one_line_too_and_its_trace_goes_to_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "errors.log"
    monkeypatch.setattr(command_line, "_ERROR_LOG", log)

    code = _run(monkeypatch, ZeroDivisionError("secret value"))

    shown = capsys.readouterr().err
    assert code == 1
    assert "Traceback" not in shown
    assert "secret value" not in shown
    assert shown.count("\n") == 1
    assert "Traceback" in log.read_text()


def test_ctrl_c_ends_with_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, KeyboardInterrupt()) == 130
