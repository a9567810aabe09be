"""Coverages, authorizations: who pays, and what the payer has agreed to."""

from dataclasses import dataclass
from datetime import date

from functions.billing.domain.records import (
    Authorization,
    Coverage,
    CoverageRank,
    MissingFact,
    Patient,
    Payer,
    PayerKind,
    Relationship,
    UnmappedCode,
)
from functions.billing.fhir.bundle import (
    Resource,
    ResourceIndex,
    identifiers,
    reference_identifier,
)
from functions.billing.fhir.coding import procedure_codes
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.mapping import MappingTables, table_key
from functions.billing.fhir.people import patient_of
from functions.billing.fhir.reading import (
    Node,
    codings,
    has_code,
    node,
    nodes,
    period_end,
    period_start,
    text,
    texts,
    whole_number,
)

_MBI_SYSTEM = "http://hl7.org/fhir/sid/us-mbi"
_MEMBER_TYPE = "MB"
_RANKS = tuple(CoverageRank)
_LAST = 10**6

# HL7 subscriber-relationship codes; what X12 has no word for is "other".
_RELATIONSHIPS = {
    "self": Relationship.SELF,
    "spouse": Relationship.SPOUSE,
    "child": Relationship.CHILD,
    "parent": Relationship.OTHER,
    "common": Relationship.OTHER,
    "other": Relationship.OTHER,
    "injured": Relationship.OTHER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReading:
    """A patient's coverages in order of payment, and what could not be read of them."""

    coverages: tuple[Coverage, ...]
    unmapped: tuple[UnmappedCode, ...] = ()
    problems: tuple[MissingFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """One statement that the patient is insured: a Coverage resource, a wording, or both."""

    path: str
    resource: Resource | None = None
    wording: str = ""


class Coverages:
    """Reads the coverages of one patient."""

    def __init__(
        self, index: ResourceIndex, mapping: MappingTables, findings: Findings, patient: Resource
    ) -> None:
        self._index = index
        self._mapping = mapping
        self._findings = findings
        self._patient = patient

    def read(
        self, claims: tuple[Resource, ...], benefits: tuple[Resource, ...] = ()
    ) -> tuple[Coverage, ...]:
        """The coverages in order of payment.

        Taken from the claims' insurance, else from the patient's Coverage resources, else from the
        payers' explanations of benefits: the first source that says anything.

        Parameters
        ----------
        claims
            The encounter's FHIR Claims, empty before there are any.
        benefits
            The ExplanationOfBenefit resources about the encounter.
        """
        statements = (
            self._of_insurance(claims) or self._of_patient() or self._of_insurance(benefits)
        )
        if not statements:
            self._findings.missing("Coverage", "a coverage, or a statement that there is none")
        found: list[Coverage] = []
        rank = 0
        for statement in statements:
            payers = self._payers(statement)
            for coverage in self._coverages(statement, payers, rank):
                if all(coverage.coverage_id != known.coverage_id for known in found):
                    found.append(coverage)
            # A payer nobody could name keeps its place, or the next one would be billed first.
            rank += max(len(payers), 1)
        return tuple(found)

    def _of_insurance(self, holders: tuple[Resource, ...]) -> list[_Statement]:
        ordered = sorted(
            (
                (whole_number(insurance.get("sequence")) or _LAST, place, holder, insurance)
                for holder in holders
                for place, insurance in self._findings.objects(
                    holder.content, "insurance", "Coverage"
                )
            ),
            key=lambda one: one[:2],
        )
        found: list[_Statement] = []
        for _, place, holder, insurance in ordered:
            reference = node(insurance.get("coverage"))
            resource = self._index.resolve(reference, holder)
            wording = text(reference.get("display"))
            if resource is not None or wording:
                path = f"{holder.name}.insurance[{place}].coverage"
                statement = _Statement(path=path, resource=resource, wording=wording)
                if not any(_same(statement, known) for known in found):
                    found.append(statement)
            else:
                self._findings.missing("Coverage", "a coverage of this bundle, or its wording")
        return found

    def _of_patient(self) -> list[_Statement]:
        own = [
            coverage
            for coverage in self._index.of_type("Coverage")
            if self._index.resolve(coverage.get("beneficiary"), coverage) is self._patient
            and text(coverage.get("status")) == "active"
        ]
        own.sort(key=lambda coverage: whole_number(coverage.get("order")) or _LAST)
        return [_Statement(path="Coverage", resource=coverage) for coverage in own]

    def _coverages(
        self, statement: _Statement, payers: tuple[Payer, ...], rank: int
    ) -> list[Coverage]:
        found: list[Coverage] = []
        for ordinal, payer in enumerate(payers, start=rank):
            if ordinal >= len(_RANKS):
                self._findings.not_billed(statement.path, "more payers than a claim here can name")
                break
            found.append(self._coverage(statement, payer, _RANKS[ordinal], alone=len(payers) == 1))
        return found

    def _coverage(
        self, statement: _Statement, payer: Payer, rank: CoverageRank, *, alone: bool
    ) -> Coverage:
        resource = statement.resource
        content: Node = resource.content if resource else {}
        # A contained coverage's id ("coverage") is unique only within its container.
        is_own = resource is not None and resource.container is None and alone
        coverage_id = resource.id if resource and is_own else ""
        relationship, subscriber = self._subscriber(resource)
        return Coverage(
            coverage_id=coverage_id or f"{self._patient.id}.{payer.payer_id}",
            payer=payer,
            rank=rank,
            member_id=self._member_id(content, payer),
            relationship=relationship,
            subscriber=subscriber,
            group_number=_class_value(content, "group", "value"),
            plan_name=_class_value(content, "plan", "name")
            or _class_value(content, "plan", "value"),
            starts_on=self._boundary(content, "start"),
            ends_on=self._boundary(content, "end"),
        )

    def _boundary(self, content: Node, side: str) -> date | None:
        period = node(content.get("period"))
        found = period_start(period) if side == "start" else period_end(period)
        if found is None and (side in period or ("period" in content and not period)):
            self._findings.missing(f"Coverage.period.{side}", "a full date")
        return found

    def _payers(self, statement: _Statement) -> tuple[Payer, ...]:
        """The payers behind a statement: by code where there is one, else by wording."""
        keys, wordings = self._payer_names(statement)
        for key in keys:
            if payer := self._mapping.payer_of_code(table_key(*key)):
                return (payer,)
        for wording in wordings:
            if payers := self._mapping.payers_of_text(wording):
                return payers
        if keys or wordings:
            system, code = keys[0] if keys else ("", wordings[0])
            self._findings.unmapped("payers", system, code, statement.path)
        else:
            self._findings.missing("Coverage.payor", "the payer")
        return ()

    def _payer_names(self, statement: _Statement) -> tuple[list[tuple[str, str]], list[str]]:
        """Every code and every wording by which a statement names its payer, best first."""
        keys: list[tuple[str, str]] = []
        wordings: list[str] = []
        coverage = statement.resource
        if coverage is not None:
            for reference in nodes(coverage.get("payor")):
                if named := reference_identifier(reference):
                    keys.append(named)
                organization = self._index.resolve(reference, coverage)
                if organization is not None:
                    keys += [*identifiers(organization.content)]
                    keys.append((organization.type, organization.id))
                    wordings.append(text(organization.get("name")))
                wordings.append(text(reference.get("display")))
            wordings.append(text(node(coverage.get("type")).get("text")))
        wordings.append(statement.wording)
        return keys, [wording for wording in wordings if wording]

    def _member_id(self, content: Node, payer: Payer) -> str:
        if payer.kind is PayerKind.SELF_PAY:
            return ""
        found = _written_member_id(content) or self._mapping.member_id(
            self._patient.id, payer.payer_id
        )
        if not found:
            self._findings.missing("Coverage.subscriberId", "the member id on the insurance card")
        return found

    def _subscriber(self, coverage: Resource | None) -> tuple[Relationship, Patient | None]:
        """Relationship and subscriber; a coverage that names no one else is the patient's own."""
        if coverage is None:
            return Relationship.SELF, None
        named = self._index.resolve(coverage.get("subscriber"), coverage)
        is_other = named is not None and named is not self._patient
        relationship = _relationship(coverage)
        if relationship is None:
            if is_other or node(coverage.get("relationship")):
                self._findings.missing("Coverage.relationship", "self, spouse, child or other")
                relationship = Relationship.OTHER
            else:
                relationship = Relationship.SELF
        if relationship is Relationship.SELF or named is None or not is_other:
            if relationship is not Relationship.SELF:
                self._findings.missing("Coverage.subscriber", "the person who holds the insurance")
            return relationship, None
        return relationship, patient_of(named, self._findings, path="Coverage.subscriber")


def _same(one: _Statement, other: _Statement) -> bool:
    if one.resource is not None and other.resource is not None:
        return one.resource.content is other.resource.content
    return one.resource is None and other.resource is None and one.wording == other.wording


def _relationship(coverage: Resource) -> Relationship | None:
    for _, code in codings(coverage.get("relationship")):
        if code in _RELATIONSHIPS:
            return _RELATIONSHIPS[code]
    return None


def _written_member_id(content: Node) -> str:
    if subscriber_id := text(content.get("subscriberId")):
        return subscriber_id
    ids = nodes(content.get("identifier"))
    for one in ids:
        if has_code(one.get("type"), _MEMBER_TYPE) or text(one.get("system")) == _MBI_SYSTEM:
            return text(one.get("value"))
    return ""


def _class_value(content: Node, kind: str, field: str) -> str:
    for one in nodes(content.get("class")):
        if has_code(one.get("type"), kind):
            return text(one.get(field))
    return ""


def authorizations_of(
    index: ResourceIndex,
    mapping: MappingTables,
    claims: tuple[Resource, ...],
    patient: Resource,
    visit: Resource,
) -> tuple[Authorization, ...]:
    """The prior authorizations that apply: those the claims name, and the payer's own answers.

    A ClaimResponse to a preauthorization tells period and procedures; a bare number on a claim
    (`Claim.insurance.preAuthRef`) covers whatever is on that claim.
    """
    found: dict[str, Authorization] = {}
    for response in index.of_type("ClaimResponse"):
        if index.resolve(response.get("patient"), response) is patient and _is_grant(response):
            request = index.resolve(response.get("request"), response)
            if request is None or not _is_for_another(index, request, visit):
                granted = _authorization(response, request, mapping)
                found[granted.number] = granted
    for claim in claims:
        for insurance in nodes(claim.get("insurance")):
            for number in texts(insurance.get("preAuthRef")):
                found.setdefault(number, Authorization(number=number))
    return tuple(found.values())


def _is_grant(response: Resource) -> bool:
    return (
        bool(text(response.get("preAuthRef")))
        and text(response.get("use")) == "preauthorization"
        and text(response.get("status")) == "active"
        and text(response.get("outcome")) in {"complete", "partial"}
    )


def _authorization(
    response: Resource, request: Resource | None, mapping: MappingTables
) -> Authorization:
    items = nodes(request.get("item")) if request else ()
    procedures = [
        code for item in items for code in procedure_codes(item.get("productOrService"), mapping)
    ]
    period = response.get("preAuthPeriod")
    return Authorization(
        number=text(response.get("preAuthRef")),
        procedures=tuple(dict.fromkeys(procedures)),
        starts_on=period_start(period),
        ends_on=period_end(period),
    )


def _is_for_another(index: ResourceIndex, request: Resource, visit: Resource) -> bool:
    named = [
        index.resolve(reference, request)
        for item in nodes(request.get("item"))
        for reference in nodes(item.get("encounter"))
    ]
    return bool(named) and visit not in named


def benefits_of(
    index: ResourceIndex, claims: tuple[Resource, ...], encounter: Resource
) -> tuple[Resource, ...]:
    """The ExplanationOfBenefit resources about the encounter or its claims."""
    found: list[Resource] = []
    for benefit in index.of_type("ExplanationOfBenefit"):
        about = index.resolve(benefit.get("claim"), benefit)
        visits = [
            index.resolve(reference, benefit)
            for item in nodes(benefit.get("item"))
            for reference in nodes(item.get("encounter"))
        ]
        if about in claims or encounter in visits:
            found.append(benefit)
    return tuple(found)
