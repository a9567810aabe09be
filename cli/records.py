"""Looking into what the system holds: claims, one claim's story, work, KPIs. Nothing is changed."""

import json
from collections import Counter

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.run import console
from cli.target import LOCAL, Target, target
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.money import dollars
from functions.billing.domain.submission.attempt import Pointer
from functions.billing.domain.work_items import WorkItem, WorkState
from local.accounting import accounts_of, outcome_of
from local.collect import kpi_table
from local.errors import LocalCloudError
from local.invoking import as_person
from local.report.words import denial_class, measure, queue, sentence, state
from local.run_report import ClaimStory
from local.store import Store
from local.story import claim_story

STAGE = click.option(
    "--stage", default=LOCAL, show_default=True, help="The local cloud, or a stage on AWS."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For other programs.")
_TONES = {"good": "green", "bad": "red", "warn": "yellow", "main": "blue"}


def _everything(where: Target) -> Store:
    return Store.scanned(where.aws, where.deployment)


@click.command()
@STAGE
@click.option("--state", "wanted", default="", help="Only claims in this state, such as held.")
@click.option("--payer", default="", help="Only claims to this payer.")
@click.option("--denied", is_flag=True, help="Only claims that were denied, wholly or in part.")
@AS_JSON
def claims(*, stage: str, wanted: str, payer: str, denied: bool, as_json: bool) -> None:
    """List claims: state, verdict, money."""
    store = _everything(target(stage))
    denials: dict[str, list[str]] = {}
    for case in store.of(DenialCase):
        denials.setdefault(case.claim_id, []).append(_why_denied(case))
    found = [
        one
        for one in accounts_of(store).claims
        if wanted in {"", one.claim.state.value}
        and payer in {"", one.claim.payer_id}
        and (not denied or one.claim.claim_id in denials)
    ]
    if as_json:
        click.echo(
            json.dumps([msgspec.to_builtins(one.claim) for one in found], indent=2, default=str)
        )
        return
    table = Table(
        "Claim", "Encounter", "Payer", "State", "Outcome", "Billed", "Paid", "Open", "Why"
    )
    for one in sorted(found, key=lambda each: (each.claim.state.value, each.claim.claim_id)):
        table.add_row(
            one.claim.claim_id,
            one.claim.encounter_id,
            one.claim.payer_id,
            one.claim.state.value,
            sentence(outcome_of(one)).lower(),
            dollars(one.balance.charged_cents),
            dollars(one.standing.paid_cents),
            dollars(one.balance.outstanding_cents),
            ", ".join((*one.claim.reasons, *denials.get(one.claim.claim_id, ()))),
        )
    console().print(table)


def _why_denied(case: DenialCase) -> str:
    """Its class, and the codes the payer gave."""
    codes = {f"{each.group}-{each.reason}" for line in case.lines for each in line.adjustments}
    name = denial_class(case.bucket).lower() if case.bucket else "not classified"
    return f"{name} ({', '.join(sorted(codes))})"


@click.group()
def claim() -> None:
    """One claim."""


@claim.command("show")
@click.argument("name")
@STAGE
@AS_JSON
def show(*, name: str, stage: str, as_json: bool) -> None:
    """Tell a claim's whole story. NAME is a claim id, an encounter id or a patient control number."""
    where = target(stage)
    claim_id = _claim_id(where, name)
    store = Store.of_claim(where.aws, where.deployment, claim_id)
    found = next((one for one in store.of(Claim) if one.claim_id == claim_id), None)
    if found is None:
        raise LocalCloudError(f"There is no claim {name}.", advice="List them with: billing claims")
    story = claim_story(store, found)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(story), indent=2).decode())
        return
    print_story(story, console())


