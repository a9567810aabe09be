"""The package stands alone, and loads only what is asked of it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from functions.billing import x12

FOLDER = Path(x12.__file__).parent
ROOT = FOLDER.parents[2]


def test_only_the_standard_library_is_imported() -> None:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                assert name.partition(".")[0] in sys.stdlib_module_names, (path.name, name)


def test_every_public_name_is_there() -> None:
    for name in dir(x12):
        assert getattr(x12, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(x12, "read_fax")


def test_importing_the_package_loads_none_of_its_transactions() -> None:
    program = (
        "import sys, functions.billing.x12\n"
        "print([m for m in sys.modules if m.startswith('functions.billing.x12.')])\n"
        "from functions.billing.x12 import stream_835\n"
        "print('functions.billing.x12.benefits_271' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["[]", "False"]


def test_every_field_of_every_model_says_which_element_it_is() -> None:
    for path in FOLDER.glob("*.py"):
        tree = ast.parse(path.read_text())
        for found in (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)):
            for here, following in zip(found.body, [*found.body[1:], None], strict=True):
                if not isinstance(here, ast.AnnAssign) or not isinstance(here.value, ast.Call):
                    continue
                if ast.unparse(here.target).startswith("_"):
                    continue
                documented = isinstance(following, ast.Expr) and isinstance(
                    following.value, ast.Constant
                )
                assert documented, f"{path.name}: {found.name}.{ast.unparse(here.target)}"
