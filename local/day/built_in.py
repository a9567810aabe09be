"""The built-in day: every scenario of the catalogue, made into documents, events and a world.

The visits took place yesterday, by the practice's clock six hours behind UTC, so every moment of
the day lies in the past of `today`. The same seed and date give the same bytes.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from local.day import world as payers_side
from local.day.documents import (
    Booking,
    Insurance,
    appointment_document,
    encounter_document,
    insurance_document,
    proposal_document,
)
from local.day.identifiers import member_id_of
from local.day.people import invent_person
from local.day.practice import EHR, GROUP, WIRE_IDS
from local.day.records import (
    Approval,
    AutomationSetting,
    Day,
    EhrEvent,
    Expectation,
    Phase,
    Reception,
    Signing,
    SimulatorCall,
)
from local.day.rule_change import plan_name_change
from local.day.scenarios import CATALOGUE, Expected, Scenario, held
from local.day.visits import KINDS

BUILT_IN = "built-in day"

_RULE_SETS = Path(__file__).resolve().parents[2] / "rulesets"
MAPPING_FILE = _RULE_SETS / "mappings" / "example.json"
RULES_FILE = _RULE_SETS / "scrub" / "base.json"

OUTAGE_PAYER = "OPENMKT"
SUPERVISOR = "billing.supervisor"
COPAY_CENTS = 2_500

# What `rulesets/automation/example.json` sets to something other than automate.
AUTOMATION = (
    AutomationSetting(step="respond_to_denial", payer_id="OPENMKT", mode="observe"),
    AutomationSetting(step="submit_appeal", payer_id="STATECAID", mode="assist"),
)

_CLINIC = timezone(timedelta(hours=-6))
_OPENS = time(8, 0, tzinfo=_CLINIC)
_PHASES = tuple(Phase)
_NO_CLAIM_DRILLS = {
    "appointment_only",
    "appointment_cancelled",
    "estimate_requested",
    "lapse_found_by_recheck",
}

# When in the story a phase happens: days before today, and the clinic's hour.
_CLOCK = {
    Phase.BOOKING: (7, 10),
    Phase.OUTAGE: (6, 10),
    Phase.BEFORE_VISIT: (3, 10),
    Phase.VISIT: (1, 9),
    Phase.SIGN: (1, 16),
    Phase.LATER: (1, 17),
    Phase.CLEARINGHOUSE_OUT: (1, 17),
    Phase.CLEARINGHOUSE_BACK: (1, 17),
    Phase.FAULTS: (1, 17),
    Phase.AFTER_PAYMENT: (1, 17),
}


def build_day(seed: int, today: date) -> Day:
    """The built-in day.

    Parameters
    ----------
    seed
        Decides names, dates of birth, addresses and member ids; the scenarios are always all there.
    today
        The UTC date on which the day is run; visits took place the day before.
    """
    return _Builder(seed, today).build()


@dataclass(frozen=True, slots=True)
class _Visit:
    """One patient's visit in one scenario."""

    scenario: Scenario
    booking: Booking

    @property
    def encounter_id(self) -> str:
        return self.booking.encounter_id

    @property
    def appointment_id(self) -> str:
        return self.booking.appointment_id

    @property
    def patient_id(self) -> str:
        return self.booking.person.patient_id


@dataclass(slots=True)
class _Story:
    """What the day consists of, as it is gathered."""

    documents: dict[str, bytes] = field(default_factory=dict)
    events: list[EhrEvent] = field(default_factory=list)
    calls: list[SimulatorCall] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    script: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    expectations: dict[str, Expectation] = field(default_factory=dict)
    encounters: set[str] = field(default_factory=set)
    patients: set[str] = field(default_factory=set)


