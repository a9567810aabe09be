"""The published contract of every event: what it carries, its version, and who is authoritative for the fact.

Events carry identifiers and references; documents rest in the intake bucket, so no event holds protected health
information. The JSON Schemas in `contracts/` are generated from here.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:\-/|]+$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DocumentKey = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[A-Za-z0-9._:\-/]+$")]
ReasonWords = tuple[Identifier, ...]


class Contract(BaseModel):
    """Base of every payload: closed, frozen, and silent about values it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    event_type: ClassVar[str]
    event_version: ClassVar[int] = 1
    authority: ClassVar[str]
    consumer: ClassVar[str]


class _Document(Contract):
    document_key: DocumentKey
    document_sha256: Sha256


class AppointmentCreated(_Document):
    """A visit was booked; the document holds patient, coverages and what is planned."""

    event_type = "appointment.created"
    authority = "EHR scheduling"
    consumer = "checks eligibility and estimates the patient's share"
    appointment_id: Identifier
    patient_id: Identifier
    starts_at: AwareDatetime
    location_id: Identifier | None = None
    encounter_id: Identifier | None = None


class AppointmentCancelled(Contract):
    """A booked visit will not take place: its rechecks are cancelled."""

    event_type = "appointment.cancelled"
    authority = "EHR scheduling"
    consumer = "cancels rechecks"
    appointment_id: Identifier


class InsuranceUpdated(_Document):
    """The patient's insurance changed; `resource_version` orders the changes."""

    event_type = "insurance.updated"
    authority = "EHR registration"
    consumer = "drops cached eligibility and checks again"
    patient_id: Identifier
    resource_version: int = Field(ge=1)


class PatientCheckedIn(_Document):
    """The patient is at the desk."""

    event_type = "patient.checked_in"
    authority = "EHR registration"
    consumer = "checks eligibility once more when the last answer is stale"
    appointment_id: Identifier
    patient_id: Identifier


class EstimateRequested(_Document):
    """A patient asked what a visit will cost; the document holds the appointment, booked or only proposed.

    Any question about cost counts as a request (45 CFR 149.610(b)(1)). `requested_on` is the practice's date.
    """

    event_type = "estimate.requested"
    authority = "EHR registration"
    consumer = "works out a Good Faith Estimate, due within three business days"
    appointment_id: Identifier
    patient_id: Identifier
    requested_on: date


class EstimateGiven(Contract):
    """The patient was given the Good Faith Estimate in writing; `given_on` is the practice's date."""

    event_type = "estimate.given"
    authority = "EHR registration"
    consumer = "notes whether the deadline was kept; ends the work"
    appointment_id: Identifier
    given_on: date


class AuthorizationObtained(_Document):
    """A payer authorized services; held claims are judged again."""

    event_type = "authorization.obtained"
    authority = "EHR referrals"
    consumer = "judges a held claim again with the authorization"
    encounter_id: Identifier


class DiagnosisFinalized(_Document):
    """The encounter's diagnoses are final."""

    event_type = "diagnosis.finalized"
    authority = "EHR clinical"
    consumer = "notes the fact; assembles again a claim that has not left"
    encounter_id: Identifier


class ProcedureCoded(_Document):
    """A procedure was coded."""

    event_type = "procedure.coded"
    authority = "EHR coding"
    consumer = "notes the fact; assembles again a claim that has not left"
    encounter_id: Identifier


class ChargeSigned(_Document):
    """A charge was signed."""

    event_type = "charge.signed"
    authority = "EHR charge capture"
    consumer = "notes the fact; assembles again a claim that has not left"
    encounter_id: Identifier


class EncounterSigned(_Document):
    """The encounter is closed: it may be billed."""

    event_type = "encounter.signed"
    authority = "EHR clinical"
    consumer = "assembles, validates and releases the claim"
    encounter_id: Identifier
    patient_id: Identifier


class BalanceAdjusted(Contract):
    """Staff adjusted the balance of an encounter's claim; positive reduces what is owed."""

    event_type = "balance.adjusted"
    authority = "EHR patient accounting"
    consumer = "posts the adjustment once"
    adjustment_id: Identifier
    encounter_id: Identifier
    amount_cents: int
    reason_code: Identifier


class PaymentDeposited(Contract):
    """Money reached the bank."""

    event_type = "payment.deposited"
    authority = "bank"
    consumer = "matches the deposit with its remittance by trace number"
    deposit_id: Identifier
    trace_number: Identifier
    payer_identifier: Identifier
    amount_cents: int
    deposited_on: date


class DepositsReceived(Contract):
    """A bank's file (NACHA with CCD+ addenda, or BAI2) rests in the intake bucket."""

    event_type = "deposits.received"
    authority = "bank"
    consumer = "matches each deposit of the file with its remittance by trace number"
    file_key: DocumentKey


class RemittanceReceived(Contract):
    """An 835 file rests in the intake bucket."""

    event_type = "remittance.received"
    authority = "clearinghouse"
    consumer = "posts each payment of the file once"
    file_key: DocumentKey


