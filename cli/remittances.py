"""How remittances come in and get posted: each file, how far each payment is, and releasing one kept aside."""

import json
from collections import Counter
from datetime import UTC, datetime

import click
import msgspec
from rich.table import Table

from cli.run import console
from cli.target import LOCAL, target
from functions.billing.domain.intake.transactions import LandedTransaction, Landing, ListMark
from functions.billing.domain.money import dollars
from functions.billing.domain.remittance.payments import (
    OUT_OF_QUARANTINE,
    PostedBatch,
    Remittance,
    RemittanceFile,
    RemittanceState,
    remittance_id,
)
from local.invoking import as_person
from local.remittances import Progress, progress_of
from local.report.words import count_of, sentence
from local.store import Store

_STAGE = click.option(
    "--stage", default=LOCAL, show_default=True, help="The local cloud, or a stage on AWS."
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="For other programs.")
_FILE_TONES = {"ready": "green", "duplicate": "dim", "quarantined": "yellow", "refused": "red"}
_FILE_WORDS = {
    "ready": "posted, or being posted",
    "duplicate": "duplicate file: nothing new in it",
    "quarantined": "kept aside",
    "refused": "cannot be read",
}


@click.command()
@_STAGE
@click.option("--all", "is_all", is_flag=True, help="Every file, not only the newest fifty.")
@_AS_JSON
def files(*, stage: str, is_all: bool, as_json: bool) -> None:
    """List the 835 files that came, copies and refused ones too, and what became of each."""
    where = target(stage)
    store = Store.scanned(where.aws, where.deployment)
    found = sorted(store.of(RemittanceFile), key=lambda one: one.received_at, reverse=True)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=2, default=str))
        return
    fetched = {one.file_id for one in store.of(LandedTransaction) if one.landing is Landing.FETCHED}
    shown = console()
    counts = Counter(one.outcome for one in found)
    shown.print(
        f"[bold]{count_of(len(found), 'file')}[/]: "
        + (", ".join(f"{count} {word}" for word, count in counts.items()) or "none came yet"),
        highlight=False,
    )
    table = Table("Came", "File", "How", "What became of it", "Payments")
    for one in found if is_all else found[:50]:
        tone = _FILE_TONES.get(one.outcome, "")
        why = f" ({', '.join(map(sentence, one.reasons))})" if one.reasons else ""
        payments = (*one.remittance_ids, *(f"copy of {each}" for each in one.duplicates))
        table.add_row(
            f"{one.received_at:%d %b %H:%M}",
            one.file_key.removeprefix("remittances/"),
            "fetched from the list" if one.file_id in fetched else "dropped",
            f"[{tone}]{_FILE_WORDS.get(one.outcome, one.outcome)}{why}[/]",
            "\n".join(payments),
        )
    shown.print(table)
    marks = store.of(ListMark)
    shown.print(
        f"The clearinghouse's list was followed up to {marks[0].processed_at:%d %b %Y %H:%M} UTC."
        if marks
        else "The clearinghouse's list was not followed yet.",
        highlight=False,
    )


@click.command()
@_STAGE
@click.option("--all", "is_all", is_flag=True, help="Also what is posted to its end.")
@_AS_JSON
def progress(*, stage: str, is_all: bool, as_json: bool) -> None:
    """Show how far each payment is posted, and which are kept aside, by how much they differ."""
    where = target(stage)
    store = Store.scanned(where.aws, where.deployment)
    now = datetime.now(UTC)
    found = [
        progress_of(one, store.under(PostedBatch, one.key.partition), now=now)
        for one in sorted(store.of(Remittance), key=lambda one: one.received_at, reverse=True)
    ]
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=2, default=str))
        return
    shown = console()
    counts = Counter(one.remittance.state for one in found)
    shown.print(
        f"[bold]{count_of(len(found), 'payment')}[/]: "
        + (", ".join(f"{count} {state}" for state, count in counts.items()) or "none came yet"),
        highlight=False,
    )
    done = {RemittanceState.POSTED, *OUT_OF_QUARANTINE}
    wanted = [one for one in found if is_all or one.remittance.state not in done]
    if not wanted:
        shown.print("Nothing is being posted, and nothing is kept aside.")
        return
    table = Table("Payment", "Trace", "Paid", "State", "Posted", "Left", "To do")
    for one in wanted:
        table.add_row(
            one.remittance.remittance_id,
            one.remittance.header.trace_number,
            dollars(one.remittance.header.total_paid_cents),
            sentence(one.remittance.state),
            f"{one.claims_posted:,} of {one.remittance.claims:,} claims",
            one.left,
            _to_do(one),
        )
    shown.print(table)


def _to_do(one: Progress) -> str:
    remittance = one.remittance
    if remittance.state in OUT_OF_QUARANTINE:
        return f"nothing: the payment is posted as {remittance_id(remittance.header)}"
    if remittance.state is not RemittanceState.QUARANTINED:
        return "[red]overdue: look for its dead letter[/]" if one.is_overdue else ""
    why = ", ".join(map(sentence, remittance.reasons))
    differences = "\n".join(remittance.imbalance.levels if remittance.imbalance else ())
    if not remittance.is_releasable:
        return f"{why}\nask for the payment again; it can never be released"
    asked = remittance.release
    step = (
        f"a second person agrees: remit release {remittance.remittance_id} --approve --as …\n"
        f"{asked.requested_by} asked: {asked.reason}"
        if asked
        else f"a corrected file, or: remit release {remittance.remittance_id} --as … --reason …"
    )
    return f"{why}\n{differences}\n{step}"


@click.command()
@click.argument("remittance_id", metavar="PAYMENT")
@click.option("--as", "actor", required=True, help="Who decides.")
@click.option("--reason", default="", help="Why it may be posted as it is; needed to ask.")
@click.option("--approve", "is_approval", is_flag=True, help="Agree to what somebody else asked.")
@_STAGE
def release(*, remittance_id: str, actor: str, reason: str, is_approval: bool, stage: str) -> None:
    """Have a payment posted that does not balance: one person asks with a reason, another agrees."""
    if not is_approval and not reason.strip():
        raise click.UsageError("Say why with --reason, or agree to another's wish with --approve.")
    where = target(stage)
    answer = as_person(
        where.aws,
        where.deployment,
        function="ReleaseRemittance",
        about=remittance_id,
        data={
            "remittance_id": remittance_id,
            "decision": "approve" if is_approval else "request",
            "actor": actor,
            "reason": reason,
        },
        advice="See what is kept aside, and what may be released: billing remit progress",
    )
    said = {
        "requested": f"{actor} asked for the release of {remittance_id}; a second person must agree.",
        "released": f"{remittance_id} is released and will be posted as {answer['remittance_id']}.",
        "already_released": f"{remittance_id} was released before, as {answer['remittance_id']}.",
    }
    click.echo(said[str(answer["outcome"])])
