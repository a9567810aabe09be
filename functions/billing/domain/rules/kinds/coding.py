"""Codes: their form, and whether procedures, diagnoses, units and the patient go together."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.codes import CodeTable, TableKind
from functions.billing.domain.codes.files import eleven_digits, unit_limit
from functions.billing.domain.records import Charge, Sex
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.fields import pointed_diagnoses
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.policy import add_months
from functions.billing.domain.rules.reading import Reader

V = TypeVar("V")

_ICD_10_CM = re.compile(r"[A-Z][0-9][0-9AB][0-9A-Z]{0,4}")
_PROCEDURE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")

_QUANTITY = re.compile(r"[0-9]{1,8}(\.[0-9]{1,3})?")

POINTERS_MAX = 4


def diagnosis_limit(parameters: Reader) -> Check:
    """At most `limit` diagnoses (X12 HI: 12)."""
    limit = parameters.integer("limit", minimum=1)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if len(claim.diagnoses) > limit:
            yield Finding("diagnoses", f"at most {limit}")

    return check


def diagnosis_format(parameters: Reader) -> Check:
    """Diagnoses have the form of ICD-10-CM without the dot."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, code in enumerate(claim.diagnoses):
            if not _ICD_10_CM.fullmatch(code):
                yield Finding(f"diagnoses[{position}]", "an ICD-10-CM code of 3 to 7 characters")

    return check


def diagnosis_duplicate(parameters: Reader) -> Check:
    """No diagnosis stands twice."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, code in enumerate(claim.diagnoses):
            if code in claim.diagnoses[:position]:
                yield Finding(f"diagnoses[{position}]", "each diagnosis once")

    return check


def principal_diagnosis(parameters: Reader) -> Check:
    """The first diagnosis begins with none of `refused` (external causes are never principal)."""
    refused = parameters.texts("refused")

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if claim.diagnoses and claim.diagnoses[0].startswith(refused):
            yield Finding("diagnoses[0]", "an illness or injury, not its external cause")

    return check


def diagnosis_pointers(parameters: Reader) -> Check:
    """Each line points to one to four different diagnoses that exist (SV107)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            pointers = line.diagnosis_pointers
            present = all(1 <= pointer <= len(claim.diagnoses) for pointer in pointers)
            distinct = len(set(pointers)) == len(pointers)
            if not (1 <= len(pointers) <= POINTERS_MAX and present and distinct):
                yield Finding(
                    f"lines[{position}].diagnosis_pointers", "1 to 4 positions that are present"
                )

    return check


def procedure_format(parameters: Reader) -> Check:
    """Procedures have the form of a five-character HCPCS code."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if not _PROCEDURE.fullmatch(line.procedure):
                yield Finding(f"lines[{position}].procedure", "a procedure code of 5 characters")

    return check


def revenue_code(parameters: Reader) -> Check:
    """Institutional lines carry a revenue code: four digits, the first 0 to 3 (SV201)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if not re.fullmatch(r"[0-3][0-9]{3}", line.revenue_code):
                yield Finding(f"lines[{position}].revenue_code", "4 digits, the first 0 to 3")

    return check


def drug_code(parameters: Reader) -> Check:
    """National drug codes that are given have eleven digits (2410 LIN)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if line.ndc and eleven_digits(line.ndc) is None:
                yield Finding(f"lines[{position}].ndc", "11 digits")

    return check


def drug_quantity(parameters: Reader) -> Check:
    """A drug's quantity is a number above zero, in one of `units` (2410 CTP04, CTP05)."""
    units = frozenset(parameters.texts("units"))

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if not line.ndc:
                continue
            if not _QUANTITY.fullmatch(line.drug_quantity) or not line.drug_quantity.strip("0."):
                yield Finding(f"lines[{position}].drug_quantity", "a number above zero")
            if line.drug_unit not in units:
                yield Finding(f"lines[{position}].drug_unit", f"one of {', '.join(sorted(units))}")

    return check


