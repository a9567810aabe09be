"""Payments on the terminal: one taken apart to the cent, and a day's four totals."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from functions.billing.domain.money import dollars
from functions.billing.domain.remittance.deposits import Unassociated, WaitingFor
from functions.billing.domain.remittance.explain import ExplainedAnswer, ExplainedLine
from functions.billing.domain.remittance.four_totals import DayReconciliation, FourTotals
from functions.billing.domain.remittance.payments import Deposit, Remittance, RemittanceState
from functions.billing.domain.remittance.post import PostingState
from functions.billing.domain.statements import PatientStatement
from local.payments import PaymentView, note_of
from local.report.words import count_of, destination, sentence

_WHY_SILENT = {
    PostingState.NO_MONEY: "moves no money: a predetermination, or not our claim",
    PostingState.ALREADY_POSTED: "on the ledger already",
    PostingState.DUPLICATE_REMITTANCE: "a copy of an answer from another file",
    PostingState.POSTED: "answered with nothing to book",
}
_LINE_PARTS = ("Charge", "Paid", "Contract", "Patient", "Interest", "Denied", "Open")


def payment(view: PaymentView) -> RenderableType:
    """One payment: a line that sums it up, each answer with its lines, where the cash went, the four totals."""
    tables = (
        [answers(view)] if view.explained.answers or view.explained.aside or view.silent else []
    )
    if view.explained.destinations:
        tables.append(destinations(view))
    return Group(
        _headline(view),
        Text(""),
        *(part for table in tables for part in (table, Text(""))),
        four_totals(view.totals.totals),
        *_reasons(view.remittance),
        *_next_steps(view),
    )


def _headline(view: PaymentView) -> Text:
    one, header = view.remittance, view.remittance.header
    settles = f", settles {header.settles_on:%d %b %Y}" if header.settles_on else ""
    good = view.totals.totals.agree
    return Text.assemble(
        ("✓ " if good else "✗ ", "green" if good else "bold red"),
        (
            f"{header.payer_name or header.payer_identifier} paid {dollars(header.total_paid_cents)}",
            "bold",
        ),
        f" under trace {header.trace_number}{settles}: "
        f"{count_of(one.claims, 'answer')}, {one.state.value}.",
        (f"  {one.remittance_id}", "dim"),
    )


def answers(view: PaymentView) -> RenderableType:
    """Each answer, each line: what became of the charge, by which codes."""
    table = Table(
        "CLP", "Claim", "Line", *_LINE_PARTS, "Codes", "", show_edge=False, header_style="dim"
    )
    for column in table.columns[3 : 3 + len(_LINE_PARTS)]:
        column.justify = "right"
    for answer in view.explained.answers:
        for first, line in _with_first(answer.lines):
            table.add_row(
                str(answer.ordinal) if first else "",
                answer.claim_id if first else "",
                _line_name(view, answer, line),
                *(_cents(amount) for amount in _parts(line)),
                _codes(line),
                _standing(answer, line),
            )
    for waiting in view.explained.aside:
        aside = view.aside.get(waiting.ordinal)
        why = sentence(aside.cause).lower() if aside else "not placed"
        maybe = f"; may be {aside.proposed_claim_id}" if aside and aside.proposed_claim_id else ""
        table.add_row(
            str(waiting.ordinal),
            Text("set aside", style="yellow"),
            "",
            "",
            dollars(waiting.paid_cents),
            *[""] * 5,
            Text(f"{why}{maybe}", style="dim"),
            Text("waits for a person", style="yellow"),
        )
    for one in view.silent:
        table.add_row(
            str(one.ordinal),
            one.claim_id,
            *[""] * 8,
            Text(_WHY_SILENT.get(one.state, sentence(one.state).lower()), style="dim"),
            "",
        )
    return table


def _with_first(lines: Iterable[ExplainedLine]) -> Iterable[tuple[bool, ExplainedLine]]:
    return ((position == 0, line) for position, line in enumerate(lines))


def _parts(line: ExplainedLine) -> tuple[int, ...]:
    return (
        line.charge_cents,
        line.paid_cents,
        line.contractual_cents,
        line.patient_cents,
        line.interest_cents,
        line.denied_cents,
        line.open_cents,
    )


def _cents(amount: int) -> str:
    return dollars(amount) if amount else "–"


def _line_name(view: PaymentView, answer: ExplainedAnswer, line: ExplainedLine) -> str:
    if not line.line_id:
        return "whole claim"
    procedure = view.procedures.get((answer.claim_id, line.line_id), "")
    return f"{line.line_id} {procedure}".strip()


def _codes(line: ExplainedLine) -> Text:
    shown = (
        f"{name} {dollars(int(cents))}"
        for name, _, cents in (c.rpartition(":") for c in line.codes)
    )
    return Text(", ".join(shown), style="dim")


def _standing(answer: ExplainedAnswer, line: ExplainedLine) -> Text:
    return Text(note_of(answer, line), style="magenta" if line.is_in_force else "yellow")


def destinations(view: PaymentView) -> RenderableType:
    """Where each cent of the payment went: the parts, and their sum."""
    table = Table("Where the cash went", "Cents to the cent", show_edge=False, header_style="dim")
    table.columns[1].justify = "right"
    table.columns[1].header = ""
    for where, cents in view.explained.destinations.items():
        table.add_row(destination(where), dollars(cents))
    total = view.explained.ledger_cents
    table.add_section()
    table.add_row(Text("in all", style="bold"), Text(dollars(total), style="bold"))
    return table


def four_totals(totals: FourTotals) -> Text:
    """The four totals in one line."""
    deposit = "awaited" if totals.deposit_cents is None else dollars(totals.deposit_cents)
    good = totals.agree
    return Text.assemble(
        ("✓ " if good else "✗ ", "green" if good else "bold red"),
        f"deposit {deposit} · announced {dollars(totals.announced_cents)} · "
        f"posted {dollars(totals.posted_cents)} · ledger {dollars(totals.ledger_cents)}",
    )


def _reasons(remittance: Remittance) -> Iterable[Text]:
    for reason in remittance.reasons:
        yield Text(f"  because: {sentence(reason).lower()}", style="yellow")
    for one in remittance.differences:
        yield Text(
            f"  {one.level} {one.place}: {dollars(one.expected_cents)} expected, "
            f"{dollars(one.found_cents)} found",
            style="yellow",
        )


def _next_steps(view: PaymentView) -> Iterable[Text]:
    """What a person can do about what waits."""
    if view.remittance.state is RemittanceState.QUARANTINED:
        yield Text("  Nothing of it is on the ledger. What can be done: billing remit progress")
    if view.explained.aside:
        name = view.remittance.remittance_id
        yield Text(f"  To post one: billing remit assign {name} CLP CLAIM --as YOU --reason WHY")


def day_table(day: DayReconciliation) -> RenderableType:
    """Every payment of a day with its four totals, and their sums."""
    table = Table(
        "Payer", "Trace", "Deposit", "Announced", "Posted", "Ledger", "",
        show_edge=False, header_style="dim",
    )  # fmt: skip
    for column in table.columns[2:6]:
        column.justify = "right"
    for one in day.payments:
        totals = one.totals
        table.add_row(
            one.payer_name,
            one.trace_number,
            Text("awaited", style="yellow")
            if totals.deposit_cents is None
            else dollars(totals.deposit_cents),
            dollars(totals.announced_cents),
            dollars(totals.posted_cents),
            dollars(totals.ledger_cents),
            _verdict(totals, one.state.value),
        )
    for stray in day.strays:
        table.add_row(
            stray.payer_identifier,
            stray.trace_number or "(none)",
            dollars(stray.amount_cents),
            "–",
            "–",
            "–",
            Text("no remittance explains it", style="red"),
        )
    table.add_section()
    sums = day.sums
    table.add_row(
        Text("in all", style="bold"),
        "",
        *(
            Text(dollars(cents or 0), style="bold")
            for cents in (
                sums.deposit_cents,
                sums.announced_cents,
                sums.posted_cents,
                sums.ledger_cents,
            )
        ),
        Text(f"{dollars(day.awaited_cents)} awaited", style="dim") if day.awaited_cents else "",
    )
    return table


def _verdict(totals: FourTotals, state: str) -> Text:
    if not totals.is_posted_exactly:
        return Text(state, style="red")
    if totals.deposit_cents is None:
        return Text("posted, deposit to come", style="yellow")
    difference = totals.deposit_cents - totals.announced_cents
    if difference:
        return Text(f"deposit {dollars(difference)} off", style="red")
    return Text("agrees", style="green")


def told_by_several(deposit: Deposit) -> Text:
    """That several sources told of one deposit, and which."""
    sources = " and ".join(telling.replace(":", " ", 1) for telling in deposit.told_by)
    return Text(
        f"{dollars(deposit.amount_cents)} of trace {deposit.trace_number} was told of by {sources}: counted once.",
        style="dim",
    )


def waiting_table(halves: Iterable[Unassociated]) -> RenderableType:
    """What waits for its other half, oldest first."""
    table = Table(
        "Waits for", "Since", "Age", "Amount", "Which", show_edge=False, header_style="dim"
    )
    for column in table.columns[2:4]:
        column.justify = "right"
    words = {
        WaitingFor.DEPOSIT: "its deposit",
        WaitingFor.REMITTANCE: "its remittance",
    }
    for one in halves:
        table.add_row(
            words[one.waiting_for],
            f"{one.since:%d %b %Y}",
            Text(count_of(one.age_days, "day"), style="red" if one.is_overdue else ""),
            dollars(one.amount_cents),
            one.reference,
        )
    return table


def statement(made: PatientStatement) -> RenderableType:
    """A patient's statement: the sum, each service with its reasons, the age of it."""
    head = Text.assemble(
        (f"Patient {made.patient_id} owes {dollars(made.balance_cents)}", "bold"),
        f" on {made.stated_on:%d %b %Y}, to be paid by {made.pay_by:%d %b %Y}."
        if made.claims
        else ": nothing.",
    )
    if not made.claims:
        return head
    table = Table(
        "Service", "Procedure", "Charge", "Insurance paid", "Adjusted", "Your share", "Why",
        show_edge=False, header_style="dim",
    )  # fmt: skip
    for column in table.columns[2:6]:
        column.justify = "right"
    for one in made.claims:
        for line in one.lines:
            table.add_row(
                f"{line.service_on:%d %b %Y}",
                line.procedure,
                dollars(line.charge_cents),
                dollars(line.paid_by_payers_cents),
                dollars(line.adjusted_cents),
                dollars(line.patient_cents),
                ", ".join(f"{why} {dollars(cents)}" for why, cents in line.reasons.items()),
            )
        table.add_row(
            Text(f"claim {one.claim_id}", style="dim"),
            "",
            "",
            "",
            "",
            Text(dollars(one.balance_cents), style="bold"),
            Text(f"{dollars(one.received_cents)} received", style="dim"),
        )
        table.add_section()
    ages = made.aging
    aged = Text(
        f"current {dollars(ages.current_cents)} · over 30 days {dollars(ages.over_30_cents)} · "
        f"60 {dollars(ages.over_60_cents)} · 90 {dollars(ages.over_90_cents)} · "
        f"120 {dollars(ages.over_120_cents)}",
        style="dim",
    )
    return Group(head, table, aged)