class AcknowledgementReceived(Contract):
    """A TA1, 999 or 277CA file rests in the intake bucket."""

    event_type = "acknowledgement.received"
    authority = "clearinghouse"
    consumer = "moves the claims it names"
    file_key: DocumentKey


class AppealAnswered(Contract):
    """The payer decided an appeal."""

    event_type = "appeal.answered"
    authority = "payer"
    consumer = "closes the level, or opens the next one"
    appeal_id: Identifier
    level: int = Field(ge=1, le=5)
    decision: Literal["overturned", "upheld"]
    decided_on: date


class RecheckDue(Contract):
    """Time to look for coverages that wait for another check."""

    event_type = "recheck.due"
    authority = "schedule"
    consumer = "checks again what is due"


class OutageDue(Contract):
    """Time to look whether what was out of reach answers again."""

    event_type = "outage.due"
    authority = "schedule"
    consumer = "lets claims go that an outage held"


class ReconciliationDue(Contract):
    """Time to look for stuck claims, unposted money and unmatched deposits."""

    event_type = "reconciliation.due"
    authority = "schedule"
    consumer = "opens work for whatever does not add up, measures the KPIs"


class RollOutDue(Contract):
    """Time to look at rule versions on trial."""

    event_type = "rollout.due"
    authority = "schedule"
    consumer = "takes back versions beyond their bound, judges again what they stopped"


class SubmissionsDue(Contract):
    """Time to look for submissions that stand still."""

    event_type = "submissions.due"
    authority = "schedule"
    consumer = "wakes what was released and not begun, or begun and not answered"


class ListingDue(Contract):
    """Time to look at the clearinghouse's list."""

    event_type = "listing.due"
    authority = "schedule"
    consumer = "fetches every remittance that is listed and not here"


class _Outbound(Contract):
    authority = "billing"
    consumer = "anyone who follows the claim"


class EligibilityVerified(_Outbound):
    """A payer answered."""

    event_type = "eligibility.verified"
    coverage_id: Identifier
    payer_id: Identifier
    coverage_state: Literal["active", "inactive", "undetermined"]
    match_quality: Identifier
    appointment_id: str = ""


class EligibilityUnavailable(_Outbound):
    """A payer could not be reached: the visit is marked for recheck and schedulers know."""

    event_type = "eligibility.unavailable"
    coverage_id: Identifier
    payer_id: Identifier
    recheck_at: AwareDatetime
    appointment_id: str = ""


class DependencyUnavailable(_Outbound):
    """Something we depend on is out of reach: what needs it is held, and goes by itself once it is back."""

    event_type = "dependency.unavailable"
    dependency: Identifier
    since: AwareDatetime


class DependencyRecovered(_Outbound):
    """It answers again; what was held is let go in rounds. `seconds` is how long it was out of reach."""

    event_type = "dependency.recovered"
    dependency: Identifier
    since: AwareDatetime
    seconds: int


class CoverageChanged(_Outbound):
    """Coverage differs from what was known at booking."""

    event_type = "coverage.changed"
    coverage_id: Identifier
    payer_id: Identifier
    changes: ReasonWords
    appointment_id: str = ""


class EligibilityRecheckRequested(_Outbound):
    """A denial says the coverage must be verified again."""

    event_type = "eligibility.recheck.requested"
    consumer = "checks the coverage with its payer again"
    coverage_id: Identifier
    claim_id: Identifier


class _ClaimEvent(_Outbound):
    claim_id: Identifier
    payer: Identifier


class ClaimStaged(_ClaimEvent):
    """A claim was assembled."""

    event_type = "claim.staged"
    encounter_id: Identifier
    charge_cents: int


class ClaimValidated(_ClaimEvent):
    """A claim passed every rule."""

    event_type = "claim.validated"
    ruleset_version: Identifier


class ClaimValidationFailed(_ClaimEvent):
    """A claim may not leave; a work item for each owner says what to mend."""

    event_type = "claim.validation.failed"
    # The payload names itself too, for those who keep it without its envelope.
    event: Literal["claim.validation.failed"] = "claim.validation.failed"
    reasons: ReasonWords
    recommended_action: str


class ClaimRecalled(_ClaimEvent):
    """Rules that stopped the claim were rolled back: it is judged again."""

    event_type = "claim.recalled"
    consumer = "anyone who follows the claim; billing judges it again"
    rule_set: Identifier


class ClaimReleased(_ClaimEvent):
    """A claim is cleared for submission, by policy or by a person."""

    event_type = "claim.released"
    consumer = "submits the claim"
    revision: int


class ClaimSubmitted(_ClaimEvent):
    """The clearinghouse took the claim."""

    event_type = "claim.submitted"
    attempt: int


class ClaimSubmissionUnknown(_ClaimEvent):
    """Nobody knows yet whether the clearinghouse took the claim."""

    event_type = "claim.submission.unknown"
    attempt: int
    parked: bool


