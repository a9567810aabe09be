"""Every call to AWS or a clearinghouse in the submission path is explored: a new one that is not fails here."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from infra.catalogue import WORKFLOWS
from tests.simulation.environments import ENVIRONMENTS
from tests.simulation.explorer import AT_EVERY_CALL, Fault
from tests.simulation.scenario import examine
from tests.simulation.subjects.submission import forgotten, held, in_turn

FUNCTIONS = Path(__file__).parents[2] / "functions"
USE_CASES = "functions.billing.usecases."
Site = tuple[str, int]

# What ports do outside of the process. Rule sets are asked everywhere and heard once, by whoever comes first.
PORTS = frozenset(
    {
        *("get", "under", "listed", "due", "remember", "commit"),
        *("keep", "put", "fetch", "open"),
        *("submit", "look_up", "next"),
    }
)
# What ports are called: plain data is asked by some of the same words.
NAMES = frozenset({"records", "evidence", "intake", "connection", "control_numbers"})


# What gives an iterator asks when it is first read, somewhere further down.
LAZY = frozenset({"listed", "due"})


def test_every_call_of_the_submission_path_is_explored_with_every_fault() -> None:
    explored = _explored()

    uncovered = [
        f"{module}:{lines.start}"
        for module, lines in _calls_in_the_code()
        if not any(set(AT_EVERY_CALL) <= explored[module, line] for line in lines)
    ]

    assert uncovered == []


def test_whatever_the_exploration_calls_was_read_from_the_code() -> None:
    """Else the test above would prove nothing: what it reads must be what runs."""
    read = {(module, line) for module, lines in _calls_in_the_code() for line in lines}

    unread = [
        f"{module}:{line}"
        for module, line in _explored()
        if module.startswith("billing/usecases/") and (module, line) not in read
        if ".active(" not in _source(module)[line - 1]
    ]

    assert unread == []


@cache
def _explored() -> defaultdict[Site, set[Fault]]:
    """How every call went, by where it was made."""
    key_and_list = ENVIRONMENTS[0]
    found: defaultdict[Site, set[Fault]] = defaultdict(set)
    for scenario in (
        in_turn(key_and_list, faults=1),
        forgotten(key_and_list, faults=2),
        held(key_and_list, faults=1),
    ):
        for call, fault in examine(scenario).tally.covered:
            module, _, line = call.site.partition(" > ")[2].partition(":")
            found[module, int(line)].add(fault)
    return found


@cache
def _calls_in_the_code() -> tuple[tuple[str, range], ...]:
    """Module and lines of every port's call that the submission's steps can reach."""
    defined: defaultdict[str, list[tuple[str, ast.FunctionDef]]] = defaultdict(list)
    for module in _modules():
        for node in ast.walk(ast.parse("".join(_source(module)))):
            if isinstance(node, ast.FunctionDef):
                defined[node.name].append((module, node))
    pending, reached, calls = list(_steps()), set[str](), set[tuple[str, range]]()
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        for module, function in defined[name]:
            calls |= {(module, lines) for lines in _calls_of(function)}
            pending += _names_in(function)
    return tuple(sorted(calls, key=str))


def _names_in(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node.id if isinstance(node, ast.Name) else node.attr


def _calls_of(function: ast.FunctionDef) -> Iterator[range]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        asked = node.func.value
        name = asked.attr if isinstance(asked, ast.Attribute) else getattr(asked, "id", "")
        if node.func.attr in PORTS and name in NAMES:
            end = function.end_lineno if node.func.attr in LAZY else node.end_lineno
            yield range(node.lineno, (end or node.lineno) + 1)


def _steps() -> tuple[str, ...]:
    (workflow,) = (each for each in WORKFLOWS if each.name == "submission")
    return workflow.steps


def _modules() -> set[str]:
    """The use cases of the submission's steps, and all use cases they import."""
    pending = [f"billing/usecases/{step}.py" for step in _steps()]
    found: set[str] = set()
    while pending:
        module = pending.pop()
        if module not in found:
            found.add(module)
            pending += _imported_use_cases(module)
    return found


def _imported_use_cases(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse("".join(_source(module)))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(USE_CASES):
            yield f"billing/usecases/{node.module.removeprefix(USE_CASES)}.py"


@cache
def _source(module: str) -> list[str]:
    return (FUNCTIONS / module).read_text(encoding="utf-8").splitlines(keepends=True)
