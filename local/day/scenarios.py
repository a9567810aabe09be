"""The catalogue of the built-in day: each scenario by name, what is special, what should come of it.

To add one, write one entry. `visit` names a kind of `local.day.visits`; `twist` changes the
document, `member` what the payer knows of the patient, `script` what the payer and the
clearinghouse do, `payment` what happens to the payment's file and its deposit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.day.visits import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """How a visit's document differs from what the EHR usually writes."""

    lines: tuple[Line, ...] | None = None
    diagnoses: tuple[str, ...] | None = None
    sex: str = ""
    age_years: int | None = None
    days_ago: int = 1
    without_street: bool = False
    member_id: str | None = None
    practitioner_npi: str = ""
    """The practitioner is not in the mapping table and brings this NPI; `group` is the group's."""
    coverage_ended_days_ago: int | None = None
    relationship: str = "self"
    authorized: tuple[str, ...] = ()
    authorization_ended_days_ago: int | None = None
    second_payer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should come of it; see `Expectation` for the meaning of each field."""

    encounter: str = "billed"
    claim: tuple[str, ...] = ("adjudicated",)
    adjudication: str = ""
    reasons: tuple[str, ...] = ()
    denial_class: str = ""
    events: tuple[str, ...] = ()
    work: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    claims: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that happens in the life of a billing office."""

    name: str
    about: str
    outcome: str
    payer: str
    expect: Expected
    visit: str = "office"
    patients: int = 1
    booked: bool = False
    twist: Twist = Twist()
    member: Mapping[str, Any] = field(default_factory=dict)
    script: Mapping[str, Any] = field(default_factory=dict)
    payment: Mapping[str, Any] = field(default_factory=dict)
    drill: str = ""
    """A change in the order or number of events; `built_in` knows what each word means."""


PAID = Expected(adjudication="paid")
PAID_AND_CLOSED = Expected(claim=("closed",), adjudication="paid")
REJECTED = Expected(claim=("rejected",), events=("claim.rejected",))


def held(*reasons: str, queue: str, fields: tuple[str, ...] = ()) -> Expected:
    """The claim never leaves: it waits for whoever owns the first reason, with the fields to mend."""
    return Expected(
        claim=("held",),
        reasons=reasons,
        events=("claim.validation.failed",),
        work=((queue, reasons[0]),),
        fields=fields,
    )


def denied(denial_class: str, *work: tuple[str, str], appeal: bool = False) -> Expected:
    """The payer denies; the denial gets its class and its answer."""
    events = ("denial.received", "denial.classified")
    return Expected(
        adjudication="denied",
        denial_class=denial_class,
        events=(*events, "appeal.opened") if appeal else events,
        work=work,
    )


def _deny(carc: str, *rarcs: str, group: str = "CO") -> Mapping[str, Any]:
    reason = {"group": group, "carc": carc, "rarcs": list(rarcs)}
    return {"adjudication": {"kind": "deny", "reason": reason}}


def _fault(kind: str, **more: Any) -> Mapping[str, Any]:
    return {"submission": [{"kind": kind, **more}]}


