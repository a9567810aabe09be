"""The world file: who the payers and members are, and what is scripted to happen.

A world is data. Nothing in it is read from a clock, so the same world and the same calls
give the same bytes. All money is in integer cents, all dates are ISO 8601 dates.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Cents = Annotated[int, Field(description="An amount of money in integer cents.")]
PositiveCents = Annotated[int, Field(gt=0)]
NonNegativeCents = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
GroupCode = Literal["CO", "PR", "OA", "PI"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


# --- payers ---------------------------------------------------------------------------------


class Address(_Model):
    """A postal address as N3 and N4 carry it."""

    line: str = "1 SIMULATION WAY"
    city: str = "SPRINGFIELD"
    state: str = Field(default="IL", min_length=2, max_length=2)
    postal_code: str = Field(default="627010001", pattern=r"^\d{5}(\d{4})?$")


class WireStyle(_Model):
    """How the files of one payer look on the wire: the separators ISA declares, and dressing."""

    element: str = Field(default="*", min_length=1, max_length=1)
    component: str = Field(default=":", min_length=1, max_length=1)
    repetition: str = Field(default="^", min_length=1, max_length=1)
    segment: str = Field(default="~", min_length=1, max_length=1)
    line_breaks: Literal["", "\n", "\r\n"] = ""
    byte_order_mark: bool = False

    @model_validator(mode="after")
    def _separators_are_distinct(self) -> Self:
        separators = (self.element, self.component, self.repetition, self.segment)
        if len(set(separators)) != len(separators):
            msg = "the four separators of a wire style must differ from one another"
            raise ValueError(msg)
        if any(one.isalnum() or one in " .-" for one in separators):
            msg = "a separator cannot be a letter, a digit, a blank, a point or a hyphen"
            raise ValueError(msg)
        if self.segment == "\n" and self.line_breaks:
            msg = "a line feed cannot be both the segment terminator and a decoration"
            raise ValueError(msg)
        return self


class Contract(_Model):
    """What the payer allows for a line: a fee of the schedule, else a share of the charge."""

    allowed_percent_of_charge: Percent = 60
    fee_schedule_cents: dict[str, NonNegativeCents] = Field(
        default_factory=dict,
        description="Procedure code to the allowed amount for one unit.",
    )


class CostShare(_Model):
    """What the member bears, in and out of network."""

    copay_cents: NonNegativeCents = 0
    coinsurance_percent: Percent = 0
    deductible_cents: NonNegativeCents = 0
    out_of_pocket_cents: NonNegativeCents = 500_000
    out_of_network_copay_cents: NonNegativeCents = 6_000
    out_of_network_coinsurance_percent: Percent = 40
    out_of_network_deductible_cents: NonNegativeCents = 300_000


class FrontDoorAnswer(_Model):
    """A 277CA status: category, status code and, where one is meant, the entity."""

    category: Literal["A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"]
    status: str = Field(default="20", pattern=r"^\d{1,3}$")
    entity: str | None = Field(default=None, pattern=r"^[0-9A-Z]{2,3}$")

    @property
    def rejects(self) -> bool:
        """Whether the claim goes no further (A3, A4, A6, A7, A8)."""
        return self.category in {"A3", "A4", "A6", "A7", "A8"}


class Denial(_Model):
    """A group code, a CARC and the RARCs that go with it."""

    group: GroupCode = "CO"
    carc: str = Field(pattern=r"^[0-9A-Z]{1,4}$")
    rarcs: tuple[str, ...] = ()


class EditCondition(_Model):
    """When an edit of a payer fires. All the given criteria must hold; none given fires always."""

    procedure_codes: tuple[str, ...] = ()
    procedure_prefixes: tuple[str, ...] = ()
    diagnosis_prefixes: tuple[str, ...] = ()
    places_of_service: tuple[str, ...] = ()
    modifier_missing: str | None = None
    units_over: int | None = Field(default=None, ge=0)
    patient_age_under: int | None = Field(default=None, ge=0)
    patient_age_over: int | None = Field(default=None, ge=0)
    charge_over_cents: NonNegativeCents | None = None
    rendering_provider_missing: bool = False
    referring_provider_missing: bool = False
    taxonomy_missing: bool = False
    billing_postal_code_short: bool = False
    authorization_missing: bool = False
    lines_over: int | None = Field(default=None, ge=0)


class PayerEdit(_Model):
    """A rule of the payer's own. Ours may be otherwise: that is what makes ours testable."""

    name: str
    when: EditCondition
    stage: Literal["clearinghouse", "payer", "adjudication"]
    reject: FrontDoorAnswer | None = None
    deny: Denial | None = None

    @model_validator(mode="after")
    def _answer_fits_stage(self) -> Self:
        if (self.stage == "adjudication") != (self.deny is not None):
            msg = f"edit {self.name!r}: 'deny' belongs to stage adjudication, and only there"
            raise ValueError(msg)
        if (self.stage != "adjudication") != (self.reject is not None):
            msg = f"edit {self.name!r}: 'reject' belongs to the front door stages, and only there"
            raise ValueError(msg)
        if self.reject is not None and not self.reject.rejects:
            msg = f"edit {self.name!r}: {self.reject.category} does not reject"
            raise ValueError(msg)
        return self


