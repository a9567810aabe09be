"""The summary on the terminal, for someone who manages billing: money, people, measures, checks."""

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from functions.billing.domain.money import dollars
from local.report.words import (
    count_of,
    denial_class,
    destination,
    duration,
    measure,
    queue,
    sentence,
    state,
)
from local.run_report import PaymentDay, RunReport

_KINDS_SHOWN = 3
_KPIS_SHOWN = 12


def print_summary(report: RunReport, console: Console) -> None:
    """Print everything, most important first, the verdict last."""
    console.print()
    console.rule(f"[bold]A day of billing: {report.name}, {report.today:%d %B %Y}[/]", align="left")
    console.print(
        f"{count_of(report.patients, 'patient')}, {count_of(report.encounters, 'encounter')}, "
        f"{count_of(report.claim_count, 'claim')}; seed {report.seed}; "
        f"run in {duration(report.seconds)}\n",
        highlight=False,
    )
    for part in (
        _claims(report),
        _money(report),
        _payments(report),
        _denials(report),
        _work(report),
        _rules(report),
        _kpis(report),
        _other(report),
        _checks(report),
    ):
        console.print(part, highlight=False)
    console.print(_verdict(report), highlight=False)


def _titled(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(title, style="bold"), Padding(body, (0, 0, 1, 2)))