CLEAN: tuple[Scenario, ...] = (
    Scenario(
        name="clean_office_visit",
        about="an office visit of a commercially insured patient, checked at booking",
        outcome="paid by contract; the copay is the patient's",
        payer="BLUEPEAK",
        patients=2,
        booked=True,
        expect=PAID,
    ),
    Scenario(
        name="clean_long_visit",
        about="two services and two diagnoses on one claim",
        outcome="paid by fee table; the coinsurance is the patient's",
        payer="CMSNORTH",
        visit="office_long",
        expect=PAID,
    ),
    Scenario(
        name="clean_therapy",
        about="physical therapy under Medicare, with the therapy modifier",
        outcome="paid; the coinsurance is the patient's",
        payer="CMSNORTH",
        visit="therapy",
        patients=2,
        booked=True,
        expect=PAID,
    ),
    Scenario(
        name="clean_laboratory",
        about="charges in the EHR's own codes, to Medicaid, which asks nothing of the patient",
        outcome="paid and closed",
        payer="STATECAID",
        visit="labs",
        patients=2,
        booked=True,
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="clean_counseling",
        about="counseling under an exchange plan",
        outcome="paid; the coinsurance is the patient's",
        payer="OPENMKT",
        visit="counseling",
        patients=2,
        booked=True,
        expect=PAID,
    ),
    Scenario(
        name="clean_counseling_medicaid",
        about="counseling listed as procedures only",
        outcome="paid and closed",
        payer="STATECAID",
        visit="counseling_long",
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="clean_chest_xray",
        about="imaging listed as a procedure, priced by the table",
        outcome="paid; the copay is the patient's",
        payer="BLUEPEAK",
        visit="chest_xray",
        expect=PAID,
    ),
    Scenario(
        name="clean_vaccination",
        about="a vaccine known by its CVX code; its administration is added by the table",
        outcome="paid; the copay is the patient's",
        payer="BLUEPEAK",
        visit="vaccination",
        expect=PAID,
    ),
    Scenario(
        name="clean_injection",
        about="an office visit with a joint injection and the modifier that goes with it",
        outcome="paid; the copay is the patient's",
        payer="BLUEPEAK",
        visit="injection",
        expect=PAID,
    ),
    Scenario(
        name="authorized_mri",
        about="an MRI with a prior authorization valid on the day",
        outcome="paid; the copay is the patient's",
        payer="BLUEPEAK",
        visit="knee_mri",
        booked=True,
        twist=Twist(authorized=("73721",)),
        expect=PAID,
    ),
    Scenario(
        name="self_pay",
        about="the patient says there is no insurance",
        outcome="no claim; the encounter is closed as self-pay",
        payer="SELFPAY",
        expect=Expected(encounter="not_billable", claim=(), reasons=("self_pay",)),
    ),
    Scenario(
        name="patient_pays_the_copay",
        about="the patient pays the copay at the desk the day after",
        outcome="paid; the payment closes the claim",
        payer="BLUEPEAK",
        drill="patient_payment",
        expect=PAID_AND_CLOSED,
    ),
)

ELIGIBILITY: tuple[Scenario, ...] = (
    Scenario(
        name="inactive_coverage",
        about="the payer says at booking that coverage has ended",
        outcome="held: the front desk asks for other insurance",
        payer="BLUEPEAK",
        booked=True,
        member={"ended_days_ago": 40},
        expect=held("coverage_inactive", queue="front_desk"),
    ),
    Scenario(
        name="coverage_changed_before_visit",
        about="active at booking, ended before the visit; registration reports a change",
        outcome="front desk and billing are told before the visit; the claim is held",
        payer="STATECAID",
        booked=True,
        drill="coverage_ends_before_visit",
        expect=Expected(
            claim=("held",), reasons=("coverage_inactive",), events=("coverage.changed",)
        ),
    ),
    Scenario(
        name="coverage_lapses_unnoticed",
        about="active at booking, ended before the visit; nobody reports it",
        outcome="found at check-in, since the answer was stale; both desks know before the encounter closes",
        payer="STATECAID",
        booked=True,
        drill="coverage_lapses_unnoticed",
        expect=Expected(
            claim=("held",),
            reasons=("coverage_inactive",),
            events=("coverage.changed",),
            work=(("front_desk", "coverage_changed"), ("billing", "coverage_changed")),
        ),
    ),
    Scenario(
        name="lapse_found_by_recheck",
        about="a visit in two days; the coverage ends tomorrow, and nobody reports it",
        outcome="found by the recheck a day before the visit; both desks know",
        payer="BLUEPEAK",
        drill="lapse_found_by_recheck",
        expect=Expected(
            encounter="",
            claim=(),
            events=("eligibility.verified", "coverage.changed"),
            work=(("front_desk", "coverage_changed"), ("billing", "coverage_changed")),
        ),
    ),
    Scenario(
        name="payer_outage_at_booking",
        about="the payer is out of reach at booking and answers again before the visit",
        outcome="the payer is asked no more after three failures; probed, then all asked before check-in; paid",
        payer="OPENMKT",
        visit="counseling",
        patients=4,
        drill="booked_during_outage",
        expect=Expected(
            adjudication="paid", events=("eligibility.unavailable", "eligibility.verified")
        ),
    ),
    Scenario(
        name="member_unknown_to_payer",
        about="the payer does not find the member, neither at booking nor on the claim",
        outcome="rejected at the payer's front door",
        payer="BLUEPEAK",
        booked=True,
        member={"unknown": True},
        expect=REJECTED,
    ),
    Scenario(
        name="booked_ahead",
        about="an MRI in two days that the payer wants authorized; nobody has asked yet",
        outcome="verified now, due for a recheck shortly before the visit; the referral desk has the work",
        payer="STATECAID",
        visit="knee_mri",
        drill="appointment_only",
        expect=Expected(
            encounter="",
            claim=(),
            events=("eligibility.verified",),
            work=(("authorization", "authorization_missing"),),
        ),
    ),
    Scenario(
        name="appointment_cancelled",
        about="a visit in two days is cancelled",
        outcome="no recheck remains",
        payer="CMSNORTH",
        drill="appointment_cancelled",
        expect=Expected(encounter="", claim=()),
    ),
)