@claim.command("submitted-outside")
@click.argument("name")
@click.option("--by", "actor", required=True, help="Who saw to it.")
@click.option("--why", required=True, help="Where and how: portal, telephone, paper; a reference.")
@STAGE
def submitted_outside(*, name: str, actor: str, why: str, stage: str) -> None:
    """Take down that a person submitted a parked claim elsewhere; nothing sends it again.

    NAME is a claim id, an encounter id or a patient control number. Its 277CA and its 835 still find it.
    """
    where = target(stage)
    claim_id = _claim_id(where, name)
    outcome = as_person(
        where.aws,
        where.deployment,
        function="RecordSubmittedOutside",
        about=claim_id,
        data={"claim_id": claim_id, "actor": actor, "reason": why},
        advice=f"Look at its state with: billing claim show {claim_id}",
    )
    click.echo(f"Claim {claim_id}: {outcome['outcome']}.")


def _claim_id(where: Target, name: str) -> str:
    """The claim a person means, by whichever of its names."""
    client, table = where.aws.client("dynamodb"), where.deployment.records_table
    pointer = Pointer.key_of("PCN", name)
    answer = client.get_item(
        TableName=table, Key={"pk": {"S": pointer.partition}, "sk": {"S": pointer.sort}}
    )
    if "Item" in answer:
        return str(answer["Item"]["target"]["S"])
    encounter = client.get_item(
        TableName=table, Key={"pk": {"S": f"ENCOUNTER#{name}"}, "sk": {"S": "ENCOUNTER"}}
    )
    claim_ids = encounter.get("Item", {}).get("claim_ids", {}).get("L", [])
    return str(claim_ids[0]["S"]) if claim_ids else name


def print_story(story: ClaimStory, shown: Console) -> None:
    """A story as lines: when, what, why, and what proves it."""
    shown.print(f"[bold]Claim {story.claim_id}[/]  encounter {story.encounter_id}", highlight=False)
    shown.print(story.headline, highlight=False)
    shown.print(
        f"billed {dollars(story.charge_cents)}, paid {dollars(story.paid_cents)}, "
        f"patient {dollars(story.patient_cents)}, open {dollars(story.outstanding_cents)}; "
        f"now {state(story.state)}\n",
        highlight=False,
    )
    for step in story.steps:
        tone = _TONES.get(step.tone, "white")
        shown.print(
            Text.assemble(
                (f"{step.at:%Y-%m-%d %H:%M:%S}  ", "dim"), ("● ", tone), (step.title, "bold")
            ),
            highlight=False,
        )
        for line in (step.because, "; ".join(step.facts)):
            if line:
                shown.print(Text(f"{'':23}{line}"), highlight=False)
        for line in step.evidence:
            shown.print(Text(f"{'':23}{line}", style="dim"), highlight=False)


@click.command()
@STAGE
@click.option("--queue", "wanted", default="", help="Only this queue, such as coding.")
@AS_JSON
def work(*, stage: str, wanted: str, as_json: bool) -> None:
    """Show what people must do now, by queue."""
    items = [
        item
        for item in _everything(target(stage)).of(WorkItem)
        if item.state is WorkState.OPEN and wanted in {"", item.queue.value}
    ]
    items.sort(key=lambda item: (item.queue, item.due_at is None, str(item.due_at)))
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(item) for item in items], indent=2))
        return
    table = Table("Queue", "Due", "Why", "About", "Money", "Fields", "What to do")
    for item in items:
        table.add_row(
            queue(item.queue),
            f"{item.due_at:%d %b}" if item.due_at else "",
            sentence(item.reason),
            item.about,
            dollars(item.amount_cents) if item.amount_cents else "",
            "\n".join(item.fields),
            "\n".join(dict.fromkeys(one.recommended_action for one in item.corrections))
            or item.recommended_action,
        )
    shown = console()
    shown.print(table)
    counts = Counter(queue(item.queue) for item in items)
    shown.print(", ".join(f"{name} {count}" for name, count in counts.items()) or "Nothing to do.")


@click.command()
@STAGE
def kpis(*, stage: str) -> None:
    """Show the newest measurement of every KPI."""
    found = kpi_table(_everything(target(stage)))
    if not found:
        click.echo("Nothing was measured yet.")
        return
    table = Table("KPI", "Value", "Of", "Definition")
    for one in found:
        of = "" if one.numerator is None else f"{one.numerator:,.0f} / {one.denominator:,.0f}"
        table.add_row(one.label, measure(one.value, one.unit), of, one.definition)
    console().print(table)