class Payer(_Model):
    """One payer behind the clearinghouse."""

    payer_id: str = Field(pattern=r"^[0-9A-Z]{2,15}$")
    name: str = Field(min_length=1, max_length=60)
    kind: Literal["commercial", "medicare", "medicaid", "exchange"] = "commercial"
    tax_id: str = Field(pattern=r"^\d{9}$")
    address: Address = Address()
    plan_name: str = "STANDARD PLAN"
    claim_filing_indicator: str = Field(
        default="", pattern=r"^([0-9A-Z]{2})?$", description="CLP06; empty: by kind of payer."
    )
    contract: Contract = Contract()
    cost_share: CostShare = CostShare()
    filing_limit_days: int = Field(default=365, gt=0)
    authorization_codes: tuple[str, ...] = ()
    authorization_service_types: tuple[str, ...] = ()
    edits: tuple[PayerEdit, ...] = ()
    unknown_member: Literal["reject", "deny", "accept"] = "reject"
    member_match: Literal["strict", "member_id"] = "strict"
    echoes_line_control_number: bool = True
    acknowledgements: Literal["payer_only", "clearinghouse_then_payer"] = "payer_only"
    payment_method: Literal["ACH", "CHK", "NON"] = "ACH"
    payment_lag_days: int = Field(default=2, ge=0, description="BPR16 minus the file date.")
    deposit_lag_days: int = Field(default=0, ge=0, description="Deposit date minus BPR16.")
    remittance_delivery: Literal["drop", "list"] = Field(
        default="drop",
        description="Whether its 835s are dropped, or only listed and announced by a webhook.",
    )
    claims_per_payment: int | None = Field(default=None, gt=0)
    payments_per_file: int | None = Field(default=None, gt=0)
    status_lag_waves: int = Field(
        default=0, ge=0, description="Waves before a 276 finds an accepted claim."
    )
    default_appeal_decision: Literal["upheld", "overturned"] = "upheld"
    wire: WireStyle = WireStyle()


# --- members --------------------------------------------------------------------------------


class Person(_Model):
    """A name, a birth date and a sex, as the payer holds them."""

    last_name: str = Field(min_length=1)
    first_name: str = Field(min_length=1)
    birth_date: dt.date
    sex: Literal["F", "M", "U"] = "U"


class Dependent(Person):
    """A person covered under the member's identifier who is not the subscriber."""

    relationship: Literal["01", "19", "20", "21", "53", "G8"] = "19"