def _grid(*justify: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for side in justify:
        table.add_column(justify="right" if side == "right" else "left", overflow="fold")
    return table


def _claims(report: RunReport) -> RenderableType:
    table = _grid("right", "left", "left")
    for stage in report.funnel:
        table.add_row(f"{stage.count:,}", stage.label.lower(), Text(stage.note, style="dim"))
    now = _grid("right", "left")
    for name, count in report.claims.items():
        now.add_row(f"{count:,}", state(name))
    outcome = _grid("right", "left")
    for name, count in report.claims_by_outcome.items():
        outcome.add_row(f"{count:,}", sentence(name).lower())
    side_by_side = _grid("left", "left", "left")
    side_by_side.add_row(
        Text("A claim's way", style="dim"),
        Text("Where they are now", style="dim"),
        Text("What became of them", style="dim"),
    )
    side_by_side.add_row(table, now, outcome)
    return _titled("Claims", side_by_side)


def _money(report: RunReport) -> RenderableType:
    money = report.money
    table = _grid("right", "left")
    for cents, words in (
        (money.billed_cents, "billed to payers"),
        (money.allowed_cents, "allowed by payers"),
        (money.paid_cents, "paid by payers"),
        (money.patient_cents, "for patients to pay"),
        (money.denied_cents, "denied, still open"),
        (money.outstanding_cents, "outstanding in all (patients, denied, disputed, not answered)"),
        (money.recovered_cents, "won back after a denial"),
    ):
        table.add_row(dollars(cents), words)
    return _titled("Money", table)


def _payments(report: RunReport) -> RenderableType:
    """Each day's four totals, and where one payment's cash went."""
    if not report.payment_days:
        return Text("")
    table = _grid("left", "left", "right", "right", "right", "right", "left")
    table.add_row(
        *(
            Text(head, style="dim")
            for head in ("", "settles", "deposit", "announced", "posted", "ledger", "")
        )
    )
    for one in report.payment_days:
        table.add_row(
            Text("✓", style="green") if one.agrees else Text("!", style="yellow"),
            f"{one.day:%d %b}",
            dollars(one.deposit_cents),
            dollars(one.announced_cents),
            dollars(one.posted_cents),
            dollars(one.ledger_cents),
            Text(_day_note(one), style="dim"),
        )
    shown = report.payment_shown
    if shown is None:
        return _titled("Payments, by the day they settle", table)
    went = ", ".join(
        f"{dollars(cents)} {destination(where)}" for where, cents in shown.destinations.items()
    )
    line = Text.assemble(
        f"Trace {shown.trace_number} of {shown.payer}, {dollars(shown.paid_cents)}: ", (went, "dim")
    )
    return _titled("Payments, by the day they settle", Group(table, line))


def _day_note(one: PaymentDay) -> str:
    return ", ".join(
        part
        for part in (
            count_of(one.payments, "payment") if one.payments else "",
            f"{dollars(one.awaited_cents)} awaited at the bank" if one.awaited_cents else "",
            f"{count_of(one.unexplained_deposits, 'deposit')} without a remittance"
            if one.unexplained_deposits
            else "",
        )
        if part
    )


def _denials(report: RunReport) -> RenderableType:
    if not report.denials:
        return Text("")
    table = _grid("right", "right", "left", "left")
    for one in report.denials:
        done = "; ".join(f"{sentence(name).lower()} {n}" for name, n in one.responses.items())
        table.add_row(
            str(one.count), dollars(one.cents), denial_class(one.bucket), Text(done, style="dim")
        )
    return _titled("Denials", table)


def _work(report: RunReport) -> RenderableType:
    """Every queue with what is most worth doing in it: the first kinds by money."""
    if not report.work:
        return _titled("What people must do now", Text("Nothing."))
    table = _grid("right", "left", "right")
    for name in sorted(report.work_items, key=lambda one: -report.work_items[one]):
        kinds = [one for one in report.work if one.queue == name]
        table.add_row(
            Text(str(report.work_items[name]), style="bold"), Text(queue(name), style="bold"), ""
        )
        for one in kinds[:_KINDS_SHOWN]:
            table.add_row(
                Text(str(one.count), style="dim"),
                f"{sentence(one.reason)}: {one.recommended_action}",
                dollars(one.amount_cents) if one.amount_cents else "",
            )
        left = kinds[_KINDS_SHOWN:]
        if left:
            rest = ", ".join(sentence(one.reason).lower() for one in left)
            table.add_row(
                Text(str(sum(one.count for one in left)), style="dim"),
                Text(f"others: {rest}", style="dim"),
                "",
            )
    return _titled("What people must do now", table)


def _rules(report: RunReport) -> RenderableType:
    trial = report.rule_trial
    if trial is None:
        return Text("")
    table = _grid("left", "left")
    table.add_row(
        Text("shadow", style="bold"),
        f"of {trial.claims_in_shadow} claims {trial.active_held} fail now, {trial.candidate_held} would: "
        + ("its promotion was refused" if trial.refusal else "it was promoted"),
    )
    for one in trial.changes:
        table.add_row(
            "",
            Text(
                f"{one.claims} to {one.payer_id} newly held, {dollars(one.charge_cents)}: "
                f"{sentence(one.reason).lower()}",
                style="dim",
            ),
        )
    table.add_row(
        Text("canary", style="bold"),
        f"forced by {trial.approver} for {trial.share_percent} % of claims: {trial.canary_held} of "
        f"{trial.claims_in_canary} failed, {trial.canary_active_held} would have; "
        f"{trial.bound_points} points more were allowed",
    )
    end = "taken back by the watch" if trial.is_rolled_back else "still judging"
    table.add_row(
        Text("end", style="bold"),
        Text(
            f"{end}; {count_of(trial.recalled, 'claim')} it held judged again, "
            f"{trial.still_stopped} still held by it",
            style="green" if trial.is_rolled_back and not trial.still_stopped else "red",
        ),
    )
    return _titled(f"A change of rules on trial ({trial.version}: {trial.why})", table)


def _kpis(report: RunReport) -> RenderableType:
    measured = [one for one in report.kpi_table if one.value is not None][:_KPIS_SHOWN]
    if not measured:
        return Text("")
    table = _grid("right", "left", "left")
    for one in measured:
        table.add_row(measure(one.value, one.unit), one.label, Text(one.definition, style="dim"))
    return _titled("KPIs", table)


def _other(report: RunReport) -> RenderableType:
    table = _grid("right", "left")
    published = sum(report.events_published.values())
    refused = sum(one.count for one in report.events_refused)
    absorbed = sum(report.events_absorbed.values())
    table.add_row(f"{published:,}", f"events published, {refused} refused, {absorbed} absorbed")
    table.add_row(f"{report.dead_letters:,}", "dead letters")
    if report.unreadable_files:
        table.add_row(str(len(report.unreadable_files)), "files that could not be read")
    if report.cost_usd_per_1000_claims is not None:
        table.add_row(f"${report.cost_usd_per_1000_claims:.3f}", "AWS cost of 1,000 claims")
    return _titled("Machine room", table)


def _checks(report: RunReport) -> RenderableType:
    table = _grid("left", "left", "left")
    for check in report.checks:
        mark = Text("✓", style="green") if check.holds else Text("✗", style="bold red")
        table.add_row(mark, check.name, Text(check.detail, style="dim"))
    for one in report.unexplained_details:
        table.add_row(Text("?", style="red"), one.subject, one.why)
    return _titled("Checks", table)


def _verdict(report: RunReport) -> Text:
    failing = sum(not check.holds for check in report.checks)
    if failing:
        return Text(f"✗ {failing} of {len(report.checks)} checks do not hold.", style="bold red")
    return Text(f"✓ All {len(report.checks)} checks hold.", style="bold green")
