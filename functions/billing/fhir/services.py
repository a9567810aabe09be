"""What was done and what it costs: the encounter's services, from the first source that lists them.

Order of sources: ChargeItem resources, then the encounter's professional or institutional claims,
then its Procedure and Immunization resources. Whatever else the bundle holds for the encounter is
listed as not billed, with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TypedDict

from functions.billing.domain.codes.files import eleven_digits
from functions.billing.fhir.bundle import Resource, ResourceIndex
from functions.billing.fhir.coding import modifiers_in
from functions.billing.fhir.diagnoses import Diagnoses, claim_key, is_withdrawn
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.reading import (
    Node,
    calendar_date,
    codings,
    has_code,
    money_cents,
    node,
    nodes,
    period_start,
    positions,
    text,
    whole_number,
)

_DATE_NAMES = ("Date", "DateTime", "Period")
_OURS = ("professional", "institutional")
_NOT_OURS = {
    "pharmacy": "the pharmacy bills it",
    "oral": "dental claims are not billed here",
    "vision": "vision claims are not billed here",
}
_NOT_CHARGED = {
    "not-billable": "the EHR marked it as not billable",
    "aborted": "it was not completed",
    "entered-in-error": "it was withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service as the document states it, before coding.

    `charge_cents` is the whole line's price, None when the document gives none; `diagnosis_keys`
    is None when it names no diagnosis.
    """

    where: str
    concept: Node = field(repr=False)
    units: int
    service_date: date | None = None
    charge_cents: int | None = None
    modifiers: tuple[str, ...] = ()
    diagnosis_keys: tuple[str, ...] | None = None
    place_of_service: str = ""
    revenue_code: str = ""
    ndc: str = ""
    drug_quantity: str = ""
    drug_unit: str = ""
    is_vaccine: bool = False
    is_readable: bool = True


def claims_of(index: ResourceIndex, encounter: Resource) -> tuple[Resource, ...]:
    """The FHIR Claims about an encounter, of every type, that still stand.

    A claim names its encounter on its items. One that names none is the encounter's when the
    bundle is about this encounter alone.
    """
    alone = len(index.of_type("Encounter")) == 1
    found: list[Resource] = []
    for claim in index.of_type("Claim"):
        if text(claim.get("use")) in {"preauthorization", "predetermination"}:
            continue
        visits = _visits(index, claim)
        if encounter in visits or (alone and not visits):
            found.append(claim)
    return tuple(found)


def billable_claims(
    claims: tuple[Resource, ...], findings: Findings, *, is_institutional: bool
) -> tuple[Resource, ...]:
    """Those of the encounter's claims that list what we bill.

    When the EHR wrote both a professional and an institutional claim, the one of the encounter's
    form counts: the other repeats the same services for another bill.
    """
    standing = [claim for claim in claims if _stands(claim, findings)]
    wanted = "institutional" if is_institutional else "professional"
    of_form = [claim for claim in standing if has_code(claim.get("type"), wanted)]
    if not of_form or len(of_form) == len(standing):
        return tuple(standing)
    for claim in standing:
        if claim not in of_form:
            findings.not_billed(claim.name, f"the visit is billed on its {wanted} claim")
    return tuple(of_form)


def _stands(claim: Resource, findings: Findings) -> bool:
    for code, reason in _NOT_OURS.items():
        if has_code(claim.get("type"), code):
            findings.not_billed(claim.name, reason)
            return False
    if is_withdrawn(claim):
        findings.not_billed(claim.name, "the claim was withdrawn")
        return False
    if not has_code(claim.get("type"), *_OURS):
        findings.missing(f"{claim.name}.type", "professional or institutional")
        return False
    return True


def _visits(index: ResourceIndex, claim: Resource) -> list[Resource]:
    named = [
        index.resolve(reference, claim)
        for item in nodes(claim.get("item"))
        for reference in nodes(item.get("encounter"))
    ]
    prescription = index.resolve(claim.get("prescription"), claim)
    if prescription is not None:
        named.append(index.resolve(prescription.get("encounter"), prescription))
    return [visit for visit in named if visit is not None]


