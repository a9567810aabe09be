"""Codes: their form, and whether procedures, diagnoses, units and the patient go together."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import combinations
from typing import TypeVar

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge, Sex
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.fields import pointed_diagnoses
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.policy import add_months
from functions.billing.domain.rules.reading import Reader

V = TypeVar("V")

_ICD_10_CM = re.compile(r"[A-Z][0-9][0-9AB][0-9A-Z]{0,4}")
_PROCEDURE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
_NDC = re.compile(r"[0-9]{11}")

# An NCCI pair's indicator: whether a modifier can show that both services were separate.
NEVER_TOGETHER = 0
TOGETHER_WITH_MODIFIER = 1
DELETED_PAIR = 9

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
            if line.ndc and not _NDC.fullmatch(line.ndc.replace("-", "")):
                yield Finding(f"lines[{position}].ndc", "11 digits")

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
    """Units stay within `table`: per line, or summed over a day (MUE adjudication indicator)."""
    reader = parameters.table("table")
    limits = {name: _unit_limit(reader.child(name)) for name in reader.names()}

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        by_day: Counter[tuple[str, date]] = Counter()
        for position, line in enumerate(claim.lines):
            if line.procedure not in limits:
                continue
            limit, is_daily = limits[line.procedure]
            day = (line.procedure, line.service_date)
            by_day[day] += line.units
            if (by_day[day] if is_daily else line.units) > limit:
                span = "a day" if is_daily else "a line"
                yield Finding(f"lines[{position}].units", f"at most {limit} {span}")

    return check


def procedure_pairs(parameters: Reader) -> Check:
    """No two procedures of `table` on one day, unless a modifier may and does separate them.

    The table lists [column 1, column 2, indicator] as NCCI does: 0 never together, 1 together with
    one of `separating_modifiers` on either line, 9 no longer in force.
    """
    pairs = _pairs(parameters.table("table"))
    separating = frozenset(parameters.texts("separating_modifiers"))

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for (one, first), (other, second) in combinations(enumerate(claim.lines), 2):
            if first.service_date != second.service_date:
                continue
            for column1, column2, position in ((first, second, other), (second, first, one)):
                indicator = pairs.get((column1.procedure, column2.procedure), DELETED_PAIR)
                if indicator != DELETED_PAIR and not (
                    indicator == TOGETHER_WITH_MODIFIER and _is_separated(first, second, separating)
                ):
                    cure = " without a separating modifier" if indicator else ""
                    yield Finding(
                        f"lines[{position}].procedure",
                        f"not on one day with {column1.procedure}{cure}",
                    )

    return check


def _is_separated(first: Charge, second: Charge, separating: frozenset[str]) -> bool:
    return bool(separating.intersection((*first.modifiers, *second.modifiers)))


def _pairs(reader: Reader) -> dict[tuple[str, str], int]:
    pairs: dict[tuple[str, str], int] = {}
    for part in reader.children("pairs"):
        indicator = part.integer("indicator")
        if indicator not in {NEVER_TOGETHER, TOGETHER_WITH_MODIFIER, DELETED_PAIR}:
            raise part.error("indicator", "expected 0, 1 or 9")
        pairs[part.text("column1"), part.text("column2")] = indicator
        part.finish()
    return pairs


def _unit_limit(reader: Reader) -> tuple[int, bool]:
    limit = reader.integer("units", minimum=1), reader.flag("per_day")
    reader.finish()
    return limit


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
