"""The protocol as a model in Promela, checked by Spin where Spin and a C compiler are installed."""

import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

MODEL = Path(__file__).parent / "model" / "submission.pml"
SPIN = shutil.which("spin")

pytestmark = pytest.mark.skipif(
    not (SPIN and shutil.which("gcc")),
    reason="Spin and a C compiler are not installed (Debian and Ubuntu: apt install spin gcc)",
)


@pytest.mark.parametrize(("key", "list_"), [*product((0, 1), repeat=2)])
@pytest.mark.parametrize("claim", ["safe", "ends"])
def test_the_protocol_holds_with_any_combination_of_promises(
    claim: str, key: int, list_: int, tmp_path: Path
) -> None:
    assert "errors: 0" in _checked(claim, tmp_path, f"-DKEY={key}", f"-DLIST={list_}")


@pytest.mark.parametrize("guard", ["COMPARE_AND_SET", "SETTLING", "PROOF"])
def test_the_model_fails_without_any_of_its_guards(guard: str, tmp_path: Path) -> None:
    list_only = ("-DKEY=0", f"-DLIST={int(guard != 'PROOF')}")

    assert "errors: 1" in _checked("safe", tmp_path, *list_only, f"-DWITHOUT_{guard}")


def _checked(claim: str, folder: Path, *promises: str) -> str:
    """What Spin says of one property; it searches every state, for circles too and fairly."""
    search = ["-search", "-a", "-f", "-m100000", "-ltl", claim]
    ran = subprocess.run(
        [str(SPIN), *promises, *search, str(MODEL)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr
