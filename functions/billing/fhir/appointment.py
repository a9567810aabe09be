"""From a FHIR bundle to one booked visit, as eligibility and the patient's estimate need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.billing.domain.eligibility.benefits import PlannedService
from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import (
    Authorization,
    Coverage,
    Location,
    MissingFact,
    Patient,
    Provider,
    UnmappedCode,
)
from functions.billing.fhir.bundle import Resource, ResourceIndex
from functions.billing.fhir.coding import Coder
from functions.billing.fhir.coverages import CoverageReading, Coverages, authorizations_of
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.mapping import MappingTables, table_key
from functions.billing.fhir.people import Places, Providers, patient_of
from functions.billing.fhir.reading import codings, moment, node, nodes, text, whole_number

_CALLED_OFF = ("cancelled", "entered-in-error", "noshow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A booked visit. `problems` and `unmapped` are empty when the document was complete."""

    appointment_id: str
    patient: Patient | None
    coverages: tuple[Coverage, ...]
    billing_provider: Provider | None
    rendering_provider: Provider | None
    location: Location | None
    service_line: str
    starts_at: datetime | None
    planned: tuple[PlannedService, ...]
    authorizations: tuple[Authorization, ...] = ()
    is_cancelled: bool = False
    mapping_version: str = ""
    unmapped: tuple[UnmappedCode, ...] = ()
    problems: tuple[MissingFact, ...] = ()


def appointment_from_bundle(
    bundle: Mapping[str, Any], appointment_id: str, mapping: MappingTables
) -> Appointment:
    """The visit a FHIR R4 bundle describes: booked, or proposed for a period that is asked for.

    Planned services are the codes of the service requests it is based on. The billing provider is
    the organization that manages the location, else the patient's managing organization.

    Raises
    ------
    ContractError
        If it is no bundle or holds no such appointment.
    """
    index = ResourceIndex(bundle)
    appointment = index.named("Appointment", appointment_id)
    if appointment is None:
        raise ContractError(
            "appointment_not_found",
            subject=f"appointment:{appointment_id}",
            detail="expected an Appointment resource of this id in the bundle",
        )
    findings = Findings()
    starts_at = moment(appointment.get("start")) or _asked_for(appointment)
    if starts_at is None:
        findings.missing("Appointment.start", "a date and time with a zone")
    actors = _actors(index, appointment)
    person = next((actor for actor, _ in actors if actor.type == "Patient"), None)
    if person is None:
        findings.missing("Patient", "a participant who is a patient of this bundle")
    patient = patient_of(person, findings) if person else None
    providers = Providers(index, mapping, findings)
    place = next((actor for actor, _ in actors if actor.type == "Location"), None)
    return Appointment(
        appointment_id=appointment.id,
        patient=patient,
        coverages=Coverages(index, mapping, findings, person).read(()) if person else (),
        billing_provider=_billing_provider(providers, place, person),
        rendering_provider=_rendering_provider(providers, appointment, actors),
        location=_location(index, mapping, findings, appointment, actors),
        service_line=_service_line(mapping, findings, appointment),
        starts_at=starts_at,
        planned=_planned(index, mapping, findings, appointment, patient, starts_at),
        authorizations=(
            authorizations_of(index, mapping, (), person, appointment) if person else ()
        ),
        is_cancelled=text(appointment.get("status")) in _CALLED_OFF,
        mapping_version=mapping.version,
        unmapped=findings.unmapped_list,
        problems=findings.problem_list,
    )


def _asked_for(appointment: Resource) -> datetime | None:
    """When a visit that nobody has booked should begin."""
    wished = (moment(period.get("start")) for period in nodes(appointment.get("requestedPeriod")))
    return next((start for start in wished if start), None)


def coverages_from_bundle(
    bundle: Mapping[str, Any], patient_id: str, mapping: MappingTables
) -> CoverageReading:
    """A patient's coverages in order of payment.

    Raises
    ------
    ContractError
        If it is no bundle or holds no such patient.
    """
    index = ResourceIndex(bundle)
    person = index.named("Patient", patient_id)
    if person is None:
        raise ContractError(
            "patient_not_found",
            subject=f"patient:{patient_id}",
            detail="expected a Patient resource of this id in the bundle",
        )
    findings = Findings()
    coverages = Coverages(index, mapping, findings, person).read(())
    return CoverageReading(
        coverages=coverages, unmapped=findings.unmapped_list, problems=findings.problem_list
    )


def appointment_ids(bundle: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the bundle's appointments, in order.

    Raises
    ------
    ContractError
        If it is no bundle.
    """
    return tuple(found.id for found in ResourceIndex(bundle).of_type("Appointment") if found.id)


def _actors(index: ResourceIndex, appointment: Resource) -> list[tuple[Resource, object]]:
    found: list[tuple[Resource, object]] = []
    for participant in nodes(appointment.get("participant")):
        actor = index.resolve(participant.get("actor"), appointment)
        if actor is not None:
            found.append((actor, participant.get("actor")))
    return found


def _billing_provider(
    providers: Providers, place: Resource | None, person: Resource | None
) -> Provider | None:
    for holder, name in ((place, "managingOrganization"), (person, "managingOrganization")):
        if holder is not None and node(holder.get(name)):
            return providers.provider(holder.get(name), holder, f"{holder.type}.{name}")
    return None


def _rendering_provider(
    providers: Providers, appointment: Resource, actors: list[tuple[Resource, object]]
) -> Provider | None:
    for actor, reference in actors:
        if actor.type in {"Practitioner", "PractitionerRole"}:
            return providers.provider(reference, appointment, "Appointment.participant.actor")
    return None


def _location(
    index: ResourceIndex,
    mapping: MappingTables,
    findings: Findings,
    appointment: Resource,
    actors: list[tuple[Resource, object]],
) -> Location | None:
    for actor, reference in actors:
        if actor.type == "Location":
            found = Places(index, mapping, findings).location_at(
                reference, appointment, "Appointment.participant.actor"
            )
            return found[0] if found else None
    return None


def _service_line(mapping: MappingTables, findings: Findings, appointment: Resource) -> str:
    stated = [pair for kind in nodes(appointment.get("serviceType")) for pair in codings(kind)]
    for pair in stated:
        if line := mapping.service_lines.get(table_key(*pair)):
            return line
    if stated:
        findings.unmapped("service_lines", *stated[0], "Appointment.serviceType")
    return ""


def _planned(
    index: ResourceIndex,
    mapping: MappingTables,
    findings: Findings,
    appointment: Resource,
    patient: Patient | None,
    starts_at: datetime | None,
) -> tuple[PlannedService, ...]:
    if starts_at is None:
        return ()
    coder = Coder(mapping, findings, patient, starts_at.date())
    found: list[PlannedService] = []
    for reference in nodes(appointment.get("basedOn")):
        request = index.resolve(reference, appointment)
        if request is None:
            findings.missing("Appointment.basedOn", "a service request of this bundle")
            continue
        row = coder.procedure(request.get("code"), f"{request.name}.code")
        units = 1
        if "quantityQuantity" in request.content:
            units = whole_number(node(request.get("quantityQuantity")).get("value")) or 0
        if units < 1:
            findings.missing(f"{request.name}.quantityQuantity", "a whole number of units")
        elif row is not None and not row.not_billed:
            found.append(
                PlannedService(
                    procedure=row.procedure, units=units, charge_cents=row.charge_cents * units
                )
            )
    return tuple(found)
