"""Every call of a step with effects is explored with every fault, or listed with the reason why not."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.catalogue import WORKFLOWS
from tests.simulation.environments import ENVIRONMENTS, IN_FILES, REFUSES
from tests.simulation.explorer import AT_EVERY_CALL, Fault
from tests.simulation.scenario import examine
from tests.simulation.subjects import acknowledgement, appeal, claim_file, posting
from tests.simulation.subjects.submission import forgotten, held, in_turn
from tests.simulation.unexplored import UNEXPLORED

TESTS = Path(__file__).parents[1]
FUNCTIONS = TESTS.parent / "functions"
USE_CASES = "functions.billing.usecases."
Site = tuple[str, int]

# Workflows whose steps change what the world knows of money, claims and coverage.
WATCHED = (
    "submission",
    "acknowledgement",
    "clearinghouse-list",
    "remittance",
    "eligibility",
    "denial",
    "appeal",
    "reconciliation-check",
)

# What ports do outside of the process. Rule sets are asked everywhere and heard once, by whoever comes first.
PORTS = frozenset(
    {
        *("get", "under", "listed", "due", "remember", "commit"),
        *("keep", "put", "fetch", "open"),
        *("submit", "look_up", "look_up_file", "next"),
        *("check_eligibility", "check_status", "send_appeal", "since"),
    }
)
# What ports are called, here or as a private attribute: plain data is asked by some of the same words.
NAMES = frozenset(
    {
        *("records", "evidence", "intake", "connection", "control_numbers"),
        *("clearinghouse", "transactions"),
    }
)
# What gives an iterator asks when it is first read, somewhere further down.
LAZY = frozenset({"listed", "due"})


@dataclass(frozen=True, slots=True, order=True)
class PortCall:
    """One call of a port in a use case: `outcome = self._records.get(…)` in `function` is `records.get`."""

    module: str
    function: str
    what: str
    first_line: int
    last_line: int

    @property
    def lines(self) -> range:
        """Where its frame may stand while it is made."""
        return range(self.first_line, self.last_line + 1)


def test_every_call_is_explored_with_every_fault_or_listed_with_a_reason() -> None:
    """A new call fails here until a scenario comes to it, or the list says why none does."""
    assert _uncovered() == {
        (module, function): tuple(sorted(calls))
        for module, unexplored in UNEXPLORED.items()
        for function, calls in unexplored.calls.items()
    }


def test_the_tests_that_stand_in_for_exploration_exist() -> None:
    written = "".join(each.read_text(encoding="utf-8") for each in TESTS.rglob("test_*.py"))

    missing = [
        test
        for unexplored in UNEXPLORED.values()
        for test in unexplored.tests
        if f"def {test}(" not in written
    ]

    assert missing == []


def test_whatever_the_exploration_calls_was_read_from_the_code() -> None:
    """Else the test above would prove nothing: what it reads must be what runs."""
    read = {(call.module, line) for call in _calls_in_the_code() for line in call.lines}

    unread = [
        f"{module}:{line}"
        for module, line in _explored()
        if module.startswith("billing/usecases/") and (module, line) not in read
        if ".active(" not in _source(module)[line - 1]
    ]

    assert unread == []


def _uncovered() -> dict[tuple[str, str], tuple[str, ...]]:
    """What no scenario comes to with every fault, by module and function."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    explored = _explored()
    for call in _calls_in_the_code():
        if not any(set(AT_EVERY_CALL) <= explored[call.module, line] for line in call.lines):
            found[call.module.removeprefix("billing/usecases/"), call.function].append(call.what)
    return {place: tuple(sorted(calls)) for place, calls in found.items()}


@cache
def _explored() -> defaultdict[Site, set[Fault]]:
    """How every call went, by where it was made."""
    key_and_list, without_key = ENVIRONMENTS[0], ENVIRONMENTS[3]
    found: defaultdict[Site, set[Fault]] = defaultdict(set)
    for scenario in (
        in_turn(key_and_list, faults=1),
        forgotten(key_and_list, faults=2),
        held(key_and_list, faults=1),
        claim_file.by_the_clock(IN_FILES[0], faults=1),
        claim_file.unanswered(IN_FILES[0], faults=1),
        claim_file.by_the_clock(REFUSES, faults=1),
        *posting.scenarios(faults=1, faults_at_once=0),
        *acknowledgement.scenarios(faults=1),
        appeal.redriven(without_key, faults=2),
    ):
        for call, fault in examine(scenario).tally.covered:
            module, _, line = call.site.partition(" > ")[2].partition(":")
            found[module, int(line)].add(fault)
    return found


@cache
def _calls_in_the_code() -> tuple[PortCall, ...]:
    """Every port's call that the watched steps can reach."""
    defined: defaultdict[str, list[tuple[str, ast.FunctionDef]]] = defaultdict(list)
    for module in _modules():
        for node in ast.walk(ast.parse("".join(_source(module)))):
            if isinstance(node, ast.FunctionDef):
                defined[node.name].append((module, node))
    pending, reached, calls = list(_steps()), set[str](), set[PortCall]()
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        for module, function in defined[name]:
            calls |= set(_calls_of(module, function))
            pending += _names_in(function)
    return tuple(sorted(calls))


def _names_in(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node.id if isinstance(node, ast.Name) else node.attr


def _calls_of(module: str, function: ast.FunctionDef) -> Iterator[PortCall]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        asked = node.func.value
        name = asked.attr if isinstance(asked, ast.Attribute) else getattr(asked, "id", "")
        port = name.lstrip("_")
        if node.func.attr in PORTS and port in NAMES:
            end = function.end_lineno if node.func.attr in LAZY else node.end_lineno
            what = f"{port}.{node.func.attr}"
            yield PortCall(module, function.name, what, node.lineno, end or node.lineno)


def _steps() -> tuple[str, ...]:
    return tuple(step for each in WORKFLOWS if each.name in WATCHED for step in each.steps)


def _modules() -> set[str]:
    """The use cases of the watched steps, and all use cases they import."""
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
