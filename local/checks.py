"""What a run states, each with whether it holds. The command succeeds only if all of them do."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

from functions.billing.domain.intake.transactions import LandedTransaction, Landing
from functions.billing.domain.ledger.balances import LedgerProof
from functions.billing.domain.money import dollars
from local.network import WebhookTraffic
from local.report.words import count_of
from local.run_report import Check, Money, RuleTrial, Unexplained
from local.secrecy import Leaks

# The day holds a roll-out of rules, an outage and second payers, which cost more than a plain day does.
COST_MAX_USD = 0.30
_SHOWN = 3


def _some(problems: Sequence[str]) -> str:
    shown = "; ".join(problems[:_SHOWN])
    left = len(problems) - _SHOWN
    return f"{shown}; and {left} more" if left > 0 else shown


def all_of(name: str, problems: Sequence[str], good: str = "") -> Check:
    """Holds when there is no problem."""
    return Check(name=name, holds=not problems, detail=_some(problems) if problems else good)


def no_duplicates(duplicates: int, submissions: int) -> Check:
    """The payers count; we only read it."""
    return Check(
        name="No claim reached a payer twice",
        holds=duplicates == 0,
        detail=f"the payers counted {duplicates} among {count_of(submissions, 'submission')}",
    )


def ledger_balances(proof: LedgerProof) -> Check:
    """Every posting, read raw from the table."""
    return Check(
        name="The ledger sums to zero",
        holds=proof.holds,
        detail=f"{count_of(proof.posting_count, 'posting')}, "
        f"off by {dollars(proof.imbalance_cents)}",
    )


def everything_explained(found: Sequence[Unexplained]) -> Check:
    """Nothing without an end or a reason."""
    return all_of(
        "Everything has an end and a reason", [f"{one.subject} {one.why}" for one in found]
    )


def outages_drained(held: int, still_held: int) -> Check:
    """Whatever an outage held has gone."""
    return Check(
        name="What an outage held was sent when it was over",
        holds=not still_held,
        detail=f"{count_of(held, 'claim')} held, {still_held} still waiting",
    )


def money_adds_up(money: Money) -> Check:
    """Billed is the sum of what became of it."""
    parts_cents = (
        money.contractual_cents
        + money.paid_cents
        + money.outstanding_cents
        + money.written_off_cents
    )
    return Check(
        name="What was billed is the sum of what became of it",
        holds=parts_cents == money.billed_cents,
        detail=f"{dollars(money.billed_cents)} billed, {dollars(parts_cents)} accounted for",
    )


def money_as_known(money: Money, known: Money, *, faults_seed: int | None) -> Check:
    """The built-in day's money, whatever went wrong on the way."""
    off = [
        f"{name.removesuffix('_cents')} is off by {dollars(getattr(money, name) - cents)}"
        for name, cents in asdict(known).items()
        if getattr(money, name) != cents
    ]
    circumstances = "" if faults_seed is None else f", with the faults of seed {faults_seed}"
    return all_of(
        "The money is this day's money, to the cent",
        off,
        f"{dollars(money.billed_cents)} billed, {dollars(money.paid_cents)} paid{circumstances}",
    )


def no_leaks(leaks: Leaks) -> Check:
    """No patient in logs, events and dead letters."""
    return Check(
        name="No patient shows in logs, events or dead letters",
        holds=not leaks.places and leaks.words_looked_for > 0,
        detail=_some(sorted(set(leaks.places)))
        if leaks.places
        else f"{count_of(leaks.words_looked_for, 'name and number', 'names and numbers')} looked "
        f"for in {count_of(leaks.texts_read, 'line')}",
    )


def bad_rules_taken_back(trial: RuleTrial) -> Check:
    """A change that would double the failures is seen in shadow, taken back in canary, and leaves nothing behind."""
    is_seen = bool(trial.refusal) and trial.candidate_held >= 2 * trial.active_held
    return Check(
        name="A rule change that would double failures was caught and taken back",
        holds=is_seen and trial.is_rolled_back and trial.recalled > 0 and trial.still_stopped == 0,
        detail=f"{trial.recalled} claims it held were judged again, {trial.still_stopped} are still held by it",
    )


def listed_files_landed(
    landed: Sequence[LandedTransaction], *, wanted: Collection[str], traffic: WebhookTraffic
) -> Check:
    """Whatever the network did to webhooks and drops, every file on the clearinghouse's list is here."""
    here = {one.transaction_id for one in landed}
    missing = [f"{one} is listed and not here" for one in sorted(set(wanted) - here)]
    fetched = sum(one.landing is Landing.FETCHED for one in landed)
    return all_of(
        "Every file on the clearinghouse's list is here",
        [*missing, *traffic.problems],
        f"{count_of(len(here), 'file')}, {fetched} of them fetched, "
        f"{len(traffic.lost)} of those after a lost webhook",
    )


def cheap_enough(usd_per_1000: float | None) -> Check:
    """The cost target."""
    return Check(
        name=f"1,000 claims cost less than USD {COST_MAX_USD:.2f} on AWS",
        holds=usd_per_1000 is not None and usd_per_1000 < COST_MAX_USD,
        detail="no claims" if usd_per_1000 is None else f"USD {usd_per_1000:.3f}",
    )
