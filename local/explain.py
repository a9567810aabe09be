"""Finding what has no end or no reason: the one figure that must be zero.

A claim may well be held, denied or waiting; what it may not be is stuck with nobody knowing why.
Money may differ from what payers say they paid only where a work item or a quarantine says so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.states import AppealState
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.remittance.payments import (
    Deposit,
    Remittance,
    RemittanceFile,
    RemittanceState,
)
from functions.billing.domain.submission.acknowledgement import AcknowledgementFile
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.domain.work_items import WorkItem
from local.accounting import Accounts, ClaimMoney
from local.day.records import Day, Reception, Signing
from local.drive import Delivered
from local.run_report import Unexplained
from local.store import Store

# What the payer says has become of a claim while it still owes us an answer.
_PAYER_OWES = frozenset({"pending", "not_adjudicated"})
_DEAD_ENDS = frozenset({ClaimState.STAGED, ClaimState.VALIDATED, ClaimState.SUBMITTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a run left behind, on our side and on the payers'."""

    day: Day
    store: Store
    accounts: Accounts
    delivered: Delivered
    payers: Mapping[str, Any]

    def worked(self) -> set[str]:
        """What there is or was work about."""
        return {item.about for item in self.store.of(WorkItem)} | self._answered_in_quarantine()

    def _answered_in_quarantine(self) -> set[str]:
        """Claims whose answer lies in a payment kept aside, which is finance's work."""
        ours = {one.patient_control_number: one.claim_id for one in self.store.of(Attempt)}
        return {
            f"claim:{ours[number]}"
            for payment in self.store.of(Remittance)
            if payment.state is RemittanceState.QUARANTINED
            for number in payment.claims_named
            if number in ours
        }

    def payer_claims(self) -> dict[str, list[Mapping[str, Any]]]:
        """What the payers hold, by our claim's id; unknown ones under an empty id."""
        ours = {one.patient_control_number: one.claim_id for one in self.store.of(Attempt)}
        found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for theirs in self.payers["claims"]:
            found[ours.get(theirs["patient_control_number"], "")].append(theirs)
        return dict(found)


def unexplained(evidence: Evidence) -> tuple[Unexplained, ...]:
    """Everything that has no end or no reason."""
    return (
        *_encounters(evidence),
        *_claims(evidence),
        *_denials(evidence),
        *_money(evidence),
        *_files(evidence),
        *_payments(evidence),
    )


def _encounters(evidence: Evidence) -> Iterator[Unexplained]:
    known = {one.encounter_id: one for one in evidence.store.of(BillingEncounter)}
    for encounter_id in sorted(signed_encounters(evidence.day)):
        encounter = known.get(encounter_id)
        subject = f"encounter:{encounter_id}"
        if encounter is None:
            yield Unexplained(subject=subject, why="was signed, and billing never heard of it")
        elif encounter.state is EncounterState.OPEN:
            yield Unexplained(subject=subject, why="was signed, and is neither billed nor held")
        elif encounter.state is EncounterState.BILLED and not encounter.claim_ids:
            yield Unexplained(subject=subject, why="counts as billed, and has no claim")
        elif encounter.state in {EncounterState.HELD, EncounterState.NOT_BILLABLE} and not (
            encounter.reasons or encounter.not_billed
        ):
            yield Unexplained(subject=subject, why=f"is {encounter.state} for no stated reason")


def signed_encounters(day: Day) -> set[str]:
    """Encounters whose signing the system has to believe."""
    return {
        event.data["encounter_id"]
        for event in day.events
        if event.type == "encounter.signed"
        and event.expect is Reception.ACTED
        and event.signing is Signing.VALID
    }


def _claims(evidence: Evidence) -> Iterator[Unexplained]:
    worked = evidence.worked()
    payer_claims = evidence.payer_claims()
    excused = _excused_traces(evidence)
    denied = {case.claim_id for case in evidence.store.of(DenialCase)}
    for money in evidence.accounts.claims:
        claim = money.claim
        theirs = payer_claims.get(claim.claim_id, [])
        is_kept_aside = any(excused & set(one["remittances"]) for one in theirs)
        why = _why_stuck(
            money,
            has_work=claim.subject in worked or is_kept_aside,
            theirs=theirs,
            is_denied=claim.claim_id in denied,
        )
        if why:
            yield Unexplained(subject=claim.subject, why=why)


def _why_stuck(
    money: ClaimMoney, *, has_work: bool, theirs: list[Mapping[str, Any]], is_denied: bool
) -> str:
    claim = money.claim
    if claim.state in _DEAD_ENDS:
        return f"stopped while {claim.state}"
    match claim.state:
        case ClaimState.HELD | ClaimState.REJECTED:
            return "" if claim.reasons and has_work else f"is {claim.state} without reason or work"
        case ClaimState.AWAITING_APPROVAL | ClaimState.OUTCOME_UNKNOWN:
            return "" if has_work else f"is {claim.state}, and nobody was told"
        case ClaimState.SUBMITTED | ClaimState.ACCEPTED:
            return "" if has_work or _still_with_payer(theirs) else _not_with_payer(theirs)
        case ClaimState.ADJUDICATED | ClaimState.CLOSED:
            # What is for the next payer stands on an account of its own, which says so.
            is_open = money.open_insurance_cents != 0 or money.balance.credit_cents != 0
            if is_open and not (has_work or is_denied):
                return (
                    f"was answered, and {money.open_insurance_cents} cents are open for no reason"
                )
    return ""


