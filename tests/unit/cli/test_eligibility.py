"""What a person sees of a coverage: what is known, until when, every check, and what to do."""

from datetime import date
from io import StringIO
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console

from cli.eligibility import _print_coverage, _print_estimate, policy
from functions.billing.domain.eligibility.checks import EligibilityCheck
from local.errors import LocalCloudError
from local.store import Store
from tests.unit.usecases.front_desk import FrontDesk
from tests.unit.usecases.payer_files import benefits_file

POLICIES = Path(__file__).parents[3] / "rulesets/payer_policies/example.json"


def seen(desk: FrontDesk) -> str:
    store = Store(tuple(desk.records.tables.tables["records"].values()))
    shown = Console(record=True, width=160, file=StringIO())
    checks = store.under(EligibilityCheck, desk.coverage.key.partition)
    _print_coverage(desk.coverage, checks, store, shown, desk.clock.now())
    return shown.export_text()


def test_a_covered_patient_is_seen_with_estimate_and_next_recheck() -> None:
    desk = FrontDesk()
    desk.book()

    text = seen(desk)

    assert "Active on 05 Mar 2026; trusted for 3.0 days more; recheck in 2.1 days." in text
    assert "the patient owes about $25.00" in text
    assert "contract bluepeak-example-2" in text
    assert "booking" in text
    assert "EB01:1" in text


def test_a_lapse_is_seen_with_before_after_and_what_to_do() -> None:
    desk = FrontDesk()
    desk.book()
    desk.payer_says(benefits_file("6"))
    desk.clock.advance(hours=60)
    desk.recheck()

    text = seen(desk)

    assert "Inactive" in text
    assert "coverage state: active -> inactive" in text
    assert "Work for front desk: coverage changed, by 06 Mar." in text
    assert "Work for billing: coverage changed, by 06 Mar." in text


def test_an_outage_is_seen_as_what_it_is() -> None:
    desk = FrontDesk()
    desk.payer_says(None)
    desk.book()
    for _ in range(3):
        desk.clock.advance(minutes=5)
        desk.recheck()

    text = seen(desk)

    assert "Never answered for; the payer has not answered for" in text
    assert "nothing" in text
    assert "recheck" in text or "held until the payer is back" in text


def test_each_check_names_the_bytes_that_prove_it() -> None:
    desk = FrontDesk()
    desk.book()

    (key,) = desk.evidence.kept

    assert key in seen(desk)


def priced(desk: FrontDesk) -> str:
    store = Store(tuple(desk.records.tables.tables["records"].values()))
    shown = Console(record=True, width=160, file=StringIO())
    _print_estimate(desk.visit, store, shown)
    return shown.export_text()


def test_an_estimate_is_seen_with_its_deadline_and_its_parts() -> None:
    desk = FrontDesk()
    desk.request_estimate(on=date(2026, 3, 2), self_pay=True, is_booked=False)

    text = priced(desk)

    assert "Visit app on 05 Mar 2026 14:00, proposed" in text
    assert "asked for by the patient: $" in text
    assert "in writing by 05 Mar 2026, not given yet." in text
    assert "99213 x 1" in text
    assert "Work for front desk: good faith estimate owed, by 05 Mar." in text

    desk.give_estimate(on=date(2026, 3, 6))
    assert "given on 06 Mar 2026, too late." in priced(desk)


def test_an_insured_patients_estimate_says_how_it_was_worked_out() -> None:
    desk = FrontDesk()
    desk.book()

    assert "the patient owes about $25.00" in priced(desk)
    assert "contract bluepeak-example-2" in priced(desk)


def test_a_visit_without_an_estimate_says_why() -> None:
    desk = FrontDesk()
    desk.book(self_pay=True, start="2026-03-04T14:00:00Z")
    assert "booked less than three business days ahead, and nobody asked" in priced(desk)

    desk.payer_says(None)
    desk.book()
    assert "its payer has not answered" in priced(desk)


def test_the_table_of_trust_is_printed_by_class_and_payer() -> None:
    answer = CliRunner().invoke(policy, ["--file", str(POLICIES)])

    assert answer.exit_code == 0
    for words in ("Exchange grace", "168 h", "BLUEPEAK", "month of service"):
        assert words in answer.output


def test_a_file_that_holds_no_policies_is_refused_by_field(tmp_path: Path) -> None:
    broken = tmp_path / "policies.json"
    broken.write_text('{"name": "x", "payers": []}')

    answer = CliRunner().invoke(policy, ["--file", str(broken)])

    assert isinstance(answer.exception, LocalCloudError)
    assert "eligibility" in str(answer.exception)
