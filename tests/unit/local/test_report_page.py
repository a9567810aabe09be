import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from rich.console import Console

from local.report.page import page
from local.report.terminal import print_summary
from local.run_report import FunnelStage, Money, RunReport, StoryStep, read_json, write_json
from tests.unit.local.reports import START, made_up_report

VOID = {"meta", "br"}


class _Balanced(HTMLParser):
    """Complains when a tag is closed that is not open, or left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It opens and closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_the_page_is_well_formed() -> None:
    parser = _Balanced()

    parser.feed(page(made_up_report()))

    assert parser.open == []


def test_the_page_needs_nothing_but_itself() -> None:
    html = page(made_up_report())

    assert not re.search(r"<script|<link|<img|url\(|@import|https?://", html)


def test_every_chart_has_words_for_those_who_cannot_see_it() -> None:
    charts = re.findall(r"<svg[^>]*>", page(made_up_report()))

    assert len(charts) >= 4
    assert all('role="img"' in chart and "aria-label=" in chart for chart in charts)


def test_the_page_says_when_every_check_holds_and_when_one_does_not() -> None:
    assert "All 4 checks hold" in page(made_up_report())
    assert "1 check of 4 does not hold" in page(made_up_report(all_hold=False))


def test_text_from_a_run_cannot_become_markup() -> None:
    report = made_up_report()
    step = StoryStep(at=START, title="<b>bold</b>", facts=("<script>alert(1)</script>",))
    story = replace(report.stories[0], steps=(step,), headline='"><img src=x>')

    html = page(replace(report, stories=(story,)))

    assert "<script>" not in html
    assert "<img" not in html


def test_the_waterfall_ends_where_the_money_was_paid() -> None:
    report = replace(made_up_report(), money=Money(billed_cents=100_00, paid_cents=100_00))

    html = page(report)

    assert "Billed: $100, Paid by payers: $100" in html


def test_a_run_without_claims_still_has_a_page_and_a_summary() -> None:
    full = made_up_report()
    empty = RunReport(
        name="empty",
        seed=1,
        today=full.today,
        started_at=START,
        seconds=1.0,
        patients=0,
        encounters=0,
        claims={},
        submissions=0,
        duplicates_at_payer=0,
        remittances=0,
        ledger_imbalance_cents=0,
        unexplained=0,
        work_items={},
        dead_letters=0,
        kpis={},
        events_published={},
        funnel=(FunnelStage(label="Visits signed", count=0),),
    )
    console = Console(width=120, record=True, file=None)

    with console.capture() as printed:
        print_summary(empty, console)

    assert "Visits signed" in page(empty)
    assert "0 claims" in printed.get()


def test_the_summary_names_what_does_not_hold() -> None:
    console = Console(width=140)

    with console.capture() as printed:
        print_summary(made_up_report(all_hold=False), console)

    assert "✗ 1 of 4 checks do not hold." in printed.get()
    assert "✗  Everything has an end and a reason" in printed.get()


def test_the_json_report_has_the_names_it_promises(tmp_path: Path) -> None:
    path = tmp_path / "report.json"

    write_json(made_up_report(), path)

    text = path.read_text()
    for name in (
        "encounters",
        "claims",
        "submissions",
        "duplicates_at_payer",
        "remittances",
        "ledger_imbalance_cents",
        "unexplained",
        "work_items",
        "dead_letters",
        "kpis",
        "events_published",
    ):
        assert f'"{name}":' in text
    assert read_json(path) == made_up_report()


def test_what_rules_held_stands_with_its_queue_its_fields_and_what_to_do() -> None:
    shown = page(made_up_report())

    assert "Procedure pair conflict" in shown
    assert "<code>lines[1].procedure</code>" in shown
    assert "Drop the included procedure." in shown


def test_what_rules_let_through_stands_with_the_rules_that_passed_it() -> None:
    shown = page(made_up_report())

    row = shown[shown.index('id="missed"') :]
    for word in ("BLUEPEAK", "<code>CO-151</code>", "97110", "$180.00", "units-limit"):
        assert word in row
