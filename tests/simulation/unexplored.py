"""Calls that no schedule meets with every fault: why that is so, and which tests stand in for it.

`test_coverage.py` holds the code to this list: a call that is neither explored nor listed here fails it, and so does a
line that is no longer true.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unexplored:
    """A use case, or part of one: why no scenario comes to it, the tests that repeat or interrupt it, and its calls."""

    why: str
    tests: tuple[str, ...]
    calls: Mapping[str, tuple[str, ...]]


UNEXPLORED: Mapping[str, Unexplored] = {
    "adjust_balance.py": Unexplored(
        "One transaction under the adjustment's own id; nothing is called outside.",
        ("test_an_adjustment_heard_twice_is_posted_once",),
        {
            "_unmatched": ("records.commit", "records.get"),
            "adjust_balance": ("records.commit", "records.get", "records.get"),
        },
    ),
    "assemble_appeal.py": Unexplored(
        "Reads, documents named by their content, then one transaction: dying anywhere leaves the appeal open.",
        (
            "test_an_appeal_is_sent_once_with_its_manifest_only",
            "test_the_packet_about_a_claim_of_a_file_holds_that_claim_and_no_other",
        ),
        {
            "_clinical": ("records.get", "records.get"),
            "_document": ("evidence.fetch",),
            "_documents": (
                "records.get",
                "records.get",
                "records.get",
                "records.under",
                "records.under",
            ),
            "_out_of_its_file": ("evidence.fetch", "evidence.keep", "records.get"),
            "_report_missing": ("records.commit", "records.get"),
            "assemble_appeal": (
                "evidence.keep",
                "evidence.keep",
                "records.commit",
                "records.get",
                "records.get",
                "records.get",
            ),
        },
    ),
    "check_reconciliation.py": Unexplored(
        "It looks and opens work under names made of what it found: a second look opens nothing anew.",
        (
            "test_a_run_delivered_again_leaves_one_report",
            "test_a_posting_that_was_changed_is_found_and_told_to_engineering_once",
        ),
        {
            "_each": ("records.commit",),
            "_held_too_long": ("records.due", "records.get", "records.listed"),
            "_match_waiting_deposits": ("records.due",),
            "_overdue_claims": ("records.due", "records.get"),
            "_overdue_deposits": ("records.due", "records.get"),
            "_overdue_payments": ("records.due", "records.get"),
            "_prove_ledger": ("records.listed",),
            "check_reconciliation": ("records.commit", "records.get"),
        },
    ),
    "checking.py": Unexplored(
        "Asking about coverage changes nothing at the payer; what was asked last is taken down before.",
        (
            "test_a_run_that_dies_while_asking_leaves_the_coverage_due",
            "test_of_two_runs_that_looked_at_the_same_time_one_asks",
        ),
        {
            "_again": ("records.get",),
            "_answer": ("clearinghouse.check_eligibility", "evidence.keep"),
            "_commit": ("records.commit",),
            "_keep": ("records.get",),
            "_known": ("records.get",),
            "_note": ("records.commit",),
            "_note_missing_policy": ("records.get",),
            "_renewed": ("records.get",),
            "_written": ("control_numbers.next",),
        },
    ),
    "classify_denial.py": Unexplored(
        "One read, one transaction.",
        ("test_a_denial_is_classified_once",),
        {
            "classify_denial": ("records.commit", "records.get"),
        },
    ),
    "decide_appeal.py": Unexplored(
        "Reads, then one transaction on the appeal's version.",
        ("test_a_decision_heard_twice_says_the_same_and_changes_nothing",),
        {
            "decide_appeal": ("records.commit", "records.get", "records.get", "records.get"),
        },
    ),
    "estimating.py": Unexplored(
        "A read for an estimate.",
        ("test_a_booking_delivered_again_asks_nobody_again",),
        {
            "_by_history": ("records.under",),
        },
    ),
    "fetch_transactions.py": Unexplored(
        "Fetching changes nothing there; deaths at every write are drawn by hypothesis.",
        ("test_whatever_is_dropped_lost_or_crashes_every_listed_file_is_here_in_the_end",),
        {
            "_known": ("records.get", "records.listed"),
            "_land": ("intake.put", "transactions.open"),
            "_move": ("records.commit",),
            "_see_to": ("records.get", "records.remember"),
            "fetch_transactions": ("records.get", "transactions.since"),
        },
    ),
    "find_rechecks.py": Unexplored(
        "A read of what is due.",
        ("test_of_two_runs_that_looked_at_the_same_time_one_asks",),
        {
            "_found": ("records.due",),
        },
    ),
    "inquire_status.py": Unexplored(
        "A question changes nothing at the payer, and no answer ever sends a claim.",
        (
            "test_the_same_event_again_asks_once",
            "test_not_found_sends_no_claim_of_unknown_outcome_again",
        ),
        {
            "_content": ("records.get",),
            "ask": ("clearinghouse.check_status", "control_numbers.next"),
            "inquire_status": ("records.get", "records.under"),
            "record": ("records.commit",),
        },
    ),
    "match_deposit.py": Unexplored(
        "Reads, then one transaction.",
        (
            "test_a_crash_before_the_deposit_is_stored_leaves_nothing_booked",
            "test_a_deposit_reported_again_changes_nothing",
        ),
        {
            "_announced": ("records.due", "records.get", "records.under"),
            "_commit": ("records.commit",),
            "_told_of": ("records.get", "records.get"),
        },
    ),
    "measure_kpis.py": Unexplored(
        "Reads, then one snapshot under the day's own name.",
        ("test_a_snapshot_keeps_every_segment_and_a_second_run_keeps_the_first",),
        {
            "_claim_facts": ("records.listed",),
            "_facts_of": ("records.listed", "records.under"),
            "_facts_of_payment": ("records.under",),
            "_posting_facts": ("records.listed",),
            "_visit_facts": ("records.get", "records.listed"),
            "measure_kpis": ("records.commit", "records.get"),
        },
    ),
    "posting.py": Unexplored(
        "Reads in the middle of what is explored, for payments that bring denials.",
        ("test_a_batch_delivered_again_posts_nothing_twice",),
        {
            "_new_denials": ("records.get",),
            "_recovered": ("records.get",),
        },
    ),
    "postings.py": Unexplored(
        "A read for the proof of the whole ledger.",
        ("test_a_posting_that_was_changed_is_found_and_told_to_engineering_once",),
        {
            "entries_of": ("records.under",),
        },
    ),
    "read_deposits.py": Unexplored(
        "Each deposit is remembered under its own id before the file is closed.",
        ("test_an_interrupted_file_is_finished_by_the_next_run",),
        {
            "_refuse": ("records.commit",),
            "read_deposits": ("evidence.keep", "intake.fetch", "records.get", "records.remember"),
        },
    ),
    "read_remittance.py": Unexplored(
        "Reads for payments that two people released, or that are kept aside.",
        (
            "test_a_release_heard_of_twice_posts_once",
            "test_a_quarantined_file_read_again_is_quarantined_once",
        ),
        {
            "_quarantine": ("records.get",),
            "_read_released": ("evidence.open", "records.get"),
        },
    ),
    "respond_to_denial.py": Unexplored(
        "Reads, then one transaction on the denial's version.",
        ("test_a_denial_is_answered_once",),
        {
            "commit": ("records.commit",),
            "respond_to_denial": ("records.get", "records.get"),
        },
    ),
    "trying.py": Unexplored(
        "A read of which rules judge.",
        ("test_a_denial_is_classified_once",),
        {
            "assignment": ("records.get",),
            "of": ("records.get",),
        },
    ),
    "verify_eligibility.py": Unexplored(
        "Reads, then one transaction on the visit's version.",
        ("test_a_booking_delivered_again_asks_nobody_again", "test_a_visit_is_cancelled_once"),
        {
            "_bundle": ("intake.fetch",),
            "_commit": ("records.commit",),
            "_known_of": ("records.get",),
            "cancel": ("records.get",),
            "estimate": ("records.get",),
            "note_given": ("records.get",),
            "recheck": ("records.get",),
            "update_insurance": ("records.get",),
            "visit": ("records.get", "records.get"),
        },
    ),
    "work.py": Unexplored(
        "A read of what is known, for answers that cannot be read.",
        ("test_a_claim_without_a_999_is_work_for_billing_once_and_is_awaited_further",),
        {
            "not_yet_known": ("records.get",),
        },
    ),
}
