"""Asking where the money is: one payment, one day, the whole ledger. Assigning is the only change made here."""

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import msgspec
from rich.table import Table
from rich.text import Text

from cli.remittances import files, progress, release
from cli.run import console
from cli.target import LOCAL, Target, target
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.keys import derived_id
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import LedgerProof, claim_balance, prove_entries
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.money import dollars
from functions.billing.domain.rebuilt import Mismatch, claim_mismatches, payment_mismatches
from functions.billing.domain.remittance.payments import (
    Deposit,
    PostedAnswer,
    PostedBatch,
    Remittance,
    RemittanceFile,
)
from local.errors import LocalCloudError
from local.invoking import as_person
from local.payments import days_of, payment_view, statement_of, waiting_halves
from local.report import payments as shown_payments
from local.report.words import count_of, sentence
from local.store import Store

_STAGE = click.option(
    "--stage", default=LOCAL, show_default=True, help="The local cloud, or a stage on AWS."
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="For other programs.")


@click.group()
def remit() -> None:
    """Payments of payers (835): where each cent went, and what waits for a person."""


for _command in (files, progress, release):
    remit.add_command(_command)


@remit.command("show")
@click.argument("name", metavar="FILE|TRACE")
@_STAGE
@_AS_JSON
def show(*, name: str, stage: str, as_json: bool) -> None:
    """Take a payment apart: each answer, each line, where each cent went.

    NAME is a trace number (TRN02), a remittance id, an 835 file on this machine, or the key of one
    in the intake bucket. Exit: 0 the four totals agree, 1 they do not.
    """
    where = target(stage)
    found = _remittances_named(where, name)
    if not found:
        raise LocalCloudError(
            f"No payment is known by {name}.", advice="List them with: billing reconcile all"
        )
    views = [
        payment_view(Store.of_remittance(where.aws, where.deployment, one.remittance_id), one)
        for one in found
    ]
    if as_json:
        plain = [
            {
                "remittance": msgspec.to_builtins(view.remittance),
                "explained": msgspec.to_builtins(view.explained),
                "destinations": view.explained.destinations,
                "totals": msgspec.to_builtins(view.totals.totals),
            }
            for view in views
        ]
        click.echo(json.dumps(plain, indent=2, default=str))
    else:
        for view in views:
            console().print(shown_payments.payment(view), highlight=False)
    sys.exit(0 if all(view.totals.totals.agree for view in views) else 1)


def _remittances_named(where: Target, name: str) -> list[Remittance]:
    store = Store.scanned(where.aws, where.deployment)
    payments = {one.remittance_id: one for one in store.of(Remittance)}
    if name in payments:
        return [payments[name]]
    by_trace = [one for one in payments.values() if one.header.trace_number == name]
    if by_trace:
        return by_trace
    path = Path(name)
    file_id = derived_id("E", _sha256(path)) if path.is_file() else ""
    ids = dict.fromkeys(
        each
        for file in store.of(RemittanceFile)
        if file_id == file.file_id or name in {file.file_id, file.file_key}
        for each in (*file.remittance_ids, *file.duplicates)
    )
    return [payments[each] for each in ids if each in payments]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@remit.command("assign")