VALIDATION: tuple[Scenario, ...] = (
    Scenario(
        name="address_missing",
        about="a required field is missing: the patient has no street",
        outcome="held for the front desk",
        payer="BLUEPEAK",
        twist=Twist(without_street=True),
        expect=held(
            "patient_address_missing", queue="front_desk", fields=("patient.address.line1",)
        ),
    ),
    Scenario(
        name="member_id_missing",
        about="the insurance card's number was not entered",
        outcome="held for the front desk",
        payer="STATECAID",
        twist=Twist(member_id=""),
        expect=held("member_id_missing", queue="front_desk", fields=("coverage.member_id",)),
    ),
    Scenario(
        name="member_id_malformed",
        about="a payer-specific edit: this payer's numbers have another form",
        outcome="held for the front desk",
        payer="BLUEPEAK",
        twist=Twist(member_id="12345"),
        expect=held("member_id_format", queue="front_desk", fields=("coverage.member_id",)),
    ),
    Scenario(
        name="subscriber_missing",
        about="a child's coverage that does not say whose it is",
        outcome="held for the front desk",
        payer="BLUEPEAK",
        twist=Twist(relationship="child", age_years=30),
        expect=held("subscriber_missing", queue="front_desk", fields=("coverage.subscriber",)),
    ),
    Scenario(
        name="coverage_not_in_force",
        about="the coverage on file ended before the visit",
        outcome="held for the front desk",
        payer="OPENMKT",
        visit="counseling",
        twist=Twist(coverage_ended_days_ago=20),
        expect=held("coverage_not_in_force", queue="front_desk", fields=("coverage.ends_on",)),
    ),
    Scenario(
        name="npi_invalid",
        about="a locum's NPI fails its check digit",
        outcome="held for credentialing",
        payer="BLUEPEAK",
        twist=Twist(practitioner_npi="1234567890"),
        expect=held(
            "rendering_npi_invalid", queue="credentialing", fields=("rendering_provider.npi",)
        ),
    ),
    Scenario(
        name="rendering_and_billing_misaligned",
        about="the group's own NPI stands where the person who treated belongs",
        outcome="held for credentialing",
        payer="BLUEPEAK",
        twist=Twist(practitioner_npi="group"),
        expect=held(
            "rendering_npi_inactive",
            "rendering_billing_misaligned",
            queue="credentialing",
            fields=("rendering_provider.npi",),
        ),
    ),
    Scenario(
        name="place_of_service_wrong",
        about="an office visit said to have been given to an inpatient",
        outcome="held for coding",
        payer="BLUEPEAK",
        twist=Twist(lines=(Line("99213", place_of_service="21"),)),
        expect=held(
            "place_of_service_incompatible", queue="coding", fields=("lines[0].place_of_service",)
        ),
    ),
    Scenario(
        name="modifier_missing",
        about="Medicare therapy without the therapy modifier",
        outcome="held for coding",
        payer="CMSNORTH",
        visit="therapy",
        twist=Twist(lines=(Line("97110", units=2),)),
        expect=held("modifier_required", queue="coding", fields=("lines[0].modifiers",)),
    ),
    Scenario(
        name="modifiers_conflict",
        about="one knee that is left and right",
        outcome="held for coding",
        payer="CMSNORTH",
        visit="knee_mri",
        twist=Twist(lines=(Line("73721", modifiers=("LT", "RT")),)),
        expect=held("modifier_incompatible", queue="coding", fields=("lines[0].modifiers",)),
    ),
    Scenario(
        name="diagnosis_does_not_fit",
        about="a knee MRI for high blood pressure",
        outcome="held for coding",
        payer="CMSNORTH",
        visit="knee_mri",
        twist=Twist(diagnoses=("HTN",)),
        expect=held(
            "procedure_diagnosis_incompatible",
            queue="coding",
            fields=("lines[0].diagnosis_pointers",),
        ),
    ),
    Scenario(
        name="sex_does_not_fit",
        about="an obstetric ultrasound of a man",
        outcome="held for coding",
        payer="BLUEPEAK",
        visit="ultrasound",
        twist=Twist(lines=(Line("76805"),), diagnoses=("Z3490",), sex="male"),
        expect=held("procedure_sex_conflict", queue="coding"),
    ),
    Scenario(
        name="age_does_not_fit",
        about="a young adult's preventive visit, of a patient of 58",
        outcome="held for coding",
        payer="BLUEPEAK",
        twist=Twist(lines=(Line("99395"),), diagnoses=("Z0000",), age_years=58),
        expect=held("procedure_age_conflict", queue="coding", fields=("lines[0].procedure",)),
    ),
    Scenario(
        name="too_many_units",
        about="two office visits on one line",
        outcome="held for coding",
        payer="OPENMKT",
        twist=Twist(lines=(Line("99213", units=2),)),
        expect=held("units_over_limit", queue="coding", fields=("lines[0].units",)),
    ),
    Scenario(
        name="procedures_overlap",
        about="a panel and the smaller panel it includes",
        outcome="held for coding",
        payer="BLUEPEAK",
        twist=Twist(lines=(Line("80053"), Line("80048"))),
        expect=held("procedure_pair_conflict", queue="coding", fields=("lines[1].procedure",)),
    ),
    Scenario(
        name="npi_deactivated",
        about="a locum's NPI passes its check digit and was deactivated two years ago",
        outcome="held for credentialing",
        payer="OPENMKT",
        twist=Twist(practitioner_npi="1033009980"),
        expect=held(
            "rendering_npi_inactive", queue="credentialing", fields=("rendering_provider.npi",)
        ),
    ),
    Scenario(
        name="diagnosis_no_longer_valid",
        about="a diagnosis code that a later release of ICD-10-CM split up",
        outcome="held for coding",
        payer="BLUEPEAK",
        twist=Twist(diagnoses=("M545",)),
        expect=held("diagnosis_not_valid_on_date", queue="coding", fields=("diagnoses[0]",)),
    ),
    Scenario(
        name="authorization_missing",
        about="an MRI this payer wants authorized, without an authorization",
        outcome="held for the authorization desk",
        payer="BLUEPEAK",
        visit="knee_mri",
        expect=held("authorization_missing", queue="authorization", fields=("authorizations",)),
    ),
    Scenario(
        name="authorization_expired",
        about="the authorization ended before the day of the MRI",
        outcome="held for the authorization desk",
        payer="OPENMKT",
        visit="knee_mri",
        twist=Twist(authorized=("73721",), authorization_ended_days_ago=10),
        expect=held(
            "authorization_not_valid_on_date", queue="authorization", fields=("authorizations[0]",)
        ),
    ),
    Scenario(
        name="authorization_obtained_later",
        about="held for its authorization, which the referral desk obtains afterwards",
        outcome="judged again by itself, sent and paid",
        payer="BLUEPEAK",
        visit="knee_mri",
        drill="authorization_obtained",
        expect=Expected(adjudication="paid", events=("claim.validation.failed", "claim.validated")),
    ),
    Scenario(
        name="billed_twice",
        about="the same services of the same day signed a second time, as another encounter",
        outcome="the second claim is held for billing; the first is paid",
        payer="STATECAID",
        drill="second_encounter",
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="filed_too_late",
        about="a visit signed four months after it took place",
        outcome="held for billing: the payer's filing limit has passed",
        payer="STATECAID",
        twist=Twist(days_ago=120),
        expect=held("timely_filing_expired", queue="billing", fields=("service_from",)),
    ),
    Scenario(
        name="total_is_zero",
        about="the only line has no charge",
        outcome="held for billing",
        payer="BLUEPEAK",
        twist=Twist(lines=(Line("99213", charge_cents=0),)),
        expect=held("total_charge_zero", queue="billing"),
    ),
    Scenario(
        name="pointer_to_no_diagnosis",
        about="a line that points to a ninth diagnosis of one",
        outcome="held for coding",
        payer="BLUEPEAK",
        twist=Twist(lines=(Line("99213", diagnoses=(9,)),)),
        expect=held(
            "diagnosis_pointer_invalid", queue="coding", fields=("lines[0].diagnosis_pointers",)
        ),
    ),
    Scenario(
        name="payer_wants_another_code",
        about="a payer-specific edit: Medicare has its own codes for preventive visits",
        outcome="held for coding",
        payer="CMSNORTH",
        twist=Twist(lines=(Line("99395"),), diagnoses=("Z0000",), age_years=35),
        expect=held("payer_procedure_not_accepted", queue="coding", fields=("lines[0].procedure",)),
    ),
    Scenario(
        name="drug_code_missing",
        about="an injected drug, to Medicaid, without its drug code",
        outcome="held for coding",
        payer="STATECAID",
        visit="injection",
        twist=Twist(lines=(Line("20610", modifiers=("RT",)), Line("J3301", units=4))),
        expect=held("drug_code_missing", queue="coding", fields=("lines[1].ndc",)),
    ),
    Scenario(
        name="code_not_mapped",
        about="a service under a local code no mapping table knows",
        outcome="held for coding, the other line with it",
        payer="BLUEPEAK",
        twist=Twist(lines=(Line("99213"), Line("", charge_cents=8000, snomed="371883000"))),
        expect=held("unmapped_code", queue="coding"),
    ),
)

