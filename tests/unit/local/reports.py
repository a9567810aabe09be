"""A made-up run, for tests and for looking at the page without running anything."""

from datetime import UTC, date, datetime, timedelta

from local.run_report import (
    Check,
    ClaimStory,
    CostLine,
    DenialClass,
    FunnelStage,
    Kpi,
    Money,
    PayerLine,
    RefusedLine,
    RunReport,
    StoryStep,
    WorkToDo,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def made_up_report(*, all_hold: bool = True) -> RunReport:
    """A day as it might have been."""
    return RunReport(
        name="Northfield",
        seed=7,
        today=date(2026, 3, 2),
        started_at=START,
        seconds=94.2,
        patients=64,
        encounters=72,
        claims={
            "held": 9,
            "awaiting_approval": 1,
            "rejected": 3,
            "accepted": 2,
            "adjudicated": 21,
            "closed": 33,
        },
        submissions=61,
        duplicates_at_payer=0,
        remittances=9,
        ledger_imbalance_cents=0,
        unexplained=0,
        work_items={
            "front_desk": 7,
            "coding": 6,
            "authorization": 3,
            "billing": 8,
            "finance": 3,
            "engineering": 4,
        },
        dead_letters=1,
        kpis={"clean_claim_rate": 0.79},
        events_published={
            "claim.staged": 69,
            "claim.released": 58,
            "claim.submitted": 57,
            "denial.received": 14,
            "remittance.posted": 8,
        },
        encounters_by_state={"billed": 69, "not_billable": 2, "held": 1},
        encounters_not_billed={"self_pay": 2},
        claims_by_outcome={
            "paid": 36,
            "partly_paid": 6,
            "denied": 11,
            "patient_pays_all": 1,
            "waiting_for_payer": 2,
            "not_sent": 13,
        },
        money=Money(
            billed_cents=1_842_500,
            contractual_cents=553_000,
            paid_cents=812_340,
            patient_cents=96_160,
            denied_cents=291_000,
            waiting_cents=68_000,
            disputed_cents=14_000,
            written_off_cents=8_000,
            recovered_cents=42_000,
            deposited_cents=801_000,
            not_yet_billed_cents=212_000,
        ),
        funnel=(
            FunnelStage(label="Visits signed", count=72, note="2 not billable, 1 waits"),
            FunnelStage(label="Claims assembled", count=69, note=""),
            FunnelStage(label="Passed our checks", count=60, note="9 held, 1 waits for approval"),
            FunnelStage(label="Sent", count=59, note="each once"),
            FunnelStage(label="Accepted at the front door", count=56, note="3 rejected"),
            FunnelStage(label="Answered by the payer", count=54, note="2 not answered yet"),
            FunnelStage(label="Paid, in full or in part", count=42, note="11 denied, 1 to patient"),
        ),
        payers=(
            PayerLine(
                payer_id="BLUEPEAK",
                claims=24,
                billed_cents=702_500,
                paid_cents=301_000,
                patient_cents=41_000,
                denied_cents=88_000,
                denials=4,
                rejections=1,
            ),
            PayerLine(
                payer_id="CMSNORTH",
                claims=18,
                billed_cents=480_000,
                paid_cents=248_340,
                patient_cents=30_160,
                denied_cents=61_000,
                denials=3,
                rejections=0,
            ),
        ),
        denials=(
            DenialClass(
                bucket="authorization",
                count=3,
                cents=121_000,
                recovered_cents=42_000,
                responses={"work_item": 2, "appeal": 1},
            ),
            DenialClass(bucket="coding", count=3, cents=64_000, responses={"work_item": 3}),
            DenialClass(bucket="eligibility", count=2, cents=38_000, responses={"reverify": 2}),
            DenialClass(bucket="timely_filing", count=1, cents=32_000, responses={"appeal": 1}),
            DenialClass(bucket="bundling", count=1, cents=21_000),
            DenialClass(bucket="cob", count=1, cents=15_000),
        ),
        appeals={"overturned": 1, "upheld": 1, "waiting": 1},
        eligibility={"active": 58, "inactive": 3, "undetermined": 2, "unavailable": 2},
        submission_outcomes={"submitted": 57, "submitted_after_unknown": 2, "refused": 1},
        remittances_by_state={"posted": 8, "quarantined": 1},
        remittance_files={"ready": 8, "duplicate": 1, "quarantined": 1},
        deposits={"matched": 7, "differs": 1},
        work=(
            WorkToDo(
                queue="front_desk",
                reason="coverage_inactive",
                count=3,
                amount_cents=84_000,
                recommended_action="verify coverage with the patient",
                due_on=date(2026, 3, 5),
            ),
            WorkToDo(
                queue="coding",
                reason="procedure_pair_conflict",
                count=2,
                amount_cents=51_000,
                recommended_action="check the modifier or remove one service",
                due_on=date(2026, 3, 5),
            ),
            WorkToDo(
                queue="finance",
                reason="deposit_differs_from_remittance",
                count=1,
                amount_cents=2_000,
                recommended_action="ask the payer which is right",
                due_on=date(2026, 3, 6),
            ),
        ),
        work_resolved=5,
        dead_letters_by_queue={"Remittance": 1},
        kpi_table=(
            Kpi(
                name="clean_claim_rate",
                label="Clean claim rate",
                value=0.79,
                unit="ratio",
                definition="accepted by the payer's front end, touched by nobody ÷ claims staged",
                numerator=55,
                denominator=69,
            ),
            Kpi(
                name="first_pass_denial_rate",
                label="First pass denial rate",
                value=0.2,
                unit="ratio",
                definition="denied by their first remittance ÷ claims answered",
                numerator=11,
                denominator=54,
                is_better_when_higher=False,
            ),
            Kpi(
                name="auto_post_rate",
                label="Auto post rate",
                value=0.97,
                unit="ratio",
                definition="posted without a person ÷ remitted claims",
                numerator=52,
                denominator=54,
                is_leading=True,
            ),
            Kpi(
                name="time_to_cash",
                label="Time to cash",
                value=None,
                unit="seconds",
                definition="seconds from close to payment ÷ claims first paid",
            ),
        ),
        events_received={"encounter.signed": 72, "appointment.created": 74},
        events_absorbed={"encounter.signed": 3},
        events_refused=(
            RefusedLine(
                type="encounter.signed",
                reason="signature_invalid",
                field_path="detail.signature",
                count=2,
            ),
            RefusedLine(
                type="charge.signed",
                reason="event_version_unknown",
                field_path="detail.version",
                count=1,
            ),
        ),
        usage={"invocations": 900},
        cost=(
            CostLine(name="write_units", service="dynamodb", count=4200, usd_per_1000=0.038),
            CostLine(
                name="express_requests", service="step_functions", count=400, usd_per_1000=0.006
            ),
            CostLine(name="invocations", service="lambda", count=900, usd_per_1000=0.003),
        ),
        cost_usd_per_1000_claims=0.091,
        stories=(_story(),),
        checks=(
            Check(
                name="No claim reached a payer twice", holds=True, detail="counted by the payers: 0"
            ),
            Check(name="The ledger sums to zero", holds=True, detail="412 postings"),
            Check(
                name="Everything has an end and a reason", holds=all_hold, detail="0 unexplained"
            ),
            Check(name="1,000 claims cost less than USD 0.30", holds=True, detail="USD 0.091"),
        ),
    )


def _story() -> ClaimStory:
    def at(minutes: int) -> datetime:
        return START + timedelta(minutes=minutes)

    return ClaimStory(
        claim_id="C7QF2M4KX1",
        encounter_id="enc-0042",
        payer_id="BLUEPEAK",
        headline="Denied because no authorization was on file (CO-197); appealed and overturned.",
        state="closed",
        charge_cents=84_000,
        paid_cents=42_000,
        patient_cents=8_000,
        steps=(
            StoryStep(
                at=at(0),
                title="Claim assembled",
                actor="assemble_claim",
                because="encounter.signed",
                facts=("2 service lines", "charge $840.00"),
                evidence=("mapping sha256:11aa…",),
                tone="main",
            ),
            StoryStep(
                at=at(1),
                title="Passed our checks",
                actor="scrub_claim",
                facts=("61 rules", "rule set sha256:9c…"),
                tone="good",
            ),
            StoryStep(
                at=at(2),
                title="Sent",
                actor="submit_claim",
                facts=("attempt 1",),
                evidence=("attempts/C7QF2M4KX1-1.x12",),
                tone="main",
            ),
            StoryStep(
                at=at(30),
                title="Denied by the payer",
                actor="post_remittance",
                because="CO-197: no authorization",
                facts=("denied $840.00",),
                tone="bad",
            ),
            StoryStep(at=at(31), title="Appealed, level 1", actor="submit_appeal", tone="warn"),
            StoryStep(at=at(50), title="Overturned and paid", actor="post_remittance", tone="good"),
        ),
    )