@click.argument("name", metavar="REMITTANCE|TRACE")
@click.argument("ordinal", metavar="CLP", type=click.IntRange(min=1))
@click.argument("claim_id", metavar="CLAIM")
@click.option("--as", "actor", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why it is this claim.")
@_STAGE
def assign(*, name: str, ordinal: int, claim_id: str, actor: str, reason: str, stage: str) -> None:
    """Post an answer that was set aside to a claim: CLP is its place in the payment, from 1."""
    where = target(stage)
    found = _remittances_named(where, name)
    if len(found) != 1:
        raise LocalCloudError(
            f"{count_of(len(found), 'payment')} known by {name}; one is needed.",
            advice="Name its remittance id; billing remit show tells it.",
        )
    outcome = as_person(
        where.aws,
        where.deployment,
        function="AssignAnswer",
        about=f"{found[0].remittance_id}-{ordinal}",
        data={
            "remittance_id": found[0].remittance_id,
            "ordinal": ordinal,
            "claim_id": claim_id,
            "actor": actor,
            "reason": reason,
        },
        advice=f"See what waits with: billing remit show {name}",
    )
    click.echo(f"CLP {ordinal} of {name}, claim {claim_id}: {outcome['outcome']}.")


@click.command()
@click.argument("day", metavar="DAY|all")
@_STAGE
@_AS_JSON
def reconcile(*, day: str, stage: str, as_json: bool) -> None:
    """Hold a day's four totals side by side: deposit, announced (BPR02), posted, ledger.

    DAY is a date such as 2026-03-09, today, yesterday, or all. A payment belongs to the day it
    settles. Exit: 0 everything agrees, 1 something does not; a deposit that is awaited contradicts
    nothing.
    """
    where = target(stage)
    store = Store.scanned(where.aws, where.deployment)
    known = days_of(store)
    wanted = known if day == "all" else [one for one in known if one.day == _day(day)]
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(list(wanted)), indent=2, default=str))
        sys.exit(0 if all(one.agrees for one in wanted) else 1)
    shown = console()
    if not wanted:
        days = ", ".join(one.day.isoformat() for one in known) or "none"
        shown.print(f"Nothing settles or was deposited on {day}. Days with payments: {days}.")
    for one in wanted:
        mark = "[green]✓[/]" if one.agrees else "[bold red]✗[/]"
        shown.print(
            f"{mark} [bold]{one.day:%d %B %Y}[/]: {count_of(len(one.payments), 'payment')}, "
            f"{count_of(len(one.strays), 'deposit')} unexplained",
            highlight=False,
        )
        shown.print(shown_payments.day_table(one), highlight=False)
        for deposit in store.of(Deposit):
            if len(deposit.told_by) > 1 and deposit.deposited_on == one.day.isoformat():
                shown.print(shown_payments.told_by_several(deposit), highlight=False)
        shown.print()
    halves = waiting_halves(store, _today())
    if halves:
        overdue = sum(one.is_overdue for one in halves)
        shown.print(
            f"[bold]Waiting for the other half[/]: {len(halves)}, {overdue} overdue",
            highlight=False,
        )
        shown.print(shown_payments.waiting_table(halves), highlight=False)
    sys.exit(0 if all(one.agrees for one in wanted) else 1)


def _today() -> date:
    return datetime.now(UTC).date()


def _day(text: str) -> date:
    named = {"today": _today(), "yesterday": _today() - timedelta(days=1)}
    if text in named:
        return named[text]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no day; write it as 2026-03-09, today, yesterday or all."
        ) from None


@click.command()
@click.argument("patient_id", metavar="PATIENT")
@_STAGE
@_AS_JSON
def statement(*, patient_id: str, stage: str, as_json: bool) -> None:
    """Say what a patient owes: for what, why, since when. Printing it is for others; --json is its content."""
    where = target(stage)
    store = Store.scanned(where.aws, where.deployment)
    if all(claim.patient_id != patient_id for claim in store.of(Claim)):
        raise LocalCloudError(
            f"No claim of a patient {patient_id} is known.",
            advice="The EHR's ids of patients stand in: billing claims --json",
        )
    made = statement_of(store, patient_id, _today())
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(made), indent=2, default=str))
        return
    console().print(shown_payments.statement(made), highlight=False)


@click.group()
def ledger() -> None:
    """The double-entry ledger."""


@ledger.command("prove")
@click.option("--claims", "by_claim", is_flag=True, help="List every claim's sums.")
@_STAGE
@_AS_JSON
def prove(*, by_claim: bool, stage: str, as_json: bool) -> None:
    """Sum every entry: per posting, per claim, in total; and rebuild the records' figures from them.

    Exit: 0 the ledger sums to zero and equals the records, 1 it does not.
    """
    where = target(stage)
    store = Store.scanned(where.aws, where.deployment)
    proof = prove_entries(store.entries())
    mismatches = tuple(_mismatches(store)) if proof.holds else ()
    holds = proof.holds and not mismatches
    if as_json:
        plain = {
            "holds": holds,
            "proof": msgspec.to_builtins(proof),
            "accounts": _trial_balance(store),
            "mismatches": msgspec.to_builtins(list(mismatches)),
        }
        click.echo(json.dumps(plain, indent=2))
        sys.exit(0 if holds else 1)
    shown = console()
    shown.print(_verdict(proof, mismatches), highlight=False)
    shown.print()
    shown.print(_accounts_table(store), highlight=False)
    if by_claim:
        shown.print()
        shown.print(_claims_table(store), highlight=False)
    for name in ("unbalanced_postings", "conflicting_keys"):
        for key in getattr(proof, name):
            shown.print(Text(f"✗ {sentence(name).lower()}: {key}", style="red"))
    for one in mismatches:
        shown.print(
            Text(
                f"✗ {one.subject} {one.field}: the ledger says {one.rebuilt}, the record {one.stored}",
                style="red",
            )
        )
    sys.exit(0 if holds else 1)