SUBMISSION: tuple[Scenario, ...] = (
    Scenario(
        name="timeout_after_landing",
        about="the clearinghouse takes the claim and never answers",
        outcome="the outcome is unknown, then found out; sent once, paid",
        payer="BLUEPEAK",
        script=_fault("timeout_after_accepting"),
        expect=Expected(adjudication="paid", events=("claim.submission.unknown",)),
    ),
    Scenario(
        name="timeout_before_landing",
        about="the clearinghouse never got the claim and never answers",
        outcome="the outcome is unknown; proven absent, sent again, paid",
        payer="STATECAID",
        script=_fault("timeout_before_accepting"),
        expect=Expected(
            claim=("closed",), adjudication="paid", events=("claim.submission.unknown",)
        ),
    ),
    Scenario(
        name="answer_lost",
        about="the connection breaks in the middle of the answer",
        outcome="the outcome is unknown, then found out; sent once, paid",
        payer="CMSNORTH",
        visit="therapy",
        script=_fault("answer_lost"),
        expect=Expected(adjudication="paid", events=("claim.submission.unknown",)),
    ),
    Scenario(
        name="gateway_error",
        about="the clearinghouse fails with 503 and had not taken the claim",
        outcome="paid, sent once",
        payer="BLUEPEAK",
        script=_fault("error_before_accepting", status=503),
        expect=PAID,
    ),
    Scenario(
        name="clearinghouse_outage",
        about="the clearinghouse answers nobody while these claims are to be sent",
        outcome="the first prove the outage, the others are held; all are sent once when it is over, and paid",
        payer="BLUEPEAK",
        patients=8,
        drill="signed_in_outage",
        expect=PAID,
    ),
    Scenario(
        name="billed_in_error",
        about="paid, and then the practice finds that insurance should not have been billed",
        outcome="the claim is taken back (frequency 8); the payer reverses its payment",
        payer="BLUEPEAK",
        drill="billed_in_error",
        expect=Expected(
            encounter="not_billable",
            claim=("closed",),
            adjudication="reversed",
            reasons=("billed_in_error",),
        ),
    ),
    Scenario(
        name="large_claim_approved",
        about="a claim over the payer's approval threshold",
        outcome="waits for a second person, who releases it; paid and closed",
        payer="STATECAID",
        visit="brain_and_abdomen",
        twist=Twist(authorized=("70553", "74177")),
        drill="approval",
        expect=Expected(
            claim=("closed",), adjudication="paid", work=(("billing", "approval_required"),)
        ),
    ),
)