class ClaimAcknowledged(_ClaimEvent):
    """A 999 or 277CA accepted the claim at the level named."""

    event_type = "claim.acknowledged"
    level: Identifier


class ClaimRejected(_ClaimEvent):
    """Turned away at the front door: not a denial, no remittance will come."""

    event_type = "claim.rejected"
    level: Identifier
    reasons: ReasonWords


class RemittancePosted(_Outbound):
    """Every claim of a payment is posted and the totals agree."""

    event_type = "remittance.posted"
    remittance_id: Identifier
    payer: Identifier
    claims: int
    paid_cents: int


class RemittanceException(_Outbound):
    """A payment was quarantined, or part of it could not be posted."""

    event_type = "remittance.exception"
    remittance_id: Identifier
    reasons: ReasonWords


class ClaimStatusDue(_ClaimEvent):
    """Nobody has answered for a claim in time."""

    event_type = "claim.status.due"
    consumer = "asks the payer (276)"


class ClaimStatusAnswered(_ClaimEvent):
    """The payer said where the claim is (277). Whatever it says, nothing is sent again because of it."""

    event_type = "claim.status.answered"
    verdict: Identifier
    codes: ReasonWords


class NextPayerDue(_ClaimEvent):
    """A payer answered and left something for the patient's next payer, to whom nobody has sent the claim."""

    event_type = "next_payer.due"
    consumer = "makes the next payer's claim, with this payer's answer"
    amount_cents: int


class RemittanceReleased(_Outbound):
    """Two persons decided that a payment in quarantine is posted as it is."""

    event_type = "remittance.released"
    consumer = "posts the payment once"
    remittance_id: Identifier


class TransactionAnnounced(_Outbound):
    """A webhook of the clearinghouse proved genuine: a hint that its list holds something new."""

    event_type = "transaction.announced"
    consumer = "looks at the clearinghouse's list at once"
    webhook_id: Identifier


class DenialReceived(_ClaimEvent):
    """A payer denied a claim or a line."""

    event_type = "denial.received"
    consumer = "classifies the denial and responds"
    denial_id: Identifier
    amount_cents: int


class DenialClassified(_ClaimEvent):
    """A denial has its class."""

    event_type = "denial.classified"
    denial_id: Identifier
    bucket: Identifier
    table_version: Identifier


class AppealOpened(_ClaimEvent):
    """An appeal begins."""

    event_type = "appeal.opened"
    consumer = "assembles and sends the packet"
    appeal_id: Identifier
    denial_id: Identifier
    level: int


class AppealSubmitted(_ClaimEvent):
    """The packet is with the payer."""

    event_type = "appeal.submitted"
    appeal_id: Identifier
    level: int


class AppealDecided(_ClaimEvent):
    """The payer decided."""

    event_type = "appeal.decided"
    appeal_id: Identifier
    level: int
    decision: Literal["overturned", "upheld"]


class BalanceReconciled(_Outbound):
    """A deposit, a remittance and the ledger agree, or an adjustment was posted."""

    event_type = "balance.reconciled"
    reference: Identifier
    amount_cents: int


class PatientBalanceChanged(_ClaimEvent):
    """What a patient owes for a claim is another amount than before; a negative change lowers it."""

    event_type = "patient.balance.changed"
    patient_id: Identifier
    encounter_id: Identifier
    balance_cents: int
    change_cents: int


class WorkItemOpened(_Outbound):
    """A person has something to do."""

    event_type = "work_item.opened"
    work_item_id: Identifier
    queue: Identifier
    reason: Identifier
    about: Identifier


class WorkItemResolved(_Outbound):
    """It is done."""

    event_type = "work_item.resolved"
    work_item_id: Identifier
    queue: Identifier
    resolution: Identifier


class RuleSetChanged(_Outbound):
    """Another version judges claims, or one stopped judging them."""

    event_type = "rule_set.changed"
    consumer = "anyone who follows the rules; billing judges again what a roll-back recalls"
    rule_set: Identifier
    content_version: Identifier
    state: Identifier
    decision: Identifier


def _concrete(base: type[Contract]) -> list[type[Contract]]:
    found: list[type[Contract]] = []
    for child in base.__subclasses__():
        if "event_type" in vars(child):
            found.append(child)
        found.extend(_concrete(child))
    return found


OUTBOUND: Mapping[str, type[Contract]] = {
    contract.event_type: contract for contract in _concrete(_Outbound)
}
INBOUND: Mapping[str, type[Contract]] = {
    contract.event_type: contract
    for contract in _concrete(Contract)
    if not issubclass(contract, _Outbound)
}


class Envelope(BaseModel):
    """What surrounds every payload."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Identifier
    type: Identifier
    version: int
    occurred_at: AwareDatetime
    signed_at: AwareDatetime
    producer: Identifier
    key_id: Identifier
    correlation_id: Identifier
    data: dict[str, Any]
    signature: str = Field(min_length=1, max_length=256)