def _verdict(proof: LedgerProof, mismatches: tuple[Mismatch, ...]) -> Text:
    holds = proof.holds and not mismatches
    words = (
        f"{count_of(proof.posting_count, 'posting')} with {count_of(proof.entry_count, 'entry', 'entries')} "
        f"sum to {dollars(proof.imbalance_cents)}; "
    )
    rest = (
        "every record equals what its postings give."
        if not mismatches
        else f"{count_of(len(mismatches), 'record')} differ from what their postings give."
    )
    return Text.assemble(
        (
            "✓ The ledger holds. " if holds else "✗ The ledger does not hold. ",
            "green" if holds else "bold red",
        ),
        words,
        rest if proof.holds else "look at these postings before anything else.",
    )


def _trial_balance(store: Store) -> dict[str, int]:
    cents = dict.fromkeys((account.value for account in Account), 0)
    seen: set[str] = set()
    for key, entries in store.entries():
        if key in seen:
            continue
        seen.add(key)
        for entry in entries:
            cents[entry.account.value] += entry.amount_cents
    return cents


def _accounts_table(store: Store) -> Table:
    table = Table("Account", "Debit", "Credit", show_edge=False, header_style="dim")
    for column in table.columns[1:]:
        column.justify = "right"
    cents = _trial_balance(store)
    for name, amount in cents.items():
        if amount:
            table.add_row(
                sentence(name),
                dollars(amount) if amount > 0 else "",
                dollars(-amount) if amount < 0 else "",
            )
    table.add_section()
    table.add_row(
        Text("in all", style="bold"),
        dollars(sum(amount for amount in cents.values() if amount > 0)),
        dollars(-sum(amount for amount in cents.values() if amount < 0)),
    )
    return table


def _claims_table(store: Store) -> Table:
    table = Table(
        "Claim", "State", "Billed", "Paid", "Contract", "Written off", "Payer owes", "Patient owes",
        "Credit", "Sum", show_edge=False, header_style="dim",
    )  # fmt: skip
    for column in table.columns[2:]:
        column.justify = "right"
    postings = store.postings()
    for claim in sorted(store.of(Claim), key=lambda one: one.claim_id):
        theirs = postings.get(claim.key.partition, [])
        if not theirs:
            continue
        balance = claim_balance(claim.claim_id, theirs)
        total = sum(entry.amount_cents for one in theirs for entry in one.entries)
        table.add_row(
            claim.claim_id,
            claim.state.value,
            dollars(balance.charged_cents),
            dollars(balance.paid_by_payer_cents),
            dollars(balance.contractual_cents),
            dollars(balance.write_off_cents),
            dollars(balance.insurance_cents + balance.next_payer_cents),
            dollars(balance.patient_cents),
            dollars(balance.credit_cents),
            Text(dollars(total), style="red" if total else "green"),
        )
    return table


def _mismatches(store: Store) -> Iterable[Mismatch]:
    postings = store.postings()
    by_payment: defaultdict[str, list[Posting]] = defaultdict(list)
    for some in postings.values():
        for posting in some:
            by_payment[posting.source].append(posting)
    for claim in store.of(Claim):
        yield from claim_mismatches(claim, postings.get(claim.key.partition, []))
    for remittance in store.of(Remittance):
        yield from payment_mismatches(
            remittance,
            by_payment[remittance.header.identity],
            batches=[
                one
                for one in store.of(PostedBatch)
                if one.remittance_id == remittance.remittance_id
            ],
            answers=[
                one
                for one in store.of(PostedAnswer)
                if one.remittance_id == remittance.remittance_id
            ],
            deposits=store.of(Deposit),
        )