def _still_with_payer(theirs: list[Mapping[str, Any]]) -> bool:
    return any(one["fate"] in _PAYER_OWES or not one["acknowledged"] for one in theirs)


def _not_with_payer(theirs: list[Mapping[str, Any]]) -> str:
    if not theirs:
        return "was sent, and no payer holds it"
    fates = ", ".join(sorted({str(one["fate"]) for one in theirs}))
    return f"waits for an answer, and the payer says: {fates}"


def _denials(evidence: Evidence) -> Iterator[Unexplained]:
    for case in evidence.store.of(DenialCase):
        if case.state in {DenialState.RECEIVED, DenialState.CLASSIFIED} and not case.action:
            yield Unexplained(subject=case.subject, why=f"is {case.state}, and nothing was done")
    worked = evidence.worked()
    for appeal in evidence.store.of(Appeal):
        is_stuck = appeal.state in {AppealState.OPENED, AppealState.READY}
        if is_stuck and appeal.subject not in worked:
            yield Unexplained(subject=appeal.subject, why=f"is {appeal.state}, and nobody was told")


def _money(evidence: Evidence) -> Iterator[Unexplained]:
    """Claim by claim, what our ledger says payers paid against what payers say they paid."""
    payer_claims = evidence.payer_claims()
    excused = _excused_traces(evidence)
    worked = evidence.worked()
    for claim_id, theirs in payer_claims.items():
        traces = {trace for one in theirs for trace in one["remittances"]}
        money = evidence.accounts.of(claim_id)
        if money is None:
            for one in theirs:
                yield Unexplained(
                    subject=f"payer claim {one['payer_claim_control_number']}",
                    why="a payer holds a claim that is not among ours",
                )
            continue
        if traces & excused or money.claim.subject in worked:
            continue
        theirs_cents = sum(one["paid_cents"] for one in theirs)
        ours_cents = money.standing.paid_cents
        if theirs_cents != ours_cents:
            yield Unexplained(
                subject=money.claim.subject,
                why=f"the payer says it paid {theirs_cents} cents, our ledger {ours_cents}",
            )


def _excused_traces(evidence: Evidence) -> set[str]:
    """Payments that are kept aside, with a reason and with work for somebody."""
    return {
        one.header.trace_number
        for one in evidence.store.of(Remittance)
        if one.state in {RemittanceState.QUARANTINED, RemittanceState.EXCEPTION}
    }


def _files(evidence: Evidence) -> Iterator[Unexplained]:
    by_key = {one.file_key: one for one in evidence.store.of(RemittanceFile)}
    by_content = {one.content_sha256 for one in evidence.store.of(AcknowledgementFile)}
    for key, file in evidence.delivered.files.items():
        if not key.startswith("remittances/"):
            if file["sha256"] not in by_content:
                yield Unexplained(subject=f"file {key}", why="came, and was never recorded")
            continue
        known = by_key.get(key)
        if known is None:
            yield Unexplained(subject=f"file {key}", why="came, and was never recorded")
        elif known.outcome == "refused" and not known.reasons:
            yield Unexplained(subject=f"file {key}", why="was refused for no stated reason")


def _payments(evidence: Evidence) -> Iterator[Unexplained]:
    worked = evidence.worked()
    for one in evidence.store.of(Remittance):
        if one.state is RemittanceState.RECEIVED:
            yield Unexplained(subject=one.subject, why="was read, and never posted to its end")
        elif one.state is RemittanceState.QUARANTINED and not (
            one.reasons and one.subject in worked
        ):
            yield Unexplained(subject=one.subject, why="is kept aside, and nobody was told")
    known = {name: one for one in evidence.store.of(Deposit) for name in one.names}
    for deposit in evidence.delivered.deposits:
        stored = known.get(deposit["deposit_id"])
        if stored is None:
            subject = f"deposit:{deposit['deposit_id']}"
            yield Unexplained(subject=subject, why="reached the bank, and was never recorded")
        elif stored.state == "differs" and stored.subject not in worked:
            yield Unexplained(subject=stored.subject, why="differs, and nobody was told")


def unanswered_claims(evidence: Evidence) -> list[Claim]:
    """Claims a payer still owes an answer for."""
    return [
        one.claim
        for one in evidence.accounts.claims
        if one.claim.state in {ClaimState.SUBMITTED, ClaimState.ACCEPTED}
    ]