ACKNOWLEDGEMENT: tuple[Scenario, ...] = (
    Scenario(
        name="rejected_by_999",
        about="the syntax check refuses the file",
        outcome="rejected, not denied",
        payer="CMSNORTH",
        visit="therapy",
        script={"acknowledgement": {"syntax": "rejected"}},
        expect=REJECTED,
    ),
    Scenario(
        name="rejected_by_277ca",
        about="the payer's front door refuses the claim",
        outcome="rejected, not denied",
        payer="STATECAID",
        script={
            "acknowledgement": {
                "claim_answers": [
                    {"source": "payer", "category": "A7", "status": "562", "entity": "85"}
                ]
            }
        },
        expect=REJECTED,
    ),
    Scenario(
        name="accepted_then_rejected",
        about="the clearinghouse accepts, the payer rejects a day later",
        outcome="rejected: the payer's word wins",
        payer="BLUEPEAK",
        script={
            "acknowledgement": {
                "claim_answers": [
                    {"source": "clearinghouse", "category": "A1", "status": "19"},
                    {"source": "payer", "category": "A3", "status": "116", "after_waves": 1},
                ]
            }
        },
        expect=REJECTED,
    ),
    Scenario(
        name="payer_rule_we_lack",
        about="the payer refuses a diagnosis that our rules let through",
        outcome="rejected: a rule to write",
        payer="OPENMKT",
        visit="ultrasound",
        expect=REJECTED,
    ),
    Scenario(
        name="acknowledgement_late",
        about="the acknowledgements come a wave late",
        outcome="paid and closed",
        payer="STATECAID",
        script={"acknowledgement": {"late_by_waves": 1}},
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="acknowledgement_lost",
        about="no 277CA ever comes",
        outcome="the payment proves that the claim arrived",
        payer="BLUEPEAK",
        script={"acknowledgement": {"lost": ["277CA"]}},
        expect=PAID,
    ),
)