class CoverageSpan(_Model):
    """A period of coverage and the EB01 code the payer answers for it."""

    begins_on: dt.date
    ends_on: dt.date | None = None
    eb01: Literal["1", "2", "3", "4", "5", "6", "7", "8", "V"] = "1"
    plan_name: str | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.ends_on is not None and self.ends_on < self.begins_on:
            msg = "a coverage span ends before it begins"
            raise ValueError(msg)
        return self


class OtherPayer(_Model):
    """Another coverage of the member, answered as EB*R and weighed in coordination."""

    payer_id: str
    name: str
    member_id: str | None = None
    comes_first: bool = Field(
        description="True: the other payer is primary, so a claim billed here as primary is denied."
    )


class AaaError(_Model):
    """A scripted eligibility refusal (AAA03 and AAA04), for the next ``times`` inquiries."""

    code: str = Field(pattern=r"^([0-9]{2}|T4)$")
    follow_up: Literal["C", "N", "P", "R", "S", "W", "X", "Y"] = "C"
    level: Literal["source", "receiver", "subscriber", "dependent"] = "subscriber"
    times: int | None = Field(default=None, gt=0, description="None: always.")


class Accumulators(_Model):
    """What the member has already met this year."""

    deductible_met_cents: NonNegativeCents = 0
    out_of_pocket_met_cents: NonNegativeCents = 0


class Corrections(_Model):
    """What the payer answers instead of what it was asked with (``payer_corrected``)."""

    member_id: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: dt.date | None = None


class Member(Person):
    """A subscriber of a payer, with dependents."""

    payer_id: str
    member_id: str = Field(min_length=2, max_length=30)
    former_member_ids: tuple[str, ...] = ()
    group_number: str | None = None
    dependents: tuple[Dependent, ...] = ()
    coverage: tuple[CoverageSpan, ...]
    other_payers: tuple[OtherPayer, ...] = ()
    cost_share: CostShare | None = None
    accumulators: Accumulators = Accumulators()
    aaa: tuple[AaaError, ...] = ()
    corrections: Corrections | None = None


# --- script: submission ---------------------------------------------------------------------


class SubmissionFault(_Model):
    """What goes wrong with one POST of a claim. One entry is used up by each POST.

    ``timeout_after_accepting``
        The claim lands, the answer is withheld ``seconds``, then 504 (or the client left).
    ``timeout_before_accepting``
        The same, but nothing landed.
    ``lands_late``
        Withheld like the above; the claim lands only when the next wave of acknowledgements
        is produced. A retry under the same key gets 409 until then.
    ``answer_lost``
        The claim lands and the connection is cut in the middle of the answer.
    ``error_before_accepting`` / ``error_after_accepting``
        Answers ``status``; the claim has not landed / has landed.
    ``slow``
        The claim lands and the answer comes after ``seconds``.
    ``in_progress``
        409 with Retry-After, as if an earlier POST under the key were still running.
    ``refused``
        A 4xx answer of the clearinghouse's own; nothing landed.
    """

    kind: Literal[
        "timeout_after_accepting",
        "timeout_before_accepting",
        "lands_late",
        "answer_lost",
        "error_before_accepting",
        "error_after_accepting",
        "slow",
        "in_progress",
        "refused",
        "none",
    ]
    status: int = Field(default=0, ge=0, le=599, description="0: 503 for errors, 400 refused.")
    seconds: float = Field(default=30.0, ge=0)
    retry_after_seconds: int = Field(default=1, ge=0)
    message: str = "scripted"


# --- script: acknowledgement ----------------------------------------------------------------


class SyntaxFinding(_Model):
    """What a 999 points at: IK3 (and IK4 when an element is named)."""

    segment: str = Field(default="NM1", pattern=r"^[A-Z][A-Z0-9]{1,2}$")
    segment_position: int = Field(default=8, gt=0)
    segment_code: str = Field(default="8", pattern=r"^([1-8]|I[46789])$")
    element_position: int | None = Field(default=None, gt=0)
    element_code: str | None = Field(default=None, pattern=r"^([1-9]|1[0-3]|I[69]|I1[0-3])$")