class Services:
    """Lists the services of one encounter."""

    def __init__(
        self, index: ResourceIndex, findings: Findings, diagnoses: Diagnoses, encounter: Resource
    ) -> None:
        self._index = index
        self._findings = findings
        self._diagnoses = diagnoses
        self._encounter = encounter

    def read(self, claims: tuple[Resource, ...]) -> tuple[Service, ...]:
        """The services, from the first source that lists any."""
        self._note_prescriptions()
        charged = self._of_charge_items()
        if charged:
            self._leave(claims, "the visit is billed from its charge items")
            self._leave(self._acts(), "the visit is billed from its charge items")
            return charged
        if claims:
            return self._of_claims(claims)
        return self._of_acts()

    def _leave(self, resources: Iterable[Resource], reason: str) -> None:
        for resource in resources:
            self._findings.not_billed(resource.name, reason)

    def _mine(self, *types: str, field_name: str = "encounter") -> list[Resource]:
        return [
            resource
            for resource in self._index.of_type(*types)
            if self._index.resolve(resource.get(field_name), resource) is self._encounter
        ]

    def _acts(self) -> list[Resource]:
        return self._mine("Procedure", "Immunization")

    def _note_prescriptions(self) -> None:
        for order in self._mine("MedicationRequest"):
            self._findings.not_billed(order.name, "the pharmacy bills what it dispenses")

    # --- charge items ---

    def _of_charge_items(self) -> tuple[Service, ...]:
        found: list[Service] = []
        for charge in self._mine("ChargeItem", field_name="context"):
            reason = _NOT_CHARGED.get(text(charge.get("status")))
            if reason:
                self._findings.not_billed(charge.name, reason)
            else:
                found.append(self._charge_item(charge))
        return tuple(found)

    def _charge_item(self, charge: Resource) -> Service:
        where = charge.name
        content = charge.content
        units, readable = self._units(content, where)
        price, price_readable = self._money(content, ("priceOverride",), where)
        day, day_readable = self._date(content, "occurrence", where)
        keys = tuple(self._keys_of_charge(charge))
        return Service(
            where=where,
            concept=node(content.get("code")),
            units=units,
            service_date=day,
            charge_cents=price,
            modifiers=tuple(modifiers_in(content.get("code"))),
            diagnosis_keys=keys or None,
            is_readable=readable and price_readable and day_readable,
        )

    def _keys_of_charge(self, charge: Resource) -> Iterable[str]:
        for reference in nodes(charge.get("supportingInformation")):
            if key := self._diagnoses.of_condition(reference, charge):
                yield key
        for place, reason in enumerate(nodes(charge.get("reason"))):
            yield self._diagnoses.of_concept(reason, f"{charge.name}.reason[{place}]")

    # --- claims ---

    def _of_claims(self, claims: tuple[Resource, ...]) -> tuple[Service, ...]:
        found: list[Service] = []
        listed: list[Resource] = []
        for claim in claims:
            for place, item in self._findings.objects(claim.content, "item", claim.name):
                acts = self._acts_of_item(claim, item)
                listed += acts
                service = self._claim_item(claim, item, place, acts)
                if service is not None:
                    found.append(service)
        self._leave(
            (act for act in self._acts() if act not in listed and not is_withdrawn(act)),
            "it is not on the visit's claim",
        )
        return tuple(found)

    def _claim_item(
        self, claim: Resource, item: Node, place: int, acts: list[Resource]
    ) -> Service | None:
        where = f"{claim.name}.item[{place}]"
        if self._is_of_another_visit(claim, item):
            return None
        concept = node(item.get("productOrService"))
        if not acts and self._diagnoses.is_condition(concept):
            self._findings.not_billed(where, "it restates a diagnosis")
            return None
        units, readable = self._units(item, where)
        charge, charge_readable = self._item_charge(item, units, where)
        day, day_readable = self._date(item, "serviced", where)
        if day is None and day_readable:
            day, day_readable = self._act_date(acts)
        sequences = positions(item.get("diagnosisSequence"))
        return Service(
            where=where,
            concept=concept,
            units=units,
            service_date=day,
            charge_cents=charge,
            modifiers=_modifiers(item),
            diagnosis_keys=tuple(claim_key(claim, one) for one in sequences) or None,
            place_of_service=_place_of_service(item),
            revenue_code=_first_code(item.get("revenue")),
            **_drug(item),
            is_vaccine=any(act.type == "Immunization" for act in acts),
            is_readable=readable and charge_readable and day_readable,
        )

    def _is_of_another_visit(self, claim: Resource, item: Node) -> bool:
        references = nodes(item.get("encounter"))
        visits = [self._index.resolve(reference, claim) for reference in references]
        return any(visit is not None for visit in visits) and self._encounter not in visits

    def _acts_of_item(self, claim: Resource, item: Node) -> list[Resource]:
        """The Procedures and Immunizations an item stands for, by its sequence numbers."""
        sources = (
            ("procedure", "procedureReference", "procedureSequence"),
            ("supportingInfo", "valueReference", "informationSequence"),
        )
        found: list[Resource] = []
        for list_name, reference_name, sequence_name in sources:
            wanted = positions(item.get(sequence_name))
            for one in nodes(claim.get(list_name)):
                if whole_number(one.get("sequence")) in wanted:
                    act = self._index.resolve(one.get(reference_name), claim)
                    if act is not None and act.type in {"Procedure", "Immunization"}:
                        found.append(act)
        return found

    def _item_charge(self, item: Node, units: int, where: str) -> tuple[int | None, bool]:
        net, readable = self._money(item, ("net",), where)
        if net is not None or not readable:
            return net, readable
        unit_price, readable = self._money(item, ("unitPrice",), where)
        return (None if unit_price is None else unit_price * units), readable

    # --- procedures and immunizations ---

    def _of_acts(self) -> tuple[Service, ...]:
        found: list[Service] = []
        for act in self._acts():
            if is_withdrawn(act) or text(act.get("status")) != "completed":
                self._findings.not_billed(act.name, "it was not completed")
                continue
            day, readable = self._act_date([act])
            keys = tuple(
                key
                for reference in nodes(act.get("reasonReference"))
                if (key := self._diagnoses.of_condition(reference, act))
            )
            found.append(
                Service(
                    where=act.name,
                    concept=node(act.get("code") or act.get("vaccineCode")),
                    units=1,
                    service_date=day,
                    modifiers=tuple(modifiers_in(act.get("code"))),
                    diagnosis_keys=keys or None,
                    is_vaccine=act.type == "Immunization",
                    is_readable=readable,
                )
            )
        return tuple(found)

    # --- amounts ---

    def _units(self, content: Node, where: str) -> tuple[int, bool]:
        """Units; one when the document gives no quantity (FHIR: a single service)."""
        if "quantity" not in content:
            return 1, True
        units = whole_number(node(content.get("quantity")).get("value"))
        if units is None:
            self._findings.missing(f"{where}.quantity", "a whole number of units")
            return 0, False
        return units, True

    def _date(self, content: Node, prefix: str, where: str) -> tuple[date | None, bool]:
        """When it was done (None: not said), and whether what is said can be read."""
        named = [name for name in _DATE_NAMES if f"{prefix}{name}" in content]
        for name in named:
            value = content.get(f"{prefix}{name}")
            found = period_start(value) if name == "Period" else calendar_date(value)
            if found is not None:
                return found, True
        if named:
            self._findings.missing(f"{where}.{prefix}{named[0]}", "a full date")
        return None, not named

    def _act_date(self, acts: list[Resource]) -> tuple[date | None, bool]:
        for act in acts:
            prefix = "performed" if act.type == "Procedure" else "occurrence"
            found, readable = self._date(act.content, prefix, act.name)
            if found is not None or not readable:
                return found, readable
        return None, True

    def _money(self, content: Node, names: tuple[str, ...], where: str) -> tuple[int | None, bool]:
        for name in names:
            if name in content:
                cents = money_cents(content.get(name))
                if cents is None:
                    self._findings.missing(f"{where}.{name}", "US dollars and whole cents")
                    return None, False
                return cents, True
        return None, True


def _modifiers(item: Node) -> tuple[str, ...]:
    found = [
        code.upper() for concept in nodes(item.get("modifier")) for _, code in codings(concept)
    ]
    return tuple(found)


def _place_of_service(item: Node) -> str:
    code = _first_code(item.get("locationCodeableConcept"))
    return code if len(code) == len("11") and code.isdigit() else ""


def _first_code(concept: object) -> str:
    return next((code for _, code in codings(concept)), "")


class _Drug(TypedDict, total=False):
    """What a detail of an item says of a drug."""

    ndc: str
    drug_quantity: str
    drug_unit: str


def _drug(item: Node) -> _Drug:
    """The drug's NDC where the item or a detail of it names it, and how much of it."""
    for detail in (item, *nodes(item.get("detail"))):
        for system, code in codings(node(detail).get("productOrService")):
            if system == "http://hl7.org/fhir/sid/ndc":
                quantity = node(node(detail).get("quantity"))
                value = quantity.get("value")
                return {
                    "ndc": eleven_digits(code) or code,
                    "drug_quantity": "" if value is None else str(value),
                    "drug_unit": text(quantity.get("code")) or text(quantity.get("unit")),
                }
    return {}