PAYMENT: tuple[Scenario, ...] = (
    Scenario(
        name="underpaid",
        about="the payer allows less than the contract says",
        outcome="paid in part; billing compares with the contract",
        payer="BLUEPEAK",
        script={"adjudication": {"kind": "contract", "allowed_percent_of_charge": 40}},
        expect=Expected(adjudication="paid", work=(("finance", "underpayment"),)),
    ),
    Scenario(
        name="zero_payment",
        about="the whole allowed amount falls on the deductible",
        outcome="nothing paid, nothing denied: the patient owes it",
        payer="OPENMKT",
        visit="counseling",
        script={"adjudication": {"kind": "zero_pay"}},
        expect=Expected(adjudication="patient"),
    ),
    Scenario(
        name="patient_share",
        about="deductible, coinsurance and copay on one claim",
        outcome="paid; the patient owes three shares",
        payer="BLUEPEAK",
        visit="ultrasound",
        script={
            "adjudication": {
                "kind": "patient_share",
                "deductible_cents": 5000,
                "coinsurance_cents": 2000,
                "copay_cents": 2500,
            }
        },
        expect=PAID,
    ),
    Scenario(
        name="one_line_denied",
        about="two lines paid, one denied",
        outcome="a partial denial",
        payer="CMSNORTH",
        visit="labs",
        script={
            "adjudication": {
                "kind": "deny",
                "lines": [3],
                "reason": {"group": "CO", "carc": "97", "rarcs": ["M15"]},
            }
        },
        expect=Expected(
            adjudication="partial", denial_class="bundling", events=("denial.classified",)
        ),
    ),
    Scenario(
        name="down_coded",
        about="the payer pays a lesser code than the one billed",
        outcome="billing reviews the down-coding",
        payer="BLUEPEAK",
        visit="office_long",
        script={"adjudication": {"kind": "downcode", "line": 1, "paid_as": "99213"}},
        expect=Expected(work=(("finance", "procedure_changed_by_payer"),)),
    ),
    Scenario(
        name="reversed_and_corrected",
        about="paid too little, then taken back and paid rightly in one file",
        outcome="closed at the corrected amount",
        payer="STATECAID",
        script={
            "adjudication": {"kind": "contract", "allowed_percent_of_charge": 20},
            "follow_ups": [
                {
                    "kind": "reversal",
                    "after_waves": 1,
                    "correction": {"kind": "contract"},
                }
            ],
        },
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="taken_back",
        about="the payer recovers an overpayment from a later payment",
        outcome="the recovery is on the ledger; finance looks",
        payer="STATECAID",
        visit="counseling_long",
        script={"follow_ups": [{"kind": "takeback", "after_waves": 1, "amount_cents": 2000}]},
        expect=Expected(claim=("closed", "adjudicated")),
    ),
    Scenario(
        name="interest_paid",
        about="the payer pays interest for being late",
        outcome="paid; the interest is its own entry",
        payer="CMSNORTH",
        visit="therapy",
        script={"follow_ups": [{"kind": "interest", "after_waves": 0, "amount_cents": 123}]},
        expect=PAID,
    ),
    Scenario(
        name="pended_then_paid",
        about="the payer thinks about it for a wave",
        outcome="paid and closed; its payment also bears what the payer takes back elsewhere",
        payer="STATECAID",
        script={"adjudication": {"kind": "pend", "category": "P1", "waves": 1}},
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="two_payers",
        about="Medicare first, a commercial plan second",
        outcome="the primary pays, its answer goes with the claim to the second payer, which pays the rest",
        payer="CMSNORTH",
        twist=Twist(second_payer="BLUEPEAK"),
        expect=Expected(
            claim=("closed",), adjudication="paid", events=("next_payer.due",), claims=2
        ),
    ),
)

