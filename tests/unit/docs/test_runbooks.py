"""Every alarm and every dead-letter queue has a runbook, and every runbook something it is for."""

import json
import re
from collections import Counter
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch

from functions.billing.adapters.signing import Ed25519Signer
from functions.billing.domain import errors
from functions.billing.domain.errors import BillingError
from functions.billing.runtime import step
from infra.application import add_stacks
from infra.catalogue import WORKFLOWS, pascal_case
from infra.settings import Stage
from tests.infrastructure.synthesis import settings_of
from tests.unit.docs.markdown import DOCS, ROOT, Document, codes_in, document, documents

INDEX = document("docs/runbooks/README.md")
RUNBOOKS = [
    page for page in documents() if page.path.parent == DOCS / "runbooks" and page is not INDEX
]
HEADINGS = ["What it means", "How to look", "What to do", "Redriving"]
each_runbook = pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.path.stem)


def line_of(page: Document, label: str) -> str:
    """What stands after a label in the head of a runbook, or nothing."""
    found = re.search(rf"^\*\*{label}:\*\* (.+)$", page.text, re.MULTILINE)
    return found.group(1) if found else ""


@pytest.fixture(scope="module")
def alarms(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The alarms of every stack, by the names of their constructs."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    outdir = str(tmp_path_factory.mktemp("runbooks"))
    app = cdk.App(outdir=outdir, context=context, analytics_reporting=False)
    stacks = add_stacks(app, settings_of(Stage.LOCAL))
    return {
        child.node.id
        for stack in (stacks.observability, stacks.rules)
        for child in stack.node.children
        if isinstance(child, cloudwatch.Alarm)
    }


def test_every_alarm_has_exactly_one_runbook(alarms: set[str]) -> None:
    named = Counter(alarm for page in RUNBOOKS for alarm in codes_in(line_of(page, "Alarms")))

    assert set(named) == alarms
    assert not [alarm for alarm, count in named.items() if count > 1]


def test_every_dead_letter_queue_has_exactly_one_runbook() -> None:
    outputs = (ROOT / "infra" / "billing_stack.py").read_text(encoding="utf-8")
    singles = set(re.findall(r'_dead_letter_queue\("(\w+)"\)', outputs))
    wanted = singles | {f"{pascal_case(workflow.name)}DeadLetters" for workflow in WORKFLOWS}

    named = [queue for page in RUNBOOKS for queue in codes_in(line_of(page, "Queue"))]

    assert sorted(named) == sorted(wanted)


@each_runbook
def test_a_runbook_is_for_something_and_has_an_owner(page: Document) -> None:
    assert line_of(page, "Alarms") or line_of(page, "Queue") or line_of(page, "Situation")
    assert line_of(page, "Owner")


@each_runbook
def test_a_runbook_says_what_it_means_how_to_look_what_to_do_and_when_to_redrive(
    page: Document,
) -> None:
    assert page.headings[1:] == HEADINGS
    assert all(page.section(heading).strip() for heading in HEADINGS)


@each_runbook
def test_the_index_leads_to_every_runbook(page: Document) -> None:
    assert page.path.name in INDEX.links


def test_every_error_a_dead_letter_may_bear_is_explained() -> None:
    families = {errors.PermanentError, errors.TransientError, BillingError}
    ours = {
        name
        for module in (errors, step)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, BillingError) and kind not in families
    }
    caught: set[str] = set()
    for path in (ROOT / "statemachines").glob("*.asl.json"):
        caught |= set(re.findall(r'"((?:Lambda|States|Sandbox)\.\w+)"', path.read_text("utf-8")))

    assert not (ours | caught) - {"States.ALL"} - set(INDEX.spans)


def test_the_snippet_for_a_key_makes_a_pair_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    (snippet,) = document("docs/runbooks/key-rotation.md").blocks("python")

    exec(compile(snippet, "key-rotation.md", "exec"), {"__name__": "snippet"})  # noqa: S102

    secret, registered = capsys.readouterr().out.splitlines()
    ((key_id, entry),) = json.loads(registered).items()
    assert Ed25519Signer(secret).key_id == key_id
    assert entry == {"producer": "billing", "public_key": Ed25519Signer(secret).public_key()}


def test_the_outputs_a_runbook_names_are_written() -> None:
    stacks = "".join(path.read_text("utf-8") for path in Path(ROOT / "infra").glob("*_stack.py"))
    written = set(re.findall(r'CfnOutput\(\s*self,\s*"(\w+)"', stacks))
    for page in RUNBOOKS:
        named = set(re.findall(r"\b\w+(?:SecretArn|Parameter|EventsUrl|OutboxUrl)\b", page.text))
        assert named <= written, page.name