class _Builder:
    def __init__(self, seed: int, today: date) -> None:
        self._seed = seed
        self._today = today
        self._random = Random(seed)  # noqa: S311 - made-up people, no secrets
        self._mapping: Mapping[str, Any] = json.loads(MAPPING_FILE.read_text(encoding="utf-8"))
        self._prices = _prices(self._mapping)
        # Another date or seed is another day: nothing of it is taken for a repeat of this one.
        self._prefix = f"{today:%y%m%d}-{seed}"
        self._count = 0
        self._clocks: dict[Phase, int] = {}
        self._story = _Story()
        self._drills: Mapping[str, Callable[[_Visit], None]] = {
            "": self._just_sign,
            "patient_payment": self._patient_payment,
            "coverage_ends_before_visit": self._coverage_ends_before_visit,
            "coverage_lapses_unnoticed": self._coverage_lapses_unnoticed,
            "lapse_found_by_recheck": self._lapse_found_by_recheck,
            "booked_during_outage": self._booked_during_outage,
            "appointment_only": self._appointment_only,
            "appointment_cancelled": self._appointment_cancelled,
            "estimate_requested": self._estimate_requested,
            "authorization_obtained": self._authorization_obtained,
            "second_encounter": self._second_encounter,
            "approval": self._approval,
            "signed_in_outage": self._signed_in_outage,
            "billed_in_error": self._billed_in_error,
            "repeated_event": self._repeated_event,
            "facts_before_signing": self._facts_before_signing,
            "late_events": self._late_events,
            "document_altered": self._document_altered,
            "refused_events": self._refused_events,
        }

    def build(self) -> Day:
        for scenario in CATALOGUE:
            for ordinal in range(1, scenario.patients + 1):
                self._play(scenario, ordinal)
        self._outage()
        self._clearinghouse_outage()
        story = self._story
        return Day(
            name=BUILT_IN,
            seed=self._seed,
            today=self._today,
            documents=story.documents,
            events=tuple(sorted(story.events, key=lambda event: _PHASES.index(event.phase))),
            world=payers_side.world(self._today, story.members, story.script, story.payments),
            mapping=self._mapping,
            simulator_calls=tuple(story.calls),
            automation=AUTOMATION,
            approvals=tuple(story.approvals),
            rule_change=plan_name_change(json.loads(RULES_FILE.read_text(encoding="utf-8"))),
            expectations=story.expectations,
            encounter_count=len(story.encounters),
            patient_count=len(story.patients),
        )

    # --- one scenario ---

    def _play(self, scenario: Scenario, ordinal: int) -> None:
        visit = self._visit(scenario)
        self._story.patients.add(visit.patient_id)
        self._tell_payers(visit, ordinal)
        if scenario.booked:
            self._book(visit, Phase.BOOKING)
            self._check_in(visit)
        self._drills[scenario.drill](visit)
        self._expect(visit)

    def _visit(self, scenario: Scenario) -> _Visit:
        self._count += 1
        number = f"{self._count:03d}"
        kind, twist = KINDS[scenario.visit], scenario.twist
        day = self._today - timedelta(days=twist.days_ago)
        if scenario.drill in _NO_CLAIM_DRILLS:
            day = self._today + timedelta(days=2)
        age_years = self._random.randint(*kind.ages) if twist.age_years is None else twist.age_years
        person = invent_person(
            self._random,
            f"{self._prefix}-P{number}",
            sex=twist.sex or kind.sex,
            age_years=age_years,
            on=day,
        )
        ended = twist.coverage_ended_days_ago
        payers = [scenario.payer, *([twist.second_payer] if twist.second_payer else [])]
        insurance = tuple(
            Insurance(
                coverage_id=f"{self._prefix}-C{number}-{rank}",
                payer_id=payer_id,
                member_id=self._member_id(payer_id, person.patient_id),
                starts_on=date(self._today.year - 1, 1, 1),
                ends_on=self._today - timedelta(days=ended) if ended else None,
                relationship=twist.relationship,
            )
            for rank, payer_id in enumerate(payers, start=1)
        )
        minutes = 5 * (self._count % 90)
        expired = twist.authorization_ended_days_ago
        booking = Booking(
            encounter_id=f"{self._prefix}-E{number}",
            appointment_id=f"{self._prefix}-A{number}",
            person=person,
            insurance=insurance,
            starts_at=datetime.combine(day, _OPENS) + timedelta(minutes=minutes),
            lines=twist.lines or kind.lines,
            diagnoses=twist.diagnoses or kind.diagnoses,
            service_line=kind.service_line,
            location=kind.location,
            practitioner=self._random.choice(kind.practitioners),
            style=kind.style,
            prices=self._prices,
            without_street=twist.without_street,
            practitioner_npi=self._npi(twist.practitioner_npi),
            authorized=twist.authorized,
            authorized_until=self._today - timedelta(days=expired) if expired else None,
        )
        return _Visit(scenario, booking)

    def _member_id(self, payer_id: str, patient_id: str) -> str:
        # Not from the prefix's date: a person keeps the card from one day to the next.
        return member_id_of(payer_id, str(self._seed), patient_id.rpartition("-")[2])

    def _npi(self, wanted: str) -> str:
        if wanted != "group":
            return wanted
        return str(self._mapping["providers"][f"{EHR}/providers|{GROUP}"]["npi"])

    def _tell_payers(self, visit: _Visit, ordinal: int) -> None:
        scenario, booking = visit.scenario, visit.booking
        if scenario.payer not in WIRE_IDS or scenario.member.get("unknown"):
            return
        primary = booking.insurance[0]
        for insurance in booking.insurance:
            self._story.members.append(
                payers_side.member(booking, insurance, scenario, self._today)
            )
        if entry := payers_side.script_entry(scenario, primary, ordinal):
            self._story.script.append(entry)
        if entry := payers_side.payment_entry(scenario, primary, ordinal):
            self._story.payments.append(entry)

    def _registered(self, visit: _Visit) -> _Visit:
        """The visit as registration has it: with the member id that was entered, right or wrong."""
        entered = visit.scenario.twist.member_id
        if entered is None:
            return visit
        first, *others = visit.booking.insurance
        insurance = (replace(first, member_id=entered), *others)
        return replace(visit, booking=replace(visit.booking, insurance=insurance))

    # --- documents and events ---

    def _store(self, subject_id: str, content: bytes) -> dict[str, str]:
        """Keep a document; what an event says of it is returned."""
        ordinal = sum(key.startswith(f"ehr/{subject_id}/") for key in self._story.documents) + 1
        key = f"ehr/{subject_id}/{ordinal}.json"
        self._story.documents[key] = content
        return {"document_key": key, "document_sha256": hashlib.sha256(content).hexdigest()}

    def _event(
        self, visit: _Visit, phase: Phase, type_: str, data: Mapping[str, Any], **more: Any
    ) -> EhrEvent:
        """Publish an event; moments of one phase follow one another by seconds."""
        tick = self._clocks[phase] = self._clocks.get(phase, 0) + 1
        days_ago, hour = _CLOCK[phase]
        at = datetime.combine(self._today - timedelta(days=days_ago), time(hour, tzinfo=_CLINIC))
        fields: dict[str, Any] = {
            "id": f"evt-{self._prefix}-{len(self._story.events) + 1:04d}",
            "version": 1,
            "occurred_at": (at + timedelta(seconds=tick)).astimezone(UTC),
            "scenario": visit.scenario.name,
            **more,
        }
        event = EhrEvent(phase=phase, type=type_, data=data, **fields)
        self._story.events.append(event)
        return event

    def _book(self, visit: _Visit, phase: Phase) -> None:
        booking = self._registered(visit).booking
        document = self._store(visit.appointment_id, appointment_document(booking))
        data = {
            "appointment_id": visit.appointment_id,
            "patient_id": visit.patient_id,
            "encounter_id": visit.encounter_id,
            "location_id": booking.location,
            "starts_at": booking.starts_at.isoformat(),
            **document,
        }
        if visit.scenario.drill in _NO_CLAIM_DRILLS:
            del data["encounter_id"]
        self._event(visit, phase, "appointment.created", data)

    def _check_in(self, visit: _Visit) -> None:
        booking = self._registered(visit).booking
        document = self._store(visit.appointment_id, appointment_document(booking))
        data = {
            "appointment_id": visit.appointment_id,
            "patient_id": visit.patient_id,
            **document,
        }
        self._event(visit, Phase.VISIT, "patient.checked_in", data)

    def _sign(self, visit: _Visit, *, phase: Phase = Phase.SIGN, **more: Any) -> EhrEvent:
        self._story.encounters.add(visit.encounter_id)
        content = encounter_document(self._registered(visit).booking)
        return self._event(
            visit, phase, "encounter.signed", self._signed_data(visit, content), **more
        )

    def _signed_data(self, visit: _Visit, content: bytes) -> dict[str, str]:
        return {
            "encounter_id": visit.encounter_id,
            "patient_id": visit.patient_id,
            **self._store(visit.encounter_id, content),
        }

    def _insurance_updated(
        self, visit: _Visit, phase: Phase, resource_version: int, **more: Any
    ) -> None:
        document = self._store(visit.patient_id, insurance_document(visit.booking))
        data = {
            "patient_id": visit.patient_id,
            "resource_version": resource_version,
            **document,
        }
        self._event(visit, phase, "insurance.updated", data, **more)

    def _expect(self, visit: _Visit, expected: Expected | None = None) -> None:
        expected = expected or visit.scenario.expect
        is_booking_only = visit.scenario.drill in _NO_CLAIM_DRILLS
        subject = visit.appointment_id if is_booking_only else visit.encounter_id
        self._story.expectations[subject] = Expectation(
            scenario=visit.scenario.name,
            subject_id=subject,
            encounter_state=expected.encounter,
            claim_states=expected.claim,
            adjudication=expected.adjudication,
            reasons=expected.reasons,
            denial_class=expected.denial_class,
            events=expected.events,
            work=expected.work,
            fields=expected.fields,
            claims=expected.claims,
            note=visit.scenario.outcome,
        )

    # --- drills ---

    def _just_sign(self, visit: _Visit) -> None:
        self._sign(visit)

    def _outage(self) -> None:
        """One payer cannot be asked while the visits of this phase are booked."""
        payer = WIRE_IDS[OUTAGE_PAYER]
        for before, how, why in (
            (Phase.OUTAGE, "http", "the payer stops answering eligibility inquiries"),
            (Phase.BEFORE_VISIT, "off", "the payer answers again"),
        ):
            body = {"payer_id": payer, "eligibility": how, "claims": "off"}
            call = SimulatorCall(before=before, path="/_sim/outage", body=body, why=why)
            self._story.calls.append(call)

    def _clearinghouse_outage(self) -> None:
        """No payer's claims are taken while those of this phase are sent."""
        for before, how, why in (
            (Phase.CLEARINGHOUSE_OUT, "http", "the clearinghouse takes no claims"),
            (Phase.CLEARINGHOUSE_BACK, "off", "the clearinghouse takes claims again"),
        ):
            for payer in WIRE_IDS.values():
                body = {"payer_id": payer, "eligibility": "off", "claims": how}
                call = SimulatorCall(before=before, path="/_sim/outage", body=body, why=why)
                self._story.calls.append(call)

    def _signed_in_outage(self, visit: _Visit) -> None:
        self._sign(visit, phase=Phase.CLEARINGHOUSE_OUT)

    def _billed_in_error(self, visit: _Visit) -> None:
        """After the payment the EHR finds out that nothing was to be billed to insurance."""
        self._sign(visit)
        nobody = replace(visit.booking.insurance[0], payer_id="SELFPAY")
        content = encounter_document(replace(visit.booking, insurance=(nobody,)))
        data = {"encounter_id": visit.encounter_id, **self._store(visit.encounter_id, content)}
        self._event(visit, Phase.AFTER_PAYMENT, "charge.signed", data)

    def _booked_during_outage(self, visit: _Visit) -> None:
        self._book(visit, Phase.OUTAGE)
        self._check_in(visit)
        self._sign(visit)

    def _coverage_ends_before_visit(self, visit: _Visit) -> None:
        self._end_coverage(visit, self._today - timedelta(days=5))
        self._insurance_updated(visit, Phase.BEFORE_VISIT, 2)
        self._sign(visit)

    def _coverage_lapses_unnoticed(self, visit: _Visit) -> None:
        self._end_coverage(visit, self._today - timedelta(days=2))
        self._sign(visit)

    def _lapse_found_by_recheck(self, visit: _Visit) -> None:
        self._book(visit, Phase.BOOKING)
        self._end_coverage(visit, self._today + timedelta(days=1))

    def _end_coverage(self, visit: _Visit, ended: date) -> None:
        """Between booking and visit the payer ends the coverage."""
        (insurance,) = visit.booking.insurance
        changed = payers_side.member(visit.booking, insurance, visit.scenario, self._today)
        changed["coverage"] = [payers_side.span(insurance.starts_on, ended)]
        self._story.calls.append(
            SimulatorCall(
                before=Phase.BEFORE_VISIT,
                path="/_sim/members",
                body={"members": [changed]},
                why="a member's coverage ends before the visit",
            )
        )

    def _appointment_only(self, visit: _Visit) -> None:
        self._book(visit, Phase.BOOKING)

    def _appointment_cancelled(self, visit: _Visit) -> None:
        self._book(visit, Phase.BOOKING)
        data = {"appointment_id": visit.appointment_id}
        self._event(visit, Phase.BEFORE_VISIT, "appointment.cancelled", data)

    def _estimate_requested(self, visit: _Visit) -> None:
        days_ago, _hour = _CLOCK[Phase.BEFORE_VISIT]
        data = {
            "appointment_id": visit.appointment_id,
            "patient_id": visit.patient_id,
            "requested_on": (self._today - timedelta(days=days_ago)).isoformat(),
            **self._store(visit.appointment_id, proposal_document(visit.booking)),
        }
        self._event(visit, Phase.BEFORE_VISIT, "estimate.requested", data)

    def _authorization_obtained(self, visit: _Visit) -> None:
        self._sign(visit)
        procedures = tuple(line.procedure for line in visit.booking.lines)
        content = encounter_document(visit.booking.with_authorization(procedures))
        data = {"encounter_id": visit.encounter_id, **self._store(visit.encounter_id, content)}
        self._event(visit, Phase.LATER, "authorization.obtained", data)

    def _second_encounter(self, visit: _Visit) -> None:
        self._sign(visit)
        again = replace(
            visit, booking=replace(visit.booking, encounter_id=f"{visit.encounter_id}-B")
        )
        self._sign(again, phase=Phase.LATER)
        self._expect(again, held("duplicate_claim", queue="billing"))

    def _approval(self, visit: _Visit) -> None:
        self._sign(visit)
        self._story.approvals.append(
            Approval(
                encounter_id=visit.encounter_id,
                approved_by=SUPERVISOR,
                reason="Read against the reports; both authorizations are on file.",
            )
        )

    def _patient_payment(self, visit: _Visit) -> None:
        self._sign(visit)
        data = {
            "adjustment_id": f"{visit.encounter_id}-PAY",
            "encounter_id": visit.encounter_id,
            "amount_cents": COPAY_CENTS,
            "reason_code": "patient_payment",
        }
        self._event(visit, Phase.AFTER_PAYMENT, "balance.adjusted", data)
        self._event(visit, Phase.AFTER_PAYMENT, "balance.adjusted", data)
        too_much = {**data, "adjustment_id": f"{visit.encounter_id}-PAY2", "amount_cents": 10**7}
        self._event(visit, Phase.AFTER_PAYMENT, "balance.adjusted", too_much)

    def _repeated_event(self, visit: _Visit) -> None:
        signed = self._sign(visit, repeat=3)
        self._event(
            visit,
            Phase.FAULTS,
            signed.type,
            signed.data,
            id=signed.id,
            occurred_at=signed.occurred_at,
            same_envelope_as=signed.id,
            expect=Reception.ABSORBED,
        )
        self._event(
            visit,
            Phase.FAULTS,
            signed.type,
            {**signed.data, "patient_id": f"{visit.patient_id}-X"},
            id=signed.id,
            expect=Reception.REFUSED,
            expect_reason="event_id_reused",
        )

    def _facts_before_signing(self, visit: _Visit) -> None:
        draft = encounter_document(visit.booking, is_signed=False)
        for type_ in ("diagnosis.finalized", "procedure.coded", "charge.signed"):
            data = {"encounter_id": visit.encounter_id, **self._store(visit.encounter_id, draft)}
            self._event(visit, Phase.VISIT, type_, data)
        self._sign(visit)

    def _late_events(self, visit: _Visit) -> None:
        self._insurance_updated(visit, Phase.BEFORE_VISIT, 3)
        signed = self._sign(visit)
        earlier = signed.occurred_at - timedelta(hours=2)
        draft = encounter_document(visit.booking, is_signed=False)
        data = {"encounter_id": visit.encounter_id, **self._store(visit.encounter_id, draft)}
        self._event(visit, Phase.LATER, "charge.signed", data, occurred_at=earlier)
        stale = earlier - timedelta(days=2)
        self._insurance_updated(visit, Phase.LATER, 2, occurred_at=stale)

    def _document_altered(self, visit: _Visit) -> None:
        signed = self._sign(visit)
        key = str(signed.data["document_key"])
        self._story.documents[key] = self._story.documents[key].replace(
            b'"value":145', b'"value":945'
        )

    def _refused_events(self, visit: _Visit) -> None:
        data = self._signed_data(visit, encounter_document(visit.booking))
        unfinished = {name: value for name, value in data.items() if name != "document_sha256"}
        refusals: tuple[tuple[str, dict[str, Any]], ...] = (
            ("signature_missing", {"signing": Signing.ABSENT}),
            ("signature_invalid", {"signing": Signing.FORGED}),
            ("signing_key_unknown", {"signing": Signing.UNKNOWN_KEY}),
            ("signature_invalid", {"signing": Signing.ALTERED}),
            ("signature_too_old", {"signing": Signing.STALE}),
            ("event_version_unknown", {"version": 99}),
        )
        for reason, more in refusals:
            self._refused(visit, data, reason, **more)
        self._refused(visit, unfinished, "payload_invalid")

    def _refused(self, visit: _Visit, data: Mapping[str, Any], reason: str, **more: Any) -> None:
        self._event(
            visit,
            Phase.FAULTS,
            "encounter.signed",
            data,
            expect=Reception.REFUSED,
            expect_reason=reason,
            **more,
        )


def _prices(mapping: Mapping[str, Any]) -> dict[str, int]:
    """The usual price of each national code, as the table has it."""
    return {
        row["procedure"]: row["charge_cents"]
        for key, rows in mapping["procedures"].items()
        for row in rows
        if row.get("procedure") and key.endswith(f"|{row['procedure']}")
    }