class ClaimAnswer(FrontDoorAnswer):
    """One 277CA for the claim."""

    source: Literal["clearinghouse", "payer"] = "payer"
    after_waves: int = Field(default=0, ge=0, description="0: in the next wave.")
    level: Literal["claim", "provider", "receiver"] = "claim"


class AcknowledgementScript(_Model):
    """How the front door answers, in place of the payer's habit."""

    syntax: Literal["accepted", "accepted_with_errors", "rejected"] = "accepted"
    syntax_finding: SyntaxFinding = SyntaxFinding()
    claim_answers: tuple[ClaimAnswer, ...] | None = Field(
        default=None, description="None: the payer's habit. Any rejecting answer rejects the claim."
    )
    lost: tuple[Literal["999", "277CA"], ...] = ()
    late_by_waves: int = Field(default=0, ge=0)


# --- script: adjudication -------------------------------------------------------------------


class _Decision(_Model):
    claim_status: Literal["1", "2", "3", "4", "19", "20", "21", "23"] | None = Field(
        default=None, description="CLP02; None: by the payer's place (primary 1, secondary 2…)."
    )


class PayByContract(_Decision):
    """Pay what the contract allows, less the member's share."""

    kind: Literal["contract"] = "contract"
    allowed_percent_of_charge: Percent | None = Field(
        default=None, description="Overrides the contract: an underpayment to be found."
    )


class PayPartly(_Decision):
    """Pay a share of what the contract would pay; the rest is adjusted under the given reason."""

    kind: Literal["partial"]
    paid_percent: Percent = 50
    reason: Denial


class PayNothing(_Decision):
    """Pay nothing, because the whole allowed amount falls on the deductible. Not a denial."""

    kind: Literal["zero_pay"]


class Deny(_Decision):
    """Deny the whole claim, or the given lines (from 1); other lines pay by contract."""

    kind: Literal["deny"]
    reason: Denial
    lines: tuple[int, ...] = ()
    claim_level: bool = Field(
        default=False, description="True: one CAS at claim level and no service lines."
    )

    @model_validator(mode="after")
    def _claim_level_means_all_lines(self) -> Self:
        if self.claim_level and self.lines:
            msg = "a denial at claim level cannot name lines"
            raise ValueError(msg)
        return self


class DownCode(_Decision):
    """Pay a line as a lesser code: SVC01 the paid code, SVC06 the submitted one."""

    kind: Literal["downcode"]
    line: int = Field(default=1, gt=0)
    paid_as: str = Field(pattern=r"^[0-9A-Z]{5}$")
    allowed_percent_of_charge: Percent = 40
    reason: Denial = Denial(group="CO", carc="150", rarcs=("N22",))


class PatientShare(_Decision):
    """Pay by contract, with the member's share given outright."""

    kind: Literal["patient_share"]
    deductible_cents: NonNegativeCents = 0
    coinsurance_cents: NonNegativeCents = 0
    copay_cents: NonNegativeCents = 0


class ClaimLevelAdjustment(_Decision):
    """Pay lines by contract and adjust once more at claim level (CAS in loop 2100)."""

    kind: Literal["claim_level"]
    reason: Denial
    amount_cents: int = Field(description="Positive reduces the payment, negative raises it.")


class Pend(_Decision):
    """Keep the claim pending for some remittance waves; a 276 hears the given status."""

    kind: Literal["pend"]
    category: Literal["P0", "P1", "P2", "P3", "P4", "P5", "R0", "R1", "R3", "R4"] = "P1"
    status: str = Field(default="3", pattern=r"^\d{1,3}$")
    waves: int | None = Field(default=None, gt=0, description="None: for ever.")
    then: SettledDecision | None = Field(default=None, description="None: by contract.")


class LineAdjustment(_Model):
    """One adjustment of a line, given outright."""

    group: GroupCode
    carc: str = Field(pattern=r"^[0-9A-Z]{1,4}$")
    amount_cents: int


