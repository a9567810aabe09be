"""Which billing code a FHIR concept is: its own CPT, HCPCS or ICD-10-CM code, or the table's.

Nothing is inferred from names. A concept that is neither natively coded nor in the table is
reported as unmapped.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from functions.billing.domain.records import Patient
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.mapping import (
    Band,
    MappedDiagnosis,
    MappedProcedure,
    MappedVaccine,
    MappingTables,
    for_age,
    table_key,
)
from functions.billing.fhir.people import age_in_years
from functions.billing.fhir.reading import codings

CVX_SYSTEM = "http://hl7.org/fhir/sid/cvx"
NDC_SYSTEM = "http://hl7.org/fhir/sid/ndc"
PROCEDURE_SYSTEMS = frozenset(
    {
        "http://www.ama-assn.org/go/cpt",
        "urn:oid:2.16.840.1.113883.6.12",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "urn:oid:2.16.840.1.113883.6.285",
    }
)
DIAGNOSIS_SYSTEMS = frozenset(
    {"http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90"}
)

_PROCEDURE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]", re.ASCII)
_MODIFIER = re.compile(r"[0-9A-Z]{2}", re.ASCII)
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}", re.ASCII)


class Coder:
    """Codes the concepts of one patient's visit; what it cannot code it reports."""

    def __init__(
        self, mapping: MappingTables, findings: Findings, patient: Patient | None, on: date
    ) -> None:
        self._mapping = mapping
        self._findings = findings
        self._age_years = age_in_years(patient.birth_date, on) if patient else None

    def procedure(self, concept: object, where: str) -> MappedProcedure | None:
        """How a service is billed; `charge_cents` is 0 for a native code without a price."""
        native = native_procedure(concept)
        row = self.mapped_procedure(concept)
        if native is None:
            if row is None:
                self._report("procedures", concept, where)
            return row
        if row is not None and (row.procedure == native or row.not_billed):
            return row
        return MappedProcedure(procedure=native)

    def vaccine(self, concept: object) -> MappedVaccine | None:
        """The vaccine product of a CVX code, None when it is no mapped vaccine."""
        for system, code in codings(concept):
            if system == CVX_SYSTEM and code in self._mapping.vaccines:
                return self._mapping.vaccines[code]
        return None

    def unmapped_vaccine(self, concept: object, where: str) -> None:
        """Report a vaccine nobody mapped."""
        self._report("vaccines", concept, where)

    def diagnosis(self, concept: object, where: str) -> str | None:
        """The ICD-10-CM code without the dot; empty when not to be coded, None when unmapped."""
        for system, code in codings(concept):
            plain = code.replace(".", "").upper()
            if system in DIAGNOSIS_SYSTEMS and _DIAGNOSIS.fullmatch(plain):
                return plain
        row = self.mapped_diagnosis(concept)
        if row is None:
            self._report("diagnoses", concept, where)
            return None
        if row.not_coded:
            self._findings.not_billed(where, row.not_coded)
        return row.diagnosis

    def mapped_diagnosis(self, concept: object) -> MappedDiagnosis | None:
        """The table's row for a condition or a kind of visit, without reporting its absence."""
        return _row(self._mapping.diagnoses, concept, self._age_years)

    def mapped_procedure(self, concept: object) -> MappedProcedure | None:
        """The table's row for a service, without reporting its absence."""
        return _row(self._mapping.procedures, concept, self._age_years)

    def _report(self, table: str, concept: object, where: str) -> None:
        for system, code in codings(concept):
            self._findings.unmapped(table, system, code, where)
            return
        self._findings.missing(where, "a code with its system")


def _row(
    table: Mapping[str, tuple[Band, ...]], concept: object, age_years: int | None
) -> Band | None:
    for pair in codings(concept):
        if rows := table.get(table_key(*pair)):
            return for_age(rows, age_years)
    return None


def procedure_codes(concept: object, mapping: MappingTables) -> tuple[str, ...]:
    """Every billing code a concept may stand for, whatever the patient's age."""
    native = native_procedure(concept)
    if native is not None:
        return (native,)
    return tuple(
        row.procedure
        for pair in codings(concept)
        for row in mapping.procedures.get(table_key(*pair), ())
        if row.procedure
    )


def native_procedure(concept: object) -> str | None:
    """The concept's own CPT or HCPCS code."""
    for system, code in codings(concept):
        if system in PROCEDURE_SYSTEMS and _PROCEDURE.fullmatch(code.upper()):
            return code.upper()
    return None


def modifiers_in(concept: object) -> Iterator[str]:
    """Modifiers written as two-character codes of the procedure code systems."""
    for system, code in codings(concept):
        if (system in PROCEDURE_SYSTEMS or not system) and _MODIFIER.fullmatch(code.upper()):
            yield code.upper()