def diagnosis_sex(parameters: Reader) -> Check:
    """`table` names the sex that codes with a prefix belong to."""
    sexes = _sexes(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, code in enumerate(claim.diagnoses):
            wanted = _by_prefix(sexes, code)
            if _conflicts(claim, wanted):
                yield Finding(f"diagnoses[{position}]", "a diagnosis of the patient's sex")

    return check


def procedure_sex(parameters: Reader) -> Check:
    """`table` names the sex that procedures with a prefix belong to."""
    sexes = _sexes(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            wanted = _by_prefix(sexes, line.procedure)
            if _conflicts(claim, wanted):
                yield Finding(f"lines[{position}].procedure", "a procedure of the patient's sex")

    return check


def diagnosis_age(parameters: Reader) -> Check:
    """`table` gives the ages in months, from and below, that codes with a prefix belong to."""
    ages = _ages(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, code in enumerate(claim.diagnoses):
            span = _by_prefix(ages, code)
            if span and not _is_aged(claim, span, claim.service_from):
                yield Finding(f"diagnoses[{position}]", _age_text(span))

    return check


def procedure_age(parameters: Reader) -> Check:
    """`table` gives the ages in months, from and below, that procedures with a prefix belong to."""
    ages = _ages(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            span = _by_prefix(ages, line.procedure)
            if span and not _is_aged(claim, span, line.service_date):
                yield Finding(f"lines[{position}].procedure", _age_text(span))

    return check


def procedure_diagnosis(parameters: Reader) -> Check:
    """A procedure in `table` points to at least one diagnosis that begins as the table says."""
    reader = parameters.table("table")
    wanted = {name: reader.texts(name) for name in reader.names()}

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            prefixes = wanted.get(line.procedure)
            pointed = pointed_diagnoses(claim, line)
            # A line that points nowhere is the pointer rule's to report.
            if prefixes and pointed and not any(code.startswith(prefixes) for code in pointed):
                yield Finding(
                    f"lines[{position}].diagnosis_pointers",
                    f"a diagnosis beginning with one of {', '.join(prefixes)}",
                )

    return check


def units_positive(parameters: Reader) -> Check:
    """Units are at least one (SV104)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if line.units < 1:
                yield Finding(f"lines[{position}].units", "1 or more")

    return check


def units_limit(parameters: Reader) -> Check:
    """Units stay within the unit limits of `code_table` (NCCI MUE).

    A limit counts a line, or all lines of the procedure on one day, as its adjudication indicator says.
    """
    table = parameters.code_table("code_table")

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        limits = facts.code_table(table, TableKind.UNIT_LIMITS)
        by_day: dict[tuple[str, date], int] = {}
        for position, line in enumerate(claim.lines):
            value = limits.value(line.procedure, line.service_date)
            if value is None:
                continue
            limit, is_daily = unit_limit(value)
            units = line.units
            if is_daily:
                day = (line.procedure, line.service_date)
                units = by_day[day] = by_day.get(day, 0) + units
            if units > limit:
                span = "a day" if is_daily else "a line"
                yield Finding(f"lines[{position}].units", f"at most {limit} {span}")

    return check


def procedure_pairs(parameters: Reader) -> Check:
    """No two procedures on one day that are a pair of `code_table` (NCCI PTP).

    The pair's modifier indicator says whether one of `separating_modifiers`, on either line, allows both.
    Of the two the procedure in column 2 is the one to mend.
    """
    table = parameters.code_table("code_table")
    separating = frozenset(parameters.texts("separating_modifiers"))

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        pairs = facts.code_table(table, TableKind.PROCEDURE_PAIRS)
        lines = claim.lines
        for position, second in enumerate(lines):
            for first in lines:
                if first is second or first.service_date != second.service_date:
                    continue
                allowed = pairs.value(f"{first.procedure:5}{second.procedure}", second.service_date)
                if allowed is None or (allowed and _is_separated(first, second, separating)):
                    continue
                cure = " without a separating modifier" if allowed else ""
                yield Finding(
                    f"lines[{position}].procedure", f"not on one day with {first.procedure}{cure}"
                )

    return check


def diagnosis_valid(parameters: Reader) -> Check:
    """Each diagnosis is in `code_table` (ICD-10-CM) on the day of service, and no mere heading."""
    table = parameters.code_table("code_table")

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        codes = facts.code_table(table, TableKind.DIAGNOSES)
        # The day of discharge decides for a stay, the day of service for a visit: both end here.
        day = claim.service_to
        for position, code in enumerate(claim.diagnoses):
            billable = codes.value(code, day)
            if billable == 0:
                yield Finding(f"diagnoses[{position}]", "a code with all its characters")
            elif billable is None and _is_refused(codes, code):
                yield Finding(f"diagnoses[{position}]", "a code valid on the date of service")

    return check


def procedure_valid(parameters: Reader) -> Check:
    """Each procedure is in `code_table` (HCPCS, or a licensed list of CPT) on its day of service."""
    table = parameters.code_table("code_table")

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        codes = facts.code_table(table, TableKind.PROCEDURES)
        for position, line in enumerate(claim.lines):
            code = line.procedure
            if codes.value(code, line.service_date) is None and _is_refused(codes, code):
                yield Finding(f"lines[{position}].procedure", "a code valid on the date of service")

    return check


def drug_valid(parameters: Reader) -> Check:
    """Each drug code is in `code_table` (the FDA's directory) on its day of service."""
    table = parameters.code_table("code_table")

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        codes = facts.code_table(table, TableKind.DRUGS)
        for position, line in enumerate(claim.lines):
            code = eleven_digits(line.ndc) if line.ndc else None
            # One that has not even the form is the form's rule to report.
            if code is None or codes.value(code, line.service_date) is not None:
                continue
            if _is_refused(codes, code):
                yield Finding(f"lines[{position}].ndc", "a drug marketed on the date of service")

    return check


def _is_refused(codes: CodeTable, code: str) -> bool:
    """Whether a code without a value on the day is wrong: an excerpt proves it only of codes it knows."""
    return codes.terms.is_complete or codes.knows(code)


def _is_separated(first: Charge, second: Charge, separating: frozenset[str]) -> bool:
    return bool(separating.intersection((*first.modifiers, *second.modifiers)))


def _sexes(parameters: Reader) -> Mapping[str, Sex]:
    reader = parameters.table("table")
    return {name: reader.choice(name, Sex) for name in reader.names()}


def _ages(parameters: Reader) -> Mapping[str, tuple[int, int]]:
    reader = parameters.table("table")
    return {name: _age_span(reader.child(name)) for name in reader.names()}


def _age_span(reader: Reader) -> tuple[int, int]:
    span = reader.integer("from_months", 0), reader.integer("below_months", minimum=1)
    reader.finish()
    return span


def _age_text(span: tuple[int, int]) -> str:
    return f"a patient of at least {span[0]} and less than {span[1]} months"


def _is_aged(claim: ClaimContent, span: tuple[int, int], day: date) -> bool:
    if claim.patient is None:
        return True
    born = claim.patient.birth_date
    return add_months(born, span[0]) <= day < add_months(born, span[1])


def _conflicts(claim: ClaimContent, wanted: Sex | None) -> bool:
    """Whether the code belongs to the other sex; unknown sex conflicts with nothing."""
    if wanted is None or claim.patient is None or claim.patient.sex is Sex.UNKNOWN:
        return False
    return claim.patient.sex is not wanted


def _by_prefix(table: Mapping[str, V], code: str) -> V | None:
    """The entry of the longest prefix of the code."""
    for length in range(len(code), 0, -1):
        if code[:length] in table:
            return table[code[:length]]
    return None
