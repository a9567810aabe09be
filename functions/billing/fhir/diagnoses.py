"""The encounter's diagnoses, in order, and which source statement each came from."""

from collections.abc import Iterable

from functions.billing.fhir.bundle import Resource, ResourceIndex
from functions.billing.fhir.coding import Coder
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.reading import (
    Node,
    codings,
    has_code,
    node,
    nodes,
    text,
    whole_number,
)

# X12 SV107 has room for four pointers.
POINTERS_MAX = 4
_LAST = 10**6
_NOT_TRUE = ("refuted", "entered-in-error")


class Diagnoses:
    """ICD-10-CM codes, principal first, without repeats.

    Order: the encounter's own diagnoses by rank, then its claims' by sequence (principal first),
    then conditions recorded during it; without any of these its reasons, then the kind of visit.
    """

    def __init__(
        self,
        index: ResourceIndex,
        coder: Coder,
        findings: Findings,
        encounter: Resource,
        claims: tuple[Resource, ...],
    ) -> None:
        self._index = index
        self._coder = coder
        self._findings = findings
        self._encounter = encounter
        self._claims = claims
        self._codes: list[str] = []
        self._code_of: dict[str, str] = {}
        self._conditions: set[str] = set()
        self._has_uncoded = False
        self._gather()
        self._general = tuple(range(1, min(len(self._codes), POINTERS_MAX) + 1))

    @property
    def codes(self) -> tuple[str, ...]:
        """The diagnoses found so far."""
        return tuple(self._codes)

    @property
    def general_pointers(self) -> tuple[int, ...]:
        """For a service that names no diagnosis: it was given for the visit's, the first four."""
        return self._general

    def add(self, code: str) -> int:
        """The 1-based position of a code, appended if it is new."""
        if code not in self._codes:
            self._codes.append(code)
        return self._codes.index(code) + 1

    def pointers(self, keys: Iterable[str], where: str) -> tuple[int, ...]:
        """Positions of the statements a service names by key.

        One that could not be coded was reported when it was read; one that does not exist is
        reported here.
        """
        found: list[int] = []
        for key in keys:
            code = self._code_of.get(key)
            if code is None:
                self._findings.missing(f"{where}.diagnosisSequence", "a diagnosis the claim lists")
            elif code:
                found.append(self.add(code))
        return tuple(dict.fromkeys(found))

    def of_condition(self, reference: object, holder: Resource) -> str:
        """The key of the condition a reference names, coding it if it was not yet."""
        condition = self._index.resolve(reference, holder)
        if condition is None or condition.type != "Condition":
            return ""
        self._code_condition(condition)
        return condition.name

    def of_concept(self, concept: object, where: str) -> str:
        """The key of a diagnosis stated in place rather than by reference."""
        self._remember(where, self._coder.diagnosis(concept, where))
        return where

    def is_condition(self, concept: object) -> bool:
        """Whether a concept is one of the conditions: some EHRs list them among a claim's items."""
        return any(f"{system}|{code}" in self._conditions for system, code in codings(concept))

    def _gather(self) -> None:
        self._of_encounter()
        for claim in self._claims:
            self._of_claim(claim)
        for condition in self._index.of_type("Condition"):
            about = self._index.resolve(condition.get("encounter"), condition)
            if about is self._encounter:
                self._code_condition(condition)
        if not self._codes:
            self._of_reason()
        if not self._codes and not self._has_uncoded:
            self._findings.missing("Encounter.diagnosis", "at least one diagnosis")

    def _of_encounter(self) -> None:
        stated = self._findings.objects(self._encounter.content, "diagnosis", "Encounter")
        for _, _, one in _ranked(stated, "rank"):
            self.of_condition(one.get("condition"), self._encounter)

    def _of_claim(self, claim: Resource) -> None:
        stated = self._findings.objects(claim.content, "diagnosis", claim.name)
        for place, position, one in _ranked(stated, "sequence"):
            path = f"{claim.name}.diagnosis[{place}]"
            key = claim_key(claim, position)
            if node(one.get("diagnosisCodeableConcept")):
                code = self._coder.diagnosis(one.get("diagnosisCodeableConcept"), path)
                self._remember(key, code)
                continue
            condition = self.of_condition(one.get("diagnosisReference"), claim)
            if condition:
                self._code_of[key] = self._code_of.get(condition, "")
            else:
                self._findings.missing(path, "a coded diagnosis or a condition of this bundle")

    def _code_condition(self, condition: Resource) -> None:
        if condition.name in self._code_of:
            return
        if has_code(condition.get("verificationStatus"), *_NOT_TRUE):
            self._findings.not_billed(condition.name, "the condition was refuted or withdrawn")
            self._code_of[condition.name] = ""
            return
        concept = condition.get("code")
        self._conditions.update(f"{system}|{code}" for system, code in codings(concept))
        self._remember(condition.name, self._coder.diagnosis(concept, f"{condition.name}.code"))

    def _remember(self, key: str, code: str | None) -> None:
        """Keep what a statement was coded as; None is a statement the tables don't know."""
        self._has_uncoded |= code is None
        self._code_of[key] = code or ""
        if code:
            self.add(code)

    def _of_reason(self) -> None:
        """The visit's reasons; failing these, what the table says its kind means."""
        reasons = nodes(self._encounter.get("reasonCode"))
        for place, reason in enumerate(reasons):
            self.of_concept(reason, f"Encounter.reasonCode[{place}]")
        references = nodes(self._encounter.get("reasonReference"))
        for reference in references:
            self.of_condition(reference, self._encounter)
        if self._codes or self._has_uncoded:
            return
        for kind in nodes(self._encounter.get("type")):
            row = self._coder.mapped_diagnosis(kind)
            if row is not None and row.diagnosis:
                self.add(row.diagnosis)
                return


def claim_key(claim: Resource, sequence: int) -> str:
    """How a claim's diagnosis is called by the claim's items."""
    return f"{claim.name}.diagnosis[{sequence}]"


def _ranked(stated: Iterable[tuple[int, Node]], field: str) -> list[tuple[int, int, Node]]:
    """(place, rank or sequence, statement), principal first and then by rank."""
    numbered = [(place, whole_number(one.get(field)) or _LAST, one) for place, one in stated]

    def order(entry: tuple[int, int, Node]) -> tuple[bool, int, int]:
        place, rank, one = entry
        is_principal = any(has_code(kind, "principal") for kind in nodes(one.get("type")))
        return (not is_principal, rank, place)

    return sorted(numbered, key=order)


def is_withdrawn(resource: Resource) -> bool:
    """Whether a resource's status says it should not be read as having happened."""
    return text(resource.get("status")) in {"entered-in-error", "cancelled", "not-done"}
