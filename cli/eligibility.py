"""What is known of a coverage and how it came to be known; how long answers are trusted; who is out of reach."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.records import AS_JSON, STAGE
from cli.run import console
from cli.target import Target, target
from functions.billing.domain.eligibility.checks import CheckOutcome, EligibilityCheck
from functions.billing.domain.eligibility.coverages import RECHECK, KnownCoverage, Visit
from functions.billing.domain.eligibility.good_faith import (
    DISPUTABLE_ABOVE_CENTS,
    GoodFaithEstimate,
    GoodFaithReason,
)
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.money import dollars
from functions.billing.domain.outages.circuit import ALL_CIRCUITS, Circuit, CircuitState
from functions.billing.domain.rules.policy import Freshness, PayerPolicies, payer_policies
from functions.billing.domain.work_items import WorkItem, WorkState
from local.errors import LocalCloudError
from local.report.words import count_of, duration, queue, sentence
from local.seeding import stored_rule_sets
from local.store import Store

_BECAUSE = {
    "appointment.created": "booking",
    "patient.checked_in": "check-in",
    "insurance.updated": "insurance changed",
    "recheck.due": "recheck before the visit",
    "eligibility.recheck.requested": "denial",
}
_TONES = {"active": "green", "inactive": "red", "undetermined": "yellow"}


@click.group()
def eligibility() -> None:
    """Coverage: every check of it, and how long an answer is trusted."""


@eligibility.command("show")
@click.argument("coverage_id", metavar="COVERAGE")
@STAGE
@AS_JSON
def show(*, coverage_id: str, stage: str, as_json: bool) -> None:
    """Tell the story of every check of a coverage. COVERAGE is the EHR's id of it."""
    where = target(stage)
    store = Store.of_coverage(where.aws, where.deployment, coverage_id)
    known = next(iter(store.of(KnownCoverage)), None)
    if known is None:
        raise LocalCloudError(
            f"No coverage {coverage_id} was ever checked.",
            advice="Its id stands on the work items about it: billing work",
        )
    checks = store.under(EligibilityCheck, known.key.partition)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(check) for check in checks], indent=2))
        return
    _print_coverage(known, checks, store, console(), datetime.now(UTC))


def _print_coverage(
    known: KnownCoverage,
    checks: tuple[EligibilityCheck, ...],
    store: Store,
    shown: Console,
    now: datetime,
) -> None:
    payer = known.coverage.payer
    shown.print(f"[bold]Coverage {known.coverage_id}[/]  {payer.name}", highlight=False)
    shown.print(_headline(known, now), highlight=False)
    for visit in known.visits:
        shown.print(_visit_line(visit.appointment_id, visit.starts_at, store), highlight=False)
    shown.print()
    table = Table("#", "Asked", "Because of", "For", "Payer said", "Member", "Owes", "What changed")
    for check in checks:
        table.add_row(*_row(check))
    shown.print(table)
    _print_evidence(checks, shown)
    _print_work(store, shown)


def _print_evidence(checks: tuple[EligibilityCheck, ...], shown: Console) -> None:
    """Where the bytes are that prove what was asked and answered."""
    kept = [check for check in checks if check.evidence_key]
    if kept:
        shown.print("[dim]270 and 271 as they went, in the evidence bucket (SHA-256)[/]")
    for check in kept:
        shown.print(
            f"  {check.number}  {check.evidence_key}  [dim]{check.evidence_sha256}[/]",
            highlight=False,
            soft_wrap=True,
        )


def _print_work(store: Store, shown: Console) -> None:
    for item in store.of(WorkItem):
        if item.state is WorkState.OPEN:
            shown.print(
                Text.assemble(
                    ("● ", "yellow"),
                    (f"Work for {queue(item.queue).lower()}: ", "bold"),
                    f"{sentence(item.reason).lower()}, by {item.due_at:%d %b}. "
                    f"{sentence(item.recommended_action)}.",
                ),
                highlight=False,
            )


def _headline(known: KnownCoverage, now: datetime) -> str:
    newest = known.result
    parts = []
    if newest is None:
        parts.append("Never answered for")
    else:
        tone = _TONES[newest.state]
        parts.append(f"[{tone}]{sentence(newest.state)}[/] on {newest.service_date:%d %b %Y}")
    if known.unavailable_since:
        ago = duration((now - known.unavailable_since).total_seconds())
        parts.append(f"[yellow]the payer has not answered for {ago}[/]")
    elif known.fresh_until is None:
        parts.append("the answer is no longer trusted: the coverage changed")
    elif known.fresh_until > now:
        parts.append(f"trusted for {_span(known.fresh_until - now)} more")
    else:
        parts.append("stale: asked again when the patient comes")
    parts.append(_next(known, now))
    return "; ".join(parts) + "."


