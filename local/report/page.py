"""A run as one self-contained page: charts, tables, one denied claim's story. No script, no link out."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from functions.billing.domain.money import dollars
from local.report.charts import Bar, Fall, bars, waterfall
from local.report.words import (
    count_of,
    denial_class,
    destination,
    duration,
    measure,
    queue,
    sentence,
    short_dollars,
    state,
)
from local.run_report import ClaimStory, Kpi, Money, RunReport, StoryStep

_STYLE = Path(__file__).with_name("page.css")

_ABOUT_SIMULATION = (
    "The EHR, the payers, the clearinghouse and the bank of this run are simulated, and so is AWS: "
    "the deployed template, its permissions and every line of the product are the real ones. "
    "All people are invented."
)


def page(report: RunReport) -> str:
    """The whole page."""
    sections = (
        _funnel(report),
        _money(report),
        _held(report),
        _denials(report),
        _missed(report),
        _story(report),
        _work(report),
        _payers(report),
        _rules(report),
        _kpis(report),
        _remittances(report),
        _events(report),
        _cost(report),
        _checks(report),
    )
    shown = [section for section in sections if section]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_title(report))}</title>\n<style>\n{_STYLE.read_text()}</style>\n</head>\n"
        f"<body>\n<main>\n{_header(report)}\n{_tiles(report)}\n"
        + "\n".join(shown)
        + f"\n<footer><p>{escape(_ABOUT_SIMULATION)}</p></footer>\n</main>\n</body>\n</html>\n"
    )


def write_page(report: RunReport, path: Path) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(report), encoding="utf-8")


def _title(report: RunReport) -> str:
    return f"A day of billing: {report.name}, {report.today:%d %B %Y}"


_CONTENTS = (
    ("way", "A claim's way"),
    ("money", "Money"),
    ("held", "Held"),
    ("denials", "Denials"),
    ("story", "One denied claim"),
    ("work", "Work for people"),
    ("rules", "Rules"),
    ("kpis", "KPIs"),
    ("remittances", "Payments"),
    ("events", "Events"),
    ("cost", "Cost"),
    ("checks", "Checks"),
)


def _header(report: RunReport) -> str:
    failing = [check for check in report.checks if not check.holds]
    verdict = (
        f'<div class="verdict bad">✗ {count_of(len(failing), "check")} of '
        f"{len(report.checks)} {'does' if len(failing) == 1 else 'do'} not hold</div>"
        if failing
        else f'<div class="verdict good">✓ All {len(report.checks)} checks hold</div>'
    )
    links = "".join(f'<a href="#{anchor}">{escape(text)}</a>' for anchor, text in _CONTENTS)
    return (
        f"<header><div><h1>{escape(_title(report))}</h1>"
        f'<p class="lede">{count_of(report.patients, "patient")}, '
        f"{count_of(report.encounters, 'encounter')}, {count_of(report.claim_count, 'claim')}. "
        f"Seed {report.seed}. Run in {duration(report.seconds)}.</p></div>{verdict}</header>"
        f'<nav aria-label="Contents">{links}</nav>'
    )


def _tiles(report: RunReport) -> str:
    money = report.money
    tiles = (
        (dollars(money.billed_cents), "billed to payers"),
        (dollars(money.allowed_cents), "allowed by payers"),
        (dollars(money.paid_cents), "paid by payers"),
        (dollars(money.patient_cents), "for patients to pay"),
        (dollars(money.denied_cents), "denied, still open"),
        (dollars(money.outstanding_cents), "outstanding in all"),
        (str(sum(report.work_items.values())), "things for people to do"),
        (_per_thousand(report), "AWS cost of 1,000 claims"),
    )
    body = "".join(
        f'<div class="tile"><b>{escape(figure)}</b><span>{escape(words)}</span></div>'
        for figure, words in tiles
    )
    return f'<div class="tiles">{body}</div>'


def _per_thousand(report: RunReport) -> str:
    cost = report.cost_usd_per_1000_claims
    return "–" if cost is None else f"${cost:.3f}"


def _section(anchor: str, heading: str, why: str, *parts: str) -> str:
    return (
        f'<section id="{anchor}"><h2>{escape(heading)}</h2><p class="why">{escape(why)}</p>'
        + "".join(parts)
        + "</section>"
    )


def _scroll(body: str) -> str:
    return f'<div class="scroll">{body}</div>'


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, figures: frozenset[int] = frozenset()
) -> str:
    """A table; columns in `figures` are numbers. Cells are HTML already."""

    def css(position: int) -> str:
        return ' class="figure"' if position in figures else ""

    head = "".join(
        f'<th scope="col"{css(position)}>{escape(text)}</th>' for position, text in enumerate(heads)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{css(position)}>{cell}</td>" for position, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return _scroll(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _more(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def _counts(title: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    rows = [(escape(sentence(name)), f"{count:,}") for name, count in counts.items()]
    return f"<div><h3>{escape(title)}</h3>{_table(('', ''), rows, figures=frozenset({1}))}</div>"


def _funnel(report: RunReport) -> str:
    rows = [
        Bar(label=stage.label, value=stage.count, text=f"{stage.count:,}", note=stage.note)
        for stage in report.funnel
    ]
    if not rows:
        return ""
    chart = bars(
        rows,
        title="A claim's way",
        description=", ".join(f"{stage.label}: {stage.count}" for stage in report.funnel),
    )
    states = {state(name): count for name, count in report.claims.items()}
    details = (
        '<div class="two">'
        + _counts("Where the claims are now", states)
        + _counts("What became of the claims", report.claims_by_outcome)
        + _counts("Encounters", report.encounters_by_state)
        + _counts("Encounters not billed, and why", report.encounters_not_billed)
        + _counts("Eligibility answers", report.eligibility)
        + _counts("How sending went", report.submission_outcomes)
        + "</div>"
    )
    return _section(
        "way",
        "A claim's way",
        "How many visits became claims, how many got past each gate, and where the others stopped. "
        "A claim that stops is in somebody's queue, never lost.",
        _scroll(chart),
        _more("The figures, and where every claim is now", details),
    )


def _money(report: RunReport) -> str:
    falls = _falls(report.money)
    chart = waterfall(
        falls,
        title="Where the billed money went",
        description=", ".join(f"{fall.label}: {fall.text}" for fall in falls),
    )
    rows = [(escape(label), dollars(cents)) for label, cents in _money_lines(report.money)]
    return _section(
        "money",
        "Where the billed money went",
        "From what was billed to what payers paid. Every step is a sum over the ledger, whose "
        f"postings are out of balance by {dollars(report.ledger_imbalance_cents)}.",
        _scroll(chart),
        _more("The figures", _table(("", "Amount"), rows, figures=frozenset({1}))),
    )


def _falls(money: Money) -> list[Fall]:
    taken = (
        ("Contract discount", money.contractual_cents, "quiet"),
        ("For the patient", money.patient_cents, "warn"),
        ("For another payer", money.next_payer_cents, "quiet"),
        ("Denied, open", money.denied_cents, "bad"),
        ("In dispute", money.disputed_cents, "bad"),
        ("Not answered yet", money.waiting_cents, "quiet"),
        ("Written off", money.written_off_cents, "quiet"),
    )
    return [
        Fall(
            label="Billed",
            cents=money.billed_cents,
            text=short_dollars(money.billed_cents),
            is_total=True,
        ),
        *(
            Fall(label=label, cents=cents, text=f"-{short_dollars(cents)}", tone=tone)
            for label, cents, tone in taken
            if cents
        ),
        Fall(
            label="Paid by payers",
            cents=money.paid_cents,
            text=short_dollars(money.paid_cents),
            tone="good",
            is_total=True,
        ),
    ]


def _money_lines(money: Money) -> tuple[tuple[str, int], ...]:
    return (
        ("Billed to payers", money.billed_cents),
        ("Contract discount, given up", money.contractual_cents),
        ("Allowed by payers (their share, the patient's, a second payer's)", money.allowed_cents),
        ("Paid by payers", money.paid_cents),
        ("For patients to pay", money.patient_cents),
        ("Left to a second payer", money.next_payer_cents),
        ("Denied, still open", money.denied_cents),
        ("In dispute: an answer a person must look at", money.disputed_cents),
        ("Sent, not answered yet", money.waiting_cents),
        ("Written off", money.written_off_cents),
        ("Outstanding in all", money.outstanding_cents),
        ("Won back after a denial", money.recovered_cents),
        ("Interest from payers", money.interest_cents),
        ("Owed back by us (credit balances)", money.credit_cents),
        ("Received for claims that are not ours", money.unapplied_cents),
        ("Seen at the bank", money.deposited_cents),
        ("Claims not sent: held, waiting or rejected", money.not_yet_billed_cents),
    )


def _denials(report: RunReport) -> str:
    if not report.denials:
        return ""
    rows = [
        Bar(
            label=denial_class(one.bucket),
            value=one.cents,
            text=dollars(one.cents),
            note=count_of(one.count, "denial"),
            tone="bad",
        )
        for one in report.denials
    ]
    chart = bars(
        rows,
        title="Denials by class",
        description=", ".join(f"{row.label}: {row.text}, {row.note}" for row in rows),
    )
    details = _table(
        ("Class", "Denials", "Denied", "Won back", "What was done by itself"),
        [
            (
                escape(denial_class(one.bucket)),
                str(one.count),
                dollars(one.cents),
                dollars(one.recovered_cents),
                escape(
                    "; ".join(f"{sentence(name)}: {n}" for name, n in one.responses.items()) or "–"
                ),
            )
            for one in report.denials
        ],
        figures=frozenset({1, 2, 3}),
    )
    return _section(
        "denials",
        "Denials by class",
        "Payers' codes, put into one taxonomy by a versioned table, by the money they hold up. "
        "Each class has its own response.",
        _scroll(chart),
        details,
        _counts("Appeals", report.appeals),
    )


def _held(report: RunReport) -> str:
    if not report.held:
        return ""
    return _section(
        "held",
        "Held by our own rules",
        "What a payer would have turned down, held before it left: who mends which fields, and how.",
        _table(
            ("Queue", "Why", "Fields", "Claims", "Money", "What to do"),
            [
                (
                    escape(queue(one.queue)),
                    escape(sentence(one.reason)),
                    "<br>".join(f"<code>{escape(path)}</code>" for path in one.fields),
                    str(one.count),
                    dollars(one.amount_cents),
                    escape(one.recommended_action),
                )
                for one in report.held
            ],
            figures=frozenset({3, 4}),
        ),
    )


def _missed(report: RunReport) -> str:
    if not report.missed:
        return ""
    return _section(
        "missed",
        "What our rules let through",
        "First answers that turned down what had passed every rule. Payers have edits of their own: "
        "each line is a rule to write, a table to complete, or a risk to accept.",
        _table(
            (
                "Payer",
                "Said",
                "Codes",
                "Class",
                "Procedures",
                "Claims",
                "Money",
                "Rules that passed it",
            ),
            [
                (
                    escape(one.payer_id),
                    escape(one.said),
                    " ".join(f"<code>{escape(code)}</code>" for code in one.codes),
                    escape(denial_class(one.bucket)) if one.bucket else "–",
                    escape(", ".join(one.procedures)) or "–",
                    str(one.count),
                    dollars(one.amount_cents),
                    escape(", ".join(one.rules_passed)) or "–",
                )
                for one in report.missed
            ],
            figures=frozenset({5, 6}),
        ),
    )


def _story(report: RunReport) -> str:
    if not report.stories:
        return ""
    first, *others = report.stories
    more = "".join(
        _more(f"{story.claim_id}: {story.headline}", _story_body(story)) for story in others
    )
    return _section(
        "story",
        f"One denied claim: {first.claim_id}",
        "Read from the claim's own history, attempts, acknowledgements and postings; "
        f"the same on the terminal: billing claim show {first.claim_id}",
        f"<p><b>{escape(first.headline)}</b></p>",
        _story_body(first),
        f"<h3>More stories</h3>{more}" if more else "",
    )


def _story_body(story: ClaimStory) -> str:
    facts = (
        f"encounter {story.encounter_id}",
        f"payer {story.payer_id}",
        f"billed {dollars(story.charge_cents)}",
        f"paid {dollars(story.paid_cents)}",
        f"patient {dollars(story.patient_cents)}",
        f"open {dollars(story.outstanding_cents)}",
        f"now {state(story.state)}",
    )
    steps = "".join(_story_step(step) for step in story.steps)
    return f'{_chips(facts)}<ol class="story" style="margin-top:16px">{steps}</ol>'


def _story_step(step: StoryStep) -> str:
    because = f'<div class="because">{escape(step.because)}</div>' if step.because else ""
    evidence = ""
    if step.evidence:
        lines = "<br>".join(f"<code>{escape(line)}</code>" for line in step.evidence)
        evidence = _more("Evidence", lines)
    who = f" · {escape(step.actor)}" if step.actor else ""
    return (
        f'<li class="{escape(step.tone)}"><b>{escape(step.title)}</b>'
        f'<time datetime="{step.at.isoformat()}">{step.at:%H:%M:%S}{who}</time>'
        f"{because}{_chips(step.facts)}{evidence}</li>"
    )


def _chips(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    return '<ul class="chips">' + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _work(report: RunReport) -> str:
    open_now = {name: count for name, count in report.work_items.items() if count}
    if not open_now:
        return _section("work", "Work for people", "Nothing is open.")
    ranked = sorted(open_now.items(), key=lambda pair: -pair[1])
    rows = [
        Bar(label=queue(name), value=count, text=f"{count:,}", note=_top_reason(report, name))
        for name, count in ranked
    ]
    chart = bars(
        rows,
        title="Open work by queue",
        description=", ".join(f"{row.label}: {row.text}" for row in rows),
    )
    details = _table(
        ("Queue", "Why", "Items", "Money", "What to do", "Due"),
        [
            (
                escape(queue(one.queue)),
                escape(sentence(one.reason)),
                str(one.count),
                dollars(one.amount_cents) if one.amount_cents else "–",
                escape(sentence(one.recommended_action)),
                f"{one.due_on:%d %b}" if one.due_on else "–",
            )
            for one in report.work
        ],
        figures=frozenset({2, 3, 5}),
    )
    return _section(
        "work",
        "Work for people",
        "What needs a person, by who owns it. Engineering gets failures of machines, everyone else "
        f"those of data. {count_of(report.work_resolved, 'item')} resolved during the day.",
        _scroll(chart),
        details,
    )


def _top_reason(report: RunReport, name: str) -> str:
    of_queue = [one for one in report.work if one.queue == name]
    if not of_queue:
        return ""
    top = max(of_queue, key=lambda one: one.count)
    return f"most: {sentence(top.reason).lower()}"


def _payers(report: RunReport) -> str:
    if not report.payers:
        return ""
    rows = [
        (
            escape(one.payer_id),
            f"{one.claims:,}",
            dollars(one.billed_cents),
            dollars(one.paid_cents),
            dollars(one.patient_cents),
            dollars(one.denied_cents),
            f"{one.denials:,}",
            f"{one.rejections:,}",
        )
        for one in report.payers
    ]
    heads = ("Payer", "Claims", "Billed", "Paid", "Patients", "Denied", "Denials", "Rejected")
    return _section(
        "payers",
        "By payer",
        "Each payer behaves in its own way; rejected means turned away before anyone looked at it.",
        _table(heads, rows, figures=frozenset(range(1, 8))),
    )


def _rules(report: RunReport) -> str:
    trial = report.rule_trial
    if trial is None:
        return ""
    outcome = "promotion refused" if trial.refusal else "promoted"
    ended = f"taken back by {trial.rolled_back_by}" if trial.is_rolled_back else "still judging"
    rows = (
        (
            "shadow, no effect",
            f"{trial.claims_in_shadow:,}",
            f"{trial.active_held:,}",
            f"{trial.candidate_held:,}",
            escape(outcome),
        ),
        (
            f"canary, {trial.share_percent} % of claims, forced by {escape(trial.approver)}",
            f"{trial.claims_in_canary:,}",
            f"{trial.canary_active_held:,}",
            f"{trial.canary_held:,}",
            escape(sentence(ended).lower()),
        ),
    )
    changes = [
        (
            escape(one.payer_id),
            escape(sentence(one.reason)),
            f"{one.claims:,}",
            dollars(one.charge_cents),
        )
        for one in trial.changes
    ]
    return _section(
        "rules",
        "A change of rules on trial",
        f"{trial.author} proposed version {trial.version}: “{trial.why}” It may fail at most "
        f"{trial.bound_points} percentage points more claims than the rules in force. "
        f"{count_of(trial.recalled, 'claim')} it held in canary were judged again by the rules in "
        f"force; {trial.still_stopped} are still held by it.",
        _table(
            ("Stage", "Claims", "Fail now", "Fail with it", "So"),
            rows,
            figures=frozenset({1, 2, 3}),
        ),
        "<h3>What its shadow showed: claims it would newly hold</h3>",
        _table(("Payer", "Reason", "Claims", "Charges"), changes, figures=frozenset({2, 3})),
    )


def _kpis(report: RunReport) -> str:
    if not report.kpi_table:
        return ""
    leading = [one for one in report.kpi_table if one.is_leading]
    lagging = [one for one in report.kpi_table if not one.is_leading]
    parts = []
    for title, some in (("What came of it", lagging), ("What announces it", leading)):
        if some:
            parts.append(f"<h3>{title}</h3>{_kpi_table(some)}")
    return _section(
        "kpis",
        "KPIs",
        "Each measure with what it counts. A day is short: where little stands behind a figure, "
        "take it as an example and not as a trend.",
        *parts,
    )


def _kpi_table(some: Sequence[Kpi]) -> str:
    rows = [
        (
            f"<b>{escape(one.label)}</b>",
            measure(one.value, one.unit),
            _fraction(one),
            escape(one.definition),
            "higher" if one.is_better_when_higher else "lower",
        )
        for one in some
    ]
    return _table(
        ("Measure", "Value", "Of", "Definition", "Better"), rows, figures=frozenset({1, 2})
    )


def _fraction(one: Kpi) -> str:
    """What stands behind a rate; money as money, and nothing where it is no count of anything."""
    if one.numerator is None or one.denominator is None or one.unit == "days":
        return "–"
    if "cents" in one.definition:
        return f"{short_dollars(int(one.numerator))} / {short_dollars(int(one.denominator))}"
    return f"{one.numerator:,.0f} / {one.denominator:,.0f}"


def _remittances(report: RunReport) -> str:
    return _section(
        "remittances",
        "Remittances and deposits",
        "Every file is posted once, or kept aside with a reason; every payment meets its deposit, "
        "or finance hears of it.",
        '<div class="two">'
        + _counts("Payments (835)", report.remittances_by_state)
        + _counts("Files", report.remittance_files)
        + _counts("Deposits", report.deposits)
        + _counts("Acknowledgements (999, 277CA)", report.acknowledgements)
        + "</div>",
        _four_totals(report),
        _payment_shown(report),
    )


def _four_totals(report: RunReport) -> str:
    if not report.payment_days:
        return ""
    rows = [
        (
            "✓" if one.agrees else "!",
            f"{one.day:%d %B %Y}",
            str(one.payments),
            dollars(one.deposit_cents),
            dollars(one.announced_cents),
            dollars(one.posted_cents),
            dollars(one.ledger_cents),
            dollars(one.awaited_cents) if one.awaited_cents else "–",
            str(one.unexplained_deposits or "–"),
        )
        for one in report.payment_days
    ]
    heads = (
        "", "Settles", "Payments", "At the bank", "Announced (BPR02)", "Posted", "Ledger",
        "Deposit awaited", "Deposits unexplained",
    )  # fmt: skip
    return (
        "<h3>Four totals, day by day</h3><p>What the bank received, what the payers announced, what "
        "was posted and what the ledger holds, each read from its own source.</p>"
        + _scroll(_table(heads, rows, figures=frozenset({2, 3, 4, 5, 6, 7, 8})))
    )


def _payment_shown(report: RunReport) -> str:
    """One payment, line by line, and where each cent of it went."""
    shown = report.payment_shown
    if shown is None:
        return ""
    rows = [
        (
            str(one.clp),
            f"<code>{escape(one.claim_id)}</code>",
            escape(one.line),
            dollars(one.charge_cents),
            dollars(one.paid_cents),
            dollars(one.contractual_cents),
            dollars(one.patient_cents),
            dollars(one.denied_cents),
            dollars(one.open_cents),
            escape(", ".join(_code_and_dollars(code) for code in one.codes)),
            escape(one.note),
        )
        for one in shown.lines
    ]
    heads = (
        "CLP", "Claim", "Line", "Charge", "Paid", "Contract", "Patient", "Denied", "Open", "Codes", "",
    )  # fmt: skip
    went = _table(
        ("Where the cash went", ""),
        [
            *(
                (escape(destination(where)), dollars(cents))
                for where, cents in shown.destinations.items()
            ),
            ("<b>in all</b>", f"<b>{dollars(sum(shown.destinations.values()))}</b>"),
        ],
        figures=frozenset({1}),
    )
    return (
        f"<h3>Where each cent of one payment went</h3><p>{escape(shown.payer)} paid "
        f"{dollars(shown.paid_cents)} under trace <code>{escape(shown.trace_number)}</code>. "
        f"Any other: <code>billing remit show {escape(shown.trace_number)}</code></p>"
        + _scroll(_table(heads, rows, figures=frozenset({3, 4, 5, 6, 7, 8})))
        + went
    )


def _code_and_dollars(code: str) -> str:
    """`CO-45:2000` as `CO-45 $20.00`."""
    name, _, cents = code.rpartition(":")
    return f"{name} {dollars(int(cents))}"


def _events(report: RunReport) -> str:
    published = sorted(report.events_published.items(), key=lambda pair: -pair[1])
    refused = _table(
        ("Event", "Why it was refused", "Where", "Times"),
        [
            (
                f"<code>{escape(one.type or '(unreadable)')}</code>",
                escape(sentence(one.reason)),
                f"<code>{escape(one.field_path)}</code>",
                str(one.count),
            )
            for one in report.events_refused
        ],
        figures=frozenset({3}),
    )
    unreadable = _table(
        ("File", "Why"),
        [
            (f"<code>{escape(name)}</code>", escape(why))
            for name, why in report.unreadable_files.items()
        ],
    )
    dead = (
        _counts("Dead letters, by workflow", report.dead_letters_by_queue)
        if report.dead_letters
        else "<p>No dead letters: nothing failed for good.</p>"
    )
    return _section(
        "events",
        "Events",
        f"{count_of(sum(report.events_published.values()), 'event')} published. A repeated event "
        "changes nothing; one that is forged, altered or breaks its contract is refused and kept.",
        f"<h3>Refused</h3>{refused}" if report.events_refused else "",
        f"<h3>Files that could not be read</h3>{unreadable}" if report.unreadable_files else "",
        "<h3>Failures</h3>" + dead,
        _more(
            "Published, received and absorbed, by type",
            '<div class="two">'
            + _code_counts("Published", dict(published))
            + _code_counts("Received", report.events_received)
            + _code_counts("Absorbed as repeats", report.events_absorbed)
            + "</div>",
        ),
    )


def _code_counts(title: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    rows = [(f"<code>{escape(name)}</code>", f"{count:,}") for name, count in counts.items()]
    return f"<div><h3>{escape(title)}</h3>{_table(('', ''), rows, figures=frozenset({1}))}</div>"


def _cost(report: RunReport) -> str:
    if not report.cost:
        return ""
    by_service: dict[str, float] = {}
    for line in report.cost:
        by_service[line.service] = by_service.get(line.service, 0.0) + line.usd_per_1000
    rows = [
        Bar(label=sentence(name), value=usd, text=f"${usd:.4f}")
        for name, usd in sorted(by_service.items(), key=lambda pair: -pair[1])
    ]
    chart = bars(
        rows,
        title="AWS cost of 1,000 claims, by service",
        description=", ".join(f"{row.label}: {row.text}" for row in rows),
    )
    details = _table(
        ("What AWS charges for", "Counted", "USD per 1,000 claims"),
        [
            (escape(sentence(line.name)), f"{line.count:,.1f}", f"{line.usd_per_1000:.5f}")
            for line in report.cost
            if line.count
        ],
        figures=frozenset({1, 2}),
    )
    return _section(
        "cost",
        f"AWS cost of 1,000 claims: {_per_thousand(report)}",
        "Counted in this run and priced by the published list (us-east-1, on demand), storage and "
        "fixed prices apart. Counts are of the whole day, visits and denials included.",
        _scroll(chart),
        _more("What was counted", details),
    )


def _checks(report: RunReport) -> str:
    items = "".join(
        f'<li><span class="mark {"good" if check.holds else "bad"}">'
        f"{'✓' if check.holds else '✗'}</span>{escape(check.name)}"
        + (f"<small>{escape(check.detail)}</small>" if check.detail else "")
        + "</li>"
        for check in sorted(report.checks, key=lambda check: check.holds)
    )
    unexplained = _table(
        ("What", "Why it has no explanation"),
        [(escape(one.subject), escape(one.why)) for one in report.unexplained_details],
    )
    return _section(
        "checks",
        "Checks",
        "What this run states. It ends well only if every one of them holds.",
        f'<ul class="checks">{items}</ul>',
        f"<h3>Not explained</h3>{unexplained}" if report.unexplained_details else "",
    )
