"""Patients, subscribers, providers and places: who treated whom, and where."""

from dataclasses import replace
from datetime import date

from functions.billing.domain.records import (
    Address,
    Location,
    Patient,
    PersonName,
    Provider,
    Sex,
)
from functions.billing.fhir.bundle import (
    Resource,
    ResourceIndex,
    identifiers,
    reference_identifier,
)
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.mapping import (
    MappedClass,
    MappedLocation,
    MappedProvider,
    MappingTables,
    table_key,
)
from functions.billing.fhir.reading import (
    EMPTY,
    Node,
    calendar_date,
    codings,
    node,
    nodes,
    text,
    texts,
)
from functions.billing.fhir.states import state_code

NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
EIN_SYSTEM = "urn:oid:2.16.840.1.113883.4.4"
TAXONOMY_SYSTEM = "http://nucc.org/provider-taxonomy"

_SEXES = {"female": Sex.FEMALE, "male": Sex.MALE, "other": Sex.UNKNOWN, "unknown": Sex.UNKNOWN}
_POSTAL_CODE_LENGTHS = (5, 9)

# The best name and address of several: what the payer has on file is most likely the official one.
_NAME_USES = ("official", "usual", "", "temp", "nickname", "anonymous", "old", "maiden")
_ADDRESS_USES = ("home", "", "work", "billing", "temp", "old")


def patient_of(resource: Resource, findings: Findings, *, path: str = "Patient") -> Patient | None:
    """The person a Patient or RelatedPerson resource describes.

    None, with a finding, when the birth date or the id is missing: without them a person cannot be
    told from another.
    """
    content = resource.content
    birth_date = calendar_date(content.get("birthDate"))
    if birth_date is None:
        findings.missing(f"{path}.birthDate", "a full date such as 1980-05-17")
    if not resource.id:
        findings.missing(f"{path}.id", "a FHIR id")
    name = _person_name(content, findings, path)
    address = _address(content, findings, path)
    sex = _sex(content, findings, path)
    if birth_date is None or not resource.id:
        return None
    return Patient(
        patient_id=resource.id, name=name, birth_date=birth_date, sex=sex, address=address
    )