def _next(known: KnownCoverage, now: datetime) -> str:
    if not known.due_kind or known.due_at is None:
        return "no recheck is due"
    if known.due_kind != RECHECK:
        return "held until the payer is back, then asked by itself"
    if known.due_at <= now:
        return "a recheck is due now"
    return f"recheck in {_span(known.due_at - now)}"


def _span(span: timedelta) -> str:
    return duration(span.total_seconds())


def _visit_line(appointment_id: str, starts_at: datetime, store: Store) -> str:
    visit = next((one for one in store.of(Visit) if one.appointment_id == appointment_id), None)
    line = f"  visit {appointment_id} on {starts_at:%d %b %Y %H:%M}"
    if visit is None:
        return line
    line += _estimated(visit)
    return line + "".join(f"\n    [yellow]{alert}[/]" for alert in visit.alerts)


def _estimated(visit: Visit) -> str:
    estimate = visit.estimate
    if estimate is None or estimate.patient_cents is None:
        return ""
    gaps = "" if estimate.is_complete else f", lacking {', '.join(estimate.gaps)}"
    allowed = [(one.cents, f"allowed for service {one.what}", one.how) for one in estimate.allowed]
    steps = [(one.cents, sentence(one.what).lower(), one.how) for one in estimate.steps]
    return f": the patient owes about {dollars(estimate.patient_cents)}{gaps}" + "".join(
        f"\n    {dollars(cents):>10}  {what}: {how}" for cents, what, how in (*allowed, *steps)
    )


def _row(check: EligibilityCheck) -> tuple[str, ...]:
    owed = [
        f"{name} {dollars(cents)}"
        for name, cents in (
            ("copay", check.copay_cents),
            ("deductible", check.deductible_remaining_cents),
        )
        if cents is not None
    ]
    corrected = f" ({', '.join(check.corrected_fields)})" if check.corrected_fields else ""
    was_answered = check.outcome is CheckOutcome.ANSWERED
    return (
        str(check.number),
        f"{check.asked_at:%d %b %H:%M:%S}",
        _BECAUSE.get(check.cause_type, check.cause_type),
        f"{check.service_on:%d %b}",
        f"{_said(check)}\n{', '.join(check.codes)}, {check.milliseconds / 1000:.1f} s"
        if check.outcome is not CheckOutcome.HELD
        else "[yellow]not asked: out of reach[/]",
        f"{sentence(check.match_quality.name.lower())}{corrected}" if was_answered else "",
        "\n".join(owed),
        "\n".join(change.in_words for change in check.changes),
    )


def _said(check: EligibilityCheck) -> str:
    if check.outcome is not CheckOutcome.ANSWERED:
        return "[yellow]nothing[/]"
    return f"[{_TONES[check.state]}]{check.state}[/]"


@eligibility.command("estimate")
@click.argument("appointment_id", metavar="APPOINTMENT")
@STAGE
@AS_JSON
def estimate(*, appointment_id: str, stage: str, as_json: bool) -> None:
    """Say what a visit will cost the patient, how that was worked out, and what is owed in writing by when.

    APPOINTMENT is the EHR's id of it.
    """
    where = target(stage)
    store = Store.of_visit(where.aws, where.deployment, appointment_id)
    visit = next(iter(store.of(Visit)), None)
    if visit is None:
        raise LocalCloudError(
            f"No visit {appointment_id} was ever heard of.",
            advice="It is known once appointment.created or estimate.requested names it.",
        )
    if as_json:
        plain = {
            "estimate": msgspec.to_builtins(visit.estimate),
            "good_faith_estimate": msgspec.to_builtins(visit.good_faith_estimate),
        }
        click.echo(json.dumps(plain, indent=2))
        return
    _print_estimate(visit, store, console())


def _print_estimate(visit: Visit, store: Store, shown: Console) -> None:
    when = f" on {visit.starts_at:%d %b %Y %H:%M}" if visit.starts_at else ""
    shown.print(
        f"[bold]Visit {visit.appointment_id}[/]{when}, {sentence(visit.state).lower()}",
        highlight=False,
    )
    if visit.good_faith_estimate:
        _print_good_faith(visit.good_faith_estimate, shown)
    if visit.estimate:
        shown.print(f"By the coverage's benefits{_estimated(visit)}", highlight=False)
    if not (visit.good_faith_estimate or visit.estimate):
        shown.print(_why_no_estimate(visit, store), highlight=False)
    for alert in visit.alerts:
        shown.print(f"[yellow]{alert}[/]", highlight=False)
    _print_work(store, shown)