DENIALS: tuple[Scenario, ...] = (
    Scenario(
        name="denied_eligibility",
        about="coverage had ended, says the payer after all",
        outcome="coverage is verified again by itself",
        payer="BLUEPEAK",
        script=_deny("27"),
        expect=denied("eligibility", ("front_desk", "denial_eligibility")),
    ),
    Scenario(
        name="denied_authorization",
        about="the payer wanted an authorization that its rules do not ask for",
        outcome="classified as authorization",
        payer="BLUEPEAK",
        visit="chest_xray",
        script=_deny("197"),
        expect=denied("authorization"),
    ),
    Scenario(
        name="denied_coding",
        about="diagnosis and procedure do not fit, says the payer",
        outcome="the coder queue gets the claim with its context",
        payer="CMSNORTH",
        visit="therapy",
        script=_deny("11"),
        expect=denied("coding", ("coding", "denial_coding")),
    ),
    Scenario(
        name="denied_bundling",
        about="a service the payer thinks included in another",
        outcome="a person reviews the bundling",
        payer="STATECAID",
        visit="labs",
        script=_deny("97"),
        expect=denied("bundling", ("coding", "denial_bundling")),
    ),
    Scenario(
        name="denied_timely_filing",
        about="too late, says the payer; the acknowledgement proves otherwise",
        outcome="classified as timely filing",
        payer="BLUEPEAK",
        script=_deny("29"),
        expect=denied("timely_filing"),
    ),
    Scenario(
        name="denied_duplicate",
        about="the payer believes it has the claim already",
        outcome="resubmission is suppressed until the conflict is resolved",
        payer="CMSNORTH",
        visit="therapy",
        script=_deny("18", group="OA"),
        expect=denied("duplicate", ("billing", "denial_duplicate")),
    ),
    Scenario(
        name="denied_coordination_of_benefits",
        about="another payer comes first, says this one",
        outcome="the front desk asks for other coverage",
        payer="STATECAID",
        script=_deny("22", group="OA"),
        expect=denied(
            "coordination_of_benefits", ("front_desk", "denial_coordination_of_benefits")
        ),
    ),
    Scenario(
        name="denied_demographic_mismatch",
        about="the patient cannot be identified as a member",
        outcome="the front desk compares with the card",
        payer="BLUEPEAK",
        script=_deny("31"),
        expect=denied("demographic_mismatch", ("front_desk", "denial_demographic_mismatch")),
    ),
    Scenario(
        name="denied_by_a_payers_own_edit",
        about="five units of exercise: one more than this payer pays, which our rules do not know",
        outcome="classified as a payer-specific edit; appealed, upheld",
        payer="BLUEPEAK",
        visit="therapy",
        twist=Twist(lines=(Line("97110", units=5, modifiers=("GP",)),)),
        expect=denied("payer_specific_edit", appeal=True),
    ),
    Scenario(
        name="denied_for_a_reason_nobody_knows",
        about="a reason code that is in no table",
        outcome="no class; a person classifies it by hand",
        payer="BLUEPEAK",
        script=_deny("999"),
        expect=Expected(
            denial_class="unmapped",
            events=("denial.received", "denial.classified"),
            work=(("billing", "denial_unmapped"),),
        ),
    ),
    Scenario(
        name="appeal_overturned",
        about="not necessary, says the payer; the appeal convinces it",
        outcome="paid after the first appeal",
        payer="BLUEPEAK",
        visit="chest_xray",
        script={**_deny("50"), "appeals": [{"level": 1, "decision": "overturned"}]},
        expect=Expected(
            adjudication="paid",
            denial_class="payer_specific_edit",
            events=("appeal.opened", "appeal.submitted", "appeal.decided"),
        ),
    ),
    Scenario(
        name="appeal_overturned_at_the_second_level",
        about="upheld once, overturned at the next level",
        outcome="paid after the second appeal",
        payer="CMSNORTH",
        visit="therapy",
        script={
            **_deny("50"),
            "appeals": [
                {"level": 1, "decision": "upheld"},
                {"level": 2, "decision": "overturned"},
            ],
        },
        expect=Expected(
            adjudication="paid",
            denial_class="payer_specific_edit",
            events=("appeal.opened", "appeal.submitted", "appeal.decided"),
        ),
    ),
    Scenario(
        name="appeal_upheld_for_good",
        about="upheld at every level the payer offers",
        outcome="stays denied",
        payer="BLUEPEAK",
        visit="ultrasound",
        script={
            **_deny("50"),
            "appeals": [{"level": 1, "decision": "upheld"}, {"level": 2, "decision": "upheld"}],
        },
        expect=denied("payer_specific_edit", appeal=True),
    ),
    Scenario(
        name="appeal_left_to_a_person",
        about="the step that sends appeals only assists for this payer",
        outcome="an appeal is prepared; a person sends it",
        payer="STATECAID",
        visit="counseling_long",
        script=_deny("50"),
        expect=denied("payer_specific_edit", appeal=True),
    ),
    Scenario(
        name="denial_only_observed",
        about="the step that answers denials only observes for this payer",
        outcome="what would have been done is recorded, and nothing is done",
        payer="OPENMKT",
        visit="counseling",
        script=_deny("11"),
        expect=denied("coding"),
    ),
)

