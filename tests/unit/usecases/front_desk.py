"""The front desk of a practice: one patient with one coverage, and a payer that answers as told."""

from datetime import date
from typing import Any

from functions.billing.domain.eligibility.coverages import KnownCoverage, Visit
from functions.billing.usecases.checking import EligibilityPorts
from functions.billing.usecases.find_rechecks import FindRechecks, find_rechecks
from functions.billing.usecases.verify_eligibility import VerifyEligibility, verify_eligibility
from tests.builders import CAUSE
from tests.unit.usecases.ehr_documents import (
    APPOINTMENT,
    COVERAGE,
    PATIENT,
    appointment_document,
    insurance_document,
    mapping,
)
from tests.unit.usecases.payer_files import benefits_file
from tests.unit.usecases.world import World, caused_by


class FrontDesk(World):
    """A patient with one coverage, and a payer that answers as told."""

    def __init__(self) -> None:
        super().__init__()
        self.rule_sets.contents["mapping"] = mapping()
        self.payer_says(benefits_file())
        self.told = 1
        self.telemetry: list[dict[str, Any]] = []

    def payer_says(self, answer: bytes | None) -> None:
        self.clearinghouse.eligibility_answer = answer

    def hear(self, cause_type: str, body: bytes | None = None, **of_command: Any) -> str:
        if body is not None:
            digest = self.intake.drop("ehr/document.json", body)
            of_command = {
                "document_key": "ehr/document.json",
                "document_sha256": digest,
                **of_command,
            }
        command = VerifyEligibility(occurred_at=self.clock.now(), **of_command)
        ports = EligibilityPorts(
            records=self.records,
            evidence=self.evidence,
            intake=self.intake,
            clearinghouse=self.clearinghouse,
            control_numbers=self.control_numbers,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )
        self.told += 1
        cause = caused_by(cause_type, f"evt_{self.told}")
        verified = verify_eligibility(command, cause, ports)
        self.telemetry += verified.checks
        return verified.outcome

    def book(self, appointment_id: str = APPOINTMENT, **of_document: Any) -> str:
        return self.hear(
            "appointment.created",
            appointment_document(appointment_id=appointment_id, **of_document),
            appointment_id=appointment_id,
            patient_id=PATIENT,
        )

    def check_in(self, **of_document: Any) -> str:
        return self.hear(
            "patient.checked_in",
            appointment_document(**of_document),
            appointment_id=APPOINTMENT,
            patient_id=PATIENT,
        )

    def request_estimate(self, *, on: date, **of_document: Any) -> str:
        return self.hear(
            "estimate.requested",
            appointment_document(**of_document),
            appointment_id=APPOINTMENT,
            patient_id=PATIENT,
            requested_on=on,
        )

    def give_estimate(self, *, on: date) -> str:
        return self.hear("estimate.given", appointment_id=APPOINTMENT, given_on=on)

    def cancel(self, appointment_id: str = APPOINTMENT) -> str:
        return self.hear("appointment.cancelled", appointment_id=appointment_id)

    def update_insurance(self, version: int, **of_document: Any) -> str:
        return self.hear(
            "insurance.updated",
            insurance_document(**of_document),
            patient_id=PATIENT,
            resource_version=version,
        )

    def recheck(self) -> str:
        return self.hear("recheck.due", coverage_id=COVERAGE)

    def rechecks(self) -> list[dict[str, Any]]:
        outcome = find_rechecks(FindRechecks(), CAUSE, records=self.records, clock=self.clock)
        found: list[dict[str, Any]] = outcome["rechecks"]  # type: ignore[assignment]
        return found

    def queues_of(self, reason: str) -> set[str]:
        """Who has open work for a reason."""
        return {
            work["queue"]
            for work in self.of_kind("WORK")
            if work["reason"] == reason and work.get("state", "open") == "open"
        }

    @property
    def coverage(self) -> KnownCoverage:
        found = self.records.get(KnownCoverage, KnownCoverage.key_of(COVERAGE))
        assert found is not None
        return found

    @property
    def visit(self) -> Visit:
        found = self.records.get(Visit, Visit.key_of(APPOINTMENT))
        assert found is not None
        return found

    @property
    def asked(self) -> int:
        return len(self.clearinghouse.inquiries)