def _print_good_faith(owed: GoodFaithEstimate, shown: Console) -> None:
    word = {
        GoodFaithReason.SCHEDULED: "owed since the visit was booked",
        GoodFaithReason.REQUESTED: "asked for by the patient",
    }[owed.reason]
    given = f"given on {owed.given_on:%d %b %Y}" if owed.given_on else "not given yet"
    late = ", too late" if owed.is_late else ""
    shown.print(
        f"Good Faith Estimate, {word}: [bold]{dollars(owed.total_cents)}[/]; "
        f"in writing by {owed.due_on:%d %b %Y}, {given}{late}.",
        highlight=False,
    )
    for service in owed.services:
        price = dollars(service.charge_cents) if service.charge_cents else "no price"
        shown.print(f"  {price:>10}  {service.procedure} x {service.units}", highlight=False)
    if not owed.is_complete:
        shown.print("  [yellow]Too low: price every planned service first.[/]", highlight=False)
    shown.print(
        f"  A bill {dollars(DISPUTABLE_ABOVE_CENTS)} or more above it may be disputed (45 CFR 149.620).",
        highlight=False,
    )


def _why_no_estimate(visit: Visit, store: Store) -> str:
    if visit.problems:
        return "No estimate: the registration is incomplete (" + "; ".join(visit.problems) + ")."
    asked_about = next(iter(store.of(KnownCoverage)), None)
    if asked_about:
        return (
            "No estimate yet: its payer has not answered for the month of the visit. "
            f"See billing eligibility show {asked_about.coverage_id}"
        )
    return "No estimate is owed: the visit was booked less than three business days ahead, and nobody asked."


@eligibility.command("policy")
@STAGE
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read payer policies from this file instead, for a look before they are published.",
)
def policy(*, stage: str, file: Path | None) -> None:
    """Print how long answers are trusted and when they are asked for again, by class and payer."""
    policies = _policies_in(file) if file else _active_policies(target(stage))
    shown = console()
    shown.print(
        f"[bold]Payer policies[/] {policies.version[:19]}…  An answer never outlives its month of service, "
        "and any event about the coverage ends it.",
        highlight=False,
    )
    classes = Table("Class of coverage", "Trusted for", "Asked again before the visit")
    for name, freshness in policies.by_class.items():
        classes.add_row(sentence(name), *_hours(freshness))
    shown.print(classes)
    payers = Table("Payer", "Class", "Trusted for", "Asked again before the visit")
    for one in policies.by_payer.values():
        payers.add_row(one.payer_id, sentence(one.kind), *_hours(one.freshness))
    shown.print(payers)


def _hours(freshness: Freshness) -> tuple[str, str]:
    return f"{freshness.ttl_hours} h", f"{freshness.recheck_hours_before} h"


def _policies_in(file: Path) -> PayerPolicies:
    try:
        return payer_policies(json.loads(file.read_text(encoding="utf-8")))
    except (RuleSetError, ValueError) as error:
        raise LocalCloudError(
            f"{file.name} holds no payer policies: {error}.",
            advice="Compare it with rulesets/payer_policies/payer_policies.schema.json.",
        ) from None


def _active_policies(where: Target) -> PayerPolicies:
    rule_sets = stored_rule_sets(where.aws, where.deployment)
    return rule_sets.active("payer_policies", payer_policies)


@click.command()
@STAGE
@AS_JSON
def outages(*, stage: str, as_json: bool) -> None:
    """Show what was or is out of reach, and how the way back goes."""
    where = target(stage)
    known = Store.listed(where.aws, where.deployment, ALL_CIRCUITS).of(Circuit)
    circuits = [one for one in known if one.opened_at or one.failures]
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(circuit) for circuit in circuits], indent=2))
        return
    shown = console()
    out = sum(circuit.is_out for circuit in circuits)
    shown.print(
        f"{count_of(out, 'dependency', 'dependencies')} out of reach now."
        if out
        else "All in reach.",
        highlight=False,
    )
    if not circuits:
        return
    table = Table("What", "Now", "Why", "Out since", "Lasted", "Asked in vain", "Next look")
    for circuit in sorted(circuits, key=lambda one: (not one.is_out, one.dependency)):
        table.add_row(*_circuit_row(circuit))
    shown.print(table)


def _circuit_row(circuit: Circuit) -> tuple[str, ...]:
    opened, closed = circuit.opened_at, circuit.closed_at
    return (
        circuit.dependency.replace(":", " "),
        _reach(circuit),
        circuit.why,
        f"{opened:%d %b %H:%M:%S}" if opened else "",
        duration((closed - opened).total_seconds()) if opened and closed else "",
        str(circuit.probes) if opened else f"{circuit.failures} times in a row",
        f"{circuit.due_at:%d %b %H:%M:%S}" if circuit.due_at and circuit.due_kind else "",
    )


def _reach(circuit: Circuit) -> str:
    match circuit.state:
        case CircuitState.OPEN:
            return "[red]out of reach; what needs it waits and goes by itself[/]"
        case CircuitState.HALF_OPEN:
            return "[yellow]being tried: one question is under way[/]"
        case CircuitState.CLOSED if circuit.due_kind:
            return "[green]back; what waited goes in rounds[/]"
        case CircuitState.CLOSED:
            return "[green]in reach[/]"
