"""The catalogue, the folders and what the handlers ask for are the same thing."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING

import pytest

from infra.catalogue import FUNCTIONS, KPI_METRICS, STEPS, WORKFLOWS, function_named, pascal_case
from infra.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from tests.infrastructure.synthesis import Synthesis

FOLDERS = PROJECT_ROOT / "functions"
MEASURES = FOLDERS / "billing" / "domain" / "kpis" / "measures.py"
BOOTSTRAP = FOLDERS / "billing" / "runtime" / "bootstrap.py"


def settings_in(tree: ast.AST) -> set[str]:
    """Names of the settings some code reads: ``setting("NAME")``."""
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "setting"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def settings_of_dependencies() -> dict[str, set[str]]:
    """For each dependency of the composition root, the settings it and its own need."""
    tree = ast.parse(BOOTSTRAP.read_text())
    (dependencies,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Dependencies"
    )
    methods = {node.name: node for node in dependencies.body if isinstance(node, ast.FunctionDef)}

    def needed(name: str) -> set[str]:
        inner = {
            node.attr
            for node in ast.walk(methods[name])
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        }
        return settings_in(methods[name]).union(*(needed(each) for each in inner))

    return {name: needed(name) for name in methods}


def settings_of_handler(name: str) -> set[str]:
    """The settings one handler needs: its own, and those of the dependencies it uses."""
    tree = ast.parse((FOLDERS / name / "handler.py").read_text())
    of_dependency = settings_of_dependencies()
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"deps", "dependencies"}
    }
    return settings_in(tree).union(*(of_dependency[each] for each in used))


def test_the_catalogue_names_exactly_the_folders() -> None:
    folders = {path.parent.name for path in FOLDERS.glob("*/handler.py")}

    assert sorted(entry.name for entry in FUNCTIONS) == sorted(folders)


def test_every_handler_that_is_deployed_exists(production: Synthesis) -> None:
    for function in production.resources("AWS::Lambda::Function"):
        module, _, name = function.properties["Handler"].rpartition(".")
        tree = ast.parse((PROJECT_ROOT / f"{module.replace('.', '/')}.py").read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            function.path
        )


def test_every_function_is_given_the_settings_its_handler_reads(
    production: Synthesis,
) -> None:
    for function in production.resources("AWS::Lambda::Function"):
        variables = function.properties["Environment"]["Variables"]
        name = variables["POWERTOOLS_SERVICE_NAME"]
        missing = settings_of_handler(name) - variables.keys()
        assert not missing, f"{name} reads {sorted(missing)}, which it is not given"


def test_every_step_belongs_to_exactly_one_workflow() -> None:
    called = [step for entry in WORKFLOWS for step in entry.steps]

    assert sorted(called) == sorted(entry.name for entry in STEPS)


def test_what_the_clock_sends_is_what_an_inbox_takes_from_it() -> None:
    tree = ast.parse((FOLDERS / "billing" / "usecases" / "receive_event.py").read_text())
    (taken,) = (
        node.value.args[0]
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "SCHEDULED_EVENTS"
        and isinstance(node.value, ast.Call)
    )

    sent = {schedule.event_type for entry in WORKFLOWS for schedule in entry.schedules}
    assert ast.literal_eval(taken) == sent


def test_no_event_starts_two_workflows() -> None:
    events = [event for entry in WORKFLOWS for event in entry.events]

    assert len(events) == len(set(events))


def test_the_dashboard_shows_every_measure_of_the_domain(production: Synthesis) -> None:
    tree = ast.parse(MEASURES.read_text())
    (names,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "KpiName"
    )
    measures = {
        node.value.value
        for node in names.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }

    assert set(KPI_METRICS) == measures
    (dashboard,) = production.resources("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard.properties["DashboardBody"])
    assert all(name in body for name in KPI_METRICS)


def test_words_become_construct_ids_without_a_clash() -> None:
    assert pascal_case("verify_eligibility") == "VerifyEligibility"
    assert pascal_case("reconciliation-check") == "ReconciliationCheck"
    names = [pascal_case(entry.name) for entry in FUNCTIONS]
    names += [pascal_case(entry.name) for entry in WORKFLOWS]
    assert len(names) == len(set(names))


def test_an_unknown_function_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="'scrub_everything'"):
        function_named("scrub_everything")