FILES: tuple[Scenario, ...] = (
    Scenario(
        name="remittance_file_twice",
        about="the same file is delivered twice",
        outcome="posted once",
        payer="STATECAID",
        visit="labs",
        payment={"kind": "duplicate_file"},
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="remittance_rewrapped",
        about="the same payment comes again in another envelope",
        outcome="posted once",
        payer="CMSNORTH",
        visit="therapy",
        payment={"kind": "duplicate_file", "rewrapped": True},
        expect=PAID,
    ),
    Scenario(
        name="remittance_unbalanced_then_repaired",
        about="a file that does not add up; the payer sends it again, right",
        outcome="quarantined whole, then posted from the repaired file",
        payer="STATECAID",
        payment={"kind": "unbalanced", "level": "claim", "by_cents": 100, "after_waves": 1},
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="remittance_unbalanced",
        about="a file that does not add up",
        outcome="quarantined whole; a month later the payer is asked, and says that it has paid",
        payer="BLUEPEAK",
        payment={"kind": "unbalanced", "level": "line", "by_cents": 250},
        expect=Expected(
            claim=("accepted",),
            events=("claim.status.due", "claim.status.answered"),
            work=(("finance", "payer_decided_without_remittance"),),
        ),
    ),
    Scenario(
        name="remittance_for_test_only",
        about="a test file comes with the real one",
        outcome="the test file is refused, the real one posted",
        payer="STATECAID",
        visit="counseling_long",
        payment={"kind": "test_indicator"},
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="deposit_differs",
        about="the bank received another amount than the remittance announced",
        outcome="posted; finance asks the payer",
        payer="CMSNORTH",
        visit="therapy",
        payment={"kind": "deposit_mismatch", "by_cents": 500},
        expect=PAID,
    ),
    Scenario(
        name="deposit_missing",
        about="the announced money never reaches the bank",
        outcome="posted; the deposit stays open",
        payer="BLUEPEAK",
        payment={"kind": "deposit_missing"},
        expect=PAID,
    ),
)

EVENTS: tuple[Scenario, ...] = (
    Scenario(
        name="event_delivered_three_times",
        about="the signing event arrives three times",
        outcome="one claim",
        payer="STATECAID",
        drill="repeated_event",
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="facts_before_signing",
        about="diagnosis, code and charge are reported before the encounter is signed",
        outcome="nothing is billed before the signature; one claim afterwards",
        payer="STATECAID",
        drill="facts_before_signing",
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="late_and_out_of_order",
        about="an older charge event arrives after the signature, an older insurance change too",
        outcome="neither changes anything",
        payer="STATECAID",
        booked=True,
        drill="late_events",
        expect=PAID_AND_CLOSED,
    ),
    Scenario(
        name="document_altered",
        about="the document at rest is not the one that was signed",
        outcome="the encounter is held; engineering has the evidence",
        payer="BLUEPEAK",
        drill="document_altered",
        expect=Expected(
            encounter="held",
            claim=(),
            reasons=("document_altered",),
            work=(("engineering", "document_altered"),),
        ),
    ),
    Scenario(
        name="bad_events",
        about="unsigned, forged, altered, replayed, of an unknown version, breaking the contract",
        outcome="each refused with its reason and kept; the encounter is never billed",
        payer="BLUEPEAK",
        drill="refused_events",
        expect=Expected(encounter="absent", claim=()),
    ),
)

ESTIMATES: tuple[Scenario, ...] = (
    Scenario(
        name="estimate_on_request",
        about="a patient without insurance asks what an MRI would cost; nothing is booked yet",
        outcome="a Good Faith Estimate, owed in writing within three business days",
        payer="SELFPAY",
        visit="knee_mri",
        drill="estimate_requested",
        expect=Expected(encounter="", claim=(), work=(("front_desk", "good_faith_estimate_owed"),)),
    ),
)

CATALOGUE: tuple[Scenario, ...] = (
    *CLEAN,
    *ELIGIBILITY,
    *VALIDATION,
    *SUBMISSION,
    *ACKNOWLEDGEMENT,
    *PAYMENT,
    *DENIALS,
    *FILES,
    *EVENTS,
    *ESTIMATES,
)