class LineResult(_Model):
    """The whole result of one line, given outright. Charge less adjustments must be paid."""

    line: int = Field(gt=0)
    adjustments: tuple[LineAdjustment, ...] = ()
    rarcs: tuple[str, ...] = ()
    paid_as: str | None = None


class PayLines(_Decision):
    """Every named line as given (paid = charge less adjustments); the others by contract."""

    kind: Literal["lines"]
    lines: tuple[LineResult, ...]


SettledDecision = Annotated[
    PayByContract
    | PayPartly
    | PayNothing
    | Deny
    | DownCode
    | PatientShare
    | ClaimLevelAdjustment
    | PayLines,
    Field(discriminator="kind"),
]
Decision = Annotated[
    PayByContract
    | PayPartly
    | PayNothing
    | Deny
    | DownCode
    | PatientShare
    | ClaimLevelAdjustment
    | PayLines
    | Pend,
    Field(discriminator="kind"),
]


# --- script: what comes later ---------------------------------------------------------------


class Reversal(_Model):
    """Reverse the claim (CLP02 = 22, original groups) and, if given, correct it in the file."""

    kind: Literal["reversal"]
    after_waves: int = Field(default=1, ge=1)
    correction: SettledDecision | None = PayByContract()
    correction_in_next_wave: bool = Field(
        default=False, description="True: the correction follows one wave after the reversal."
    )


class Takeback(_Model):
    """Recover an overpayment by PLB WO in a later file, with the claim as reference."""

    kind: Literal["takeback"]
    after_waves: int = Field(default=1, ge=1)
    amount_cents: PositiveCents
    with_claim_reference: bool = True


class Interest(_Model):
    """Interest for late payment: PLB L6, negative, so that it raises the payment."""

    kind: Literal["interest"]
    after_waves: int = Field(default=0, ge=0)
    amount_cents: PositiveCents


FollowUp = Annotated[Reversal | Takeback | Interest, Field(discriminator="kind")]


class AppealAnswer(_Model):
    """How the payer decides an appeal at a level; overturned pays by reversal and correction."""

    level: int = Field(default=1, ge=1)
    decision: Literal["upheld", "overturned"]
    after_waves: int = Field(default=0, ge=0, description="0: in the next wave of appeals.")
    correction: SettledDecision = PayByContract()
    reason: str = "The payer reviewed the records sent."


class Match(_Model):
    """Which claims a script entry is for. All the given criteria must hold."""

    payer_id: str | None = None
    member_id: str | None = None
    service_date: dt.date | None = None
    procedure_code: str | None = None
    patient_control_number: str | None = None
    submission: int | None = Field(
        default=None,
        ge=1,
        description="The n-th claim that payer, member and service date have landed.",
    )
    frequency: Literal["1", "7", "8"] | None = None
    one_in: int | None = Field(
        default=None, ge=1, description="A fixed share of claims, by member and service date."
    )

    @model_validator(mode="after")
    def _something_is_matched(self) -> Self:
        if not self.model_dump(exclude_none=True):
            msg = "a match must name at least one criterion"
            raise ValueError(msg)
        return self


class ScriptEntry(_Model):
    """What is scripted for the matching claims. The first entry that speaks of an aspect wins."""

    name: str = Field(min_length=1)
    match: Match
    submission: tuple[SubmissionFault, ...] | None = None
    acknowledgement: AcknowledgementScript | None = None
    adjudication: Decision | None = None
    follow_ups: tuple[FollowUp, ...] | None = None
    appeals: tuple[AppealAnswer, ...] | None = None


# --- script: remittance files ---------------------------------------------------------------