def age_in_years(birth_date: date, on: date) -> int:
    """Completed years of age."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def _best(candidates: tuple[Node, ...], uses: tuple[str, ...]) -> Node:
    def preference(candidate: Node) -> int:
        use = text(candidate.get("use"))
        return uses.index(use) if use in uses else len(uses)

    return min(candidates, key=preference, default=EMPTY)


def _person_name(content: Node, findings: Findings, path: str) -> PersonName:
    best = _best(nodes(content.get("name")), _NAME_USES)
    family = text(best.get("family"))
    if not family:
        findings.missing(f"{path}.name.family", "a family name")
    given = texts(best.get("given"))
    return PersonName(family=family, given="".join(given[:1]), middle=" ".join(given[1:]))


def _sex(content: Node, findings: Findings, path: str) -> Sex:
    gender = content.get("gender")
    sex = _SEXES.get(text(gender))
    if sex is None and gender is not None:
        findings.missing(f"{path}.gender", "female, male, other or unknown")
    return sex or Sex.UNKNOWN


def _address(content: Node, findings: Findings, path: str) -> Address:
    address = _read_address(_best(nodes(content.get("address")), _ADDRESS_USES))
    for name, value, expected in (
        ("line", address.line1, "a street"),
        ("city", address.city, "a city"),
        ("state", address.state, "a US state, by name or by its two letters"),
        ("postalCode", address.postal_code, "a ZIP code of five or nine digits"),
    ):
        if not value:
            findings.missing(f"{path}.address.{name}", expected)
    return address


def _read_address(content: Node) -> Address:
    lines = texts(content.get("line"))
    return Address(
        line1="".join(lines[:1]),
        line2=" ".join(lines[1:]),
        city=text(content.get("city")),
        state=state_code(text(content.get("state"))),
        postal_code=_postal_code(text(content.get("postalCode"))),
    )


def _postal_code(written: str) -> str:
    digits = written.replace("-", "").replace(" ", "")
    well_formed = digits.isascii() and digits.isdigit() and len(digits) in _POSTAL_CODE_LENGTHS
    return digits if well_formed else ""


class Providers:
    """Finds providers: by mapping row first, then by what the document says of them."""

    def __init__(self, index: ResourceIndex, mapping: MappingTables, findings: Findings) -> None:
        self._index = index
        self._mapping = mapping
        self._findings = findings

    def provider(self, reference: object, holder: Resource, path: str) -> Provider | None:
        """The provider a reference names, through PractitionerRole where there is one.

        A provider with neither a mapping row nor an NPI of its own is reported as unmapped.
        """
        resource = self._index.resolve(reference, holder)
        if resource is not None and resource.type == "PractitionerRole":
            return self._in_role(resource, path)
        if resource is not None:
            return self._of_resource(resource)
        return self._of_identifier(reference, path)

    def _in_role(self, role: Resource, path: str) -> Provider | None:
        provider = self.provider(role.get("practitioner"), role, path)
        if provider is None or provider.taxonomy:
            return provider
        taxonomies = [
            code
            for specialty in nodes(role.get("specialty"))
            for system, code in codings(specialty)
            if system == TAXONOMY_SYSTEM
        ]
        return replace(provider, taxonomy=taxonomies[0]) if taxonomies else provider

    def _of_resource(self, resource: Resource) -> Provider | None:
        if resource.type not in {"Practitioner", "Organization"}:
            self._findings.missing(resource.name, "a Practitioner or an Organization")
            return None
        known = identifiers(resource.content)
        keys = [table_key(*pair) for pair in known] + [table_key(resource.type, resource.id)]
        row = _first_row(self._mapping.providers, keys)
        written = dict(reversed(known))
        if row is None and not written.get(NPI_SYSTEM):
            system, code = known[0] if known else (resource.type, resource.id)
            self._findings.unmapped("providers", system, code, resource.name)
        return self._described(resource, row, written)

    def _described(
        self, resource: Resource, row: MappedProvider | None, written: dict[str, str]
    ) -> Provider:
        is_person = resource.type == "Practitioner"
        family, given = _provider_name(resource)
        address = _read_address(_best(nodes(resource.get("address")), _ADDRESS_USES))
        return Provider(
            provider_id=row.provider_id if row else resource.id,
            npi=row.npi if row else written.get(NPI_SYSTEM, ""),
            family=(row.family if row else "") or family,
            given=((row.given if row else "") or given) if is_person else "",
            is_person=is_person,
            taxonomy=(row.taxonomy if row else "") or _taxonomy(resource),
            tax_id=(row.tax_id if row else "") or written.get(EIN_SYSTEM, "").replace("-", ""),
            address=(row.address if row else None) or (address if address.line1 else None),
        )

    def _of_identifier(self, reference: object, path: str) -> Provider | None:
        """A provider named only by an identifier, as in conditional references."""
        named = reference_identifier(reference)
        if named is None:
            self._findings.missing(path, "a reference to a provider of this bundle")
            return None
        row = self._mapping.providers.get(table_key(*named))
        if row is None:
            self._findings.unmapped("providers", *named, path)
            return None
        return Provider(
            provider_id=row.provider_id,
            npi=row.npi,
            family=row.family or text(node(reference).get("display")),
            given=row.given,
            is_person=not text(node(reference).get("reference")).startswith("Organization"),
            taxonomy=row.taxonomy,
            tax_id=row.tax_id,
            address=row.address,
        )


def _first_row(rows: object, keys: list[str]) -> MappedProvider | None:
    table = node(rows)
    return next((table[key] for key in keys if key in table), None)


def _provider_name(resource: Resource) -> tuple[str, str]:
    if resource.type == "Organization":
        return text(resource.get("name")), ""
    best = _best(nodes(resource.get("name")), _NAME_USES)
    return text(best.get("family")), "".join(texts(best.get("given"))[:1])


def _taxonomy(resource: Resource) -> str:
    for qualification in nodes(resource.get("qualification")):
        for system, code in codings(qualification.get("code")):
            if system == TAXONOMY_SYSTEM:
                return code
    return ""


class Places:
    """Finds where a visit took place, and on which claim form that place bills."""

    def __init__(self, index: ResourceIndex, mapping: MappingTables, findings: Findings) -> None:
        self._index = index
        self._mapping = mapping
        self._findings = findings

    def location(self, encounter: Resource) -> tuple[Location | None, bool]:
        """The encounter's location, and whether it bills on the institutional form.

        A named location must be in the table. Only where the document names none does the
        encounter's class decide, through its own table.
        """
        by_class = self._class_row(encounter)
        for stay in nodes(encounter.get("location")):
            if node(stay.get("location")):
                return self._named(stay.get("location"), encounter, by_class)
        if by_class is None:
            self._findings.missing("Encounter.location", "a location, or a mapped Encounter.class")
            return None, False
        return self._of_class(encounter, by_class), by_class.is_institutional

    def _class_row(self, encounter: Resource) -> MappedClass | None:
        coding = node(encounter.get("class"))
        code = text(coding.get("code"))
        row = self._mapping.encounter_classes.get(code)
        if row is None and code and not nodes(encounter.get("location")):
            self._findings.unmapped(
                "encounter_classes", text(coding.get("system")), code, "Encounter.class"
            )
        return row

    def _named(
        self, reference: object, holder: Resource, by_class: MappedClass | None
    ) -> tuple[Location | None, bool]:
        found = self.location_at(reference, holder, "Encounter.location")
        if found is None:
            return None, by_class is not None and by_class.is_institutional
        location, is_institutional = found
        if not location.place_of_service:
            if by_class is None:
                self._findings.missing(
                    "Encounter.class", "a mapped class: the location has several"
                )
            else:
                location = replace(location, place_of_service=by_class.place_of_service)
        if is_institutional is None:
            is_institutional = by_class is not None and by_class.is_institutional
        return location, is_institutional

    def location_at(
        self, reference: object, holder: Resource, path: str
    ) -> tuple[Location, bool | None] | None:
        """The mapped location a reference names, and what its row says of the claim form."""
        resource = self._index.resolve(reference, holder)
        keys = _location_keys(resource, reference)
        for system, code in keys:
            row = self._mapping.locations.get(table_key(system, code))
            if row is not None:
                return _mapped_location(row, resource), row.is_institutional
        if keys:
            self._findings.unmapped("locations", *keys[0], path)
        else:
            self._findings.missing(path, "a reference to a location of this bundle")
        return None

    def _of_class(self, encounter: Resource, row: MappedClass) -> Location:
        organization = self._index.resolve(encounter.get("serviceProvider"), encounter)
        content = organization.content if organization else EMPTY
        address = _read_address(_best(nodes(content.get("address")), _ADDRESS_USES))
        return Location(
            location_id=organization.id if organization else "",
            name=text(content.get("name")),
            place_of_service=row.place_of_service,
            address=address if address.line1 else None,
        )


def _location_keys(resource: Resource | None, reference: object) -> list[tuple[str, str]]:
    if resource is None:
        named = reference_identifier(reference)
        return [named] if named else []
    keys = list(identifiers(resource.content))
    return [*keys, ("Location", resource.id)] if resource.id else keys


def _mapped_location(row: MappedLocation, resource: Resource | None) -> Location:
    address = _read_address(node(resource.get("address")) if resource else EMPTY)
    return Location(
        location_id=row.location_id,
        name=row.name,
        place_of_service=row.place_of_service,
        department=row.department,
        npi=row.npi,
        address=row.address or (address if address.line1 else None),
    )