class RemittanceEntry(_Model):
    """What is scripted for a payment of a payer.

    ``duplicate_file``
        The file is delivered again, ``after_waves`` later, under another name; with
        ``rewrapped`` it has other control numbers and separators but the same payment.
    ``unbalanced``
        The file is out of balance by ``by_cents`` at ``level``; the deposit is the true
        amount. With ``after_waves`` the payer sends the repaired payment that much later.
    ``test_indicator``
        A second file with ISA15 = T and a payment of its own comes along. No deposit.
    ``deposit_mismatch``
        The deposit differs from BPR02 by ``by_cents``.
    ``deposit_missing``
        The deposit never comes.
    ``deposit_without_remittance``
        The deposit comes, the file comes ``after_waves`` later (0: never).
    ``stray_deposit``
        One more deposit of ``by_cents`` arrives that no file explains.
    """

    name: str = Field(min_length=1)
    payer_id: str
    wave: int | None = Field(
        default=None, ge=1, description="The n-th wave that held something for this payer."
    )
    member_ids: tuple[str, ...] = Field(
        default=(), description="Not empty: their claims go in a payment (and file) of their own."
    )
    kind: Literal[
        "duplicate_file",
        "unbalanced",
        "test_indicator",
        "deposit_mismatch",
        "deposit_missing",
        "deposit_without_remittance",
        "stray_deposit",
    ]
    level: Literal["line", "claim", "transaction"] = "claim"
    by_cents: int = 100
    after_waves: int = Field(default=0, ge=0)
    rewrapped: bool = False


# --- the world ------------------------------------------------------------------------------


class Clearinghouse(_Model):
    """The clearinghouse as the envelopes name it."""

    identifier: str = Field(default="CLEARSIM", pattern=r"^[0-9A-Z]{2,15}$")
    name: str = "SIMULATED CLEARINGHOUSE"
    wire: WireStyle = WireStyle()
    transactions_per_file: int = Field(
        default=25, gt=0, description="How many 999s or 277CAs (one per submission) share a file."
    )
    webhook_secret: str = Field(
        default="",
        pattern=r"^(whsec_[A-Za-z0-9+/]+=*)?$",
        description="What webhooks are signed with (Standard Webhooks); empty: there are none.",
    )


class World(_Model):
    """The whole world file."""

    version: Literal[1] = 1
    today: dt.date
    api_keys: tuple[str, ...] = Field(min_length=1)
    clearinghouse: Clearinghouse = Clearinghouse()
    payers: tuple[Payer, ...] = Field(min_length=1)
    members: tuple[Member, ...] = ()
    script: tuple[ScriptEntry, ...] = ()
    remittance_script: tuple[RemittanceEntry, ...] = ()

    @model_validator(mode="after")
    def _references_resolve(self) -> Self:
        payer_ids = [payer.payer_id for payer in self.payers]
        _refuse_repeats("payer_id", payer_ids)
        _refuse_repeats("script name", [entry.name for entry in self.script])
        _refuse_repeats("remittance_script name", [entry.name for entry in self.remittance_script])
        _refuse_repeats(
            "member_id of one payer",
            [
                f"{member.payer_id}/{member_id}"
                for member in self.members
                for member_id in (member.member_id, *member.former_member_ids)
            ],
        )
        known = set(payer_ids)
        named = {member.payer_id for member in self.members}
        named |= {entry.payer_id for entry in self.remittance_script}
        named |= {entry.match.payer_id for entry in self.script if entry.match.payer_id}
        if unknown := sorted(named - known):
            msg = f"no such payer in this world: {', '.join(unknown)}"
            raise ValueError(msg)
        return self


def _refuse_repeats(what: str, values: list[str]) -> None:
    if repeated := len(values) - len(set(values)):
        msg = f"{what} must be unique; repeated {repeated} time(s)"
        raise ValueError(msg)


def load_world(path: Path) -> World:
    """Read a world file.

    Parameters
    ----------
    path
        A JSON file as `World` describes it.

    Raises
    ------
    pydantic.ValidationError
        If a field is missing, unknown or out of range; the input itself is not shown.
    OSError
        If the file cannot be read.
    """
    return World.model_validate_json(path.read_text(encoding="utf-8"))


Pend.model_rebuild()
