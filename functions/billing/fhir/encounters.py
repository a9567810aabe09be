"""From a FHIR bundle to one canonical encounter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import Charge, Encounter, Patient, Provider
from functions.billing.fhir.bundle import Resource, ResourceIndex
from functions.billing.fhir.charges import charges_of
from functions.billing.fhir.coding import Coder
from functions.billing.fhir.coverages import Coverages, authorizations_of, benefits_of
from functions.billing.fhir.diagnoses import Diagnoses
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.mapping import MappingTables, table_key
from functions.billing.fhir.people import Places, Providers, patient_of
from functions.billing.fhir.reading import (
    codings,
    has_code,
    node,
    nodes,
    period_end,
    period_start,
    text,
)
from functions.billing.fhir.services import Services, billable_claims, claims_of
from functions.billing.fhir.stays import stay_of

_CALLED_OFF = {
    "cancelled": "the visit was cancelled",
    "entered-in-error": "the visit was withdrawn",
}

# HL7 ParticipationType: who performed the visit, before who was in charge of it.
_RENDERING_TYPES = ("PPRF", "ATND", "SPRF")
_CARE_TEAM_ROLES = ("performer", "rendering", "primary")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What reading one document needs everywhere."""

    index: ResourceIndex
    mapping: MappingTables
    findings: Findings
    encounter: Resource


def encounter_from_bundle(
    bundle: Mapping[str, Any], encounter_id: str, mapping: MappingTables
) -> Encounter:
    """The canonical encounter a FHIR R4 bundle describes.

    Whatever is absent, unreadable or unmapped is told in `problems` and `unmapped`, and what is
    deliberately left off the claim in `not_billed`; nothing is guessed.

    Parameters
    ----------
    bundle
        Parsed JSON, numbers as `Decimal` (see `read_bundle`).
    encounter_id
        The id of the Encounter resource.
    mapping
        The tables that translate local codes.

    Raises
    ------
    ContractError
        If it is no bundle, holds no such encounter, or the encounter has no date.
    """
    index = ResourceIndex(bundle)
    encounter = index.named("Encounter", encounter_id)
    if encounter is None:
        raise ContractError(
            "encounter_not_found",
            subject=f"encounter:{encounter_id}",
            detail="expected an Encounter resource of this id in the bundle",
        )
    reading = _Reading(index=index, mapping=mapping, findings=Findings(), encounter=encounter)
    claims = claims_of(index, encounter)
    starts_on, ends_on = _dates(reading, claims)
    return _read(reading, claims, starts_on, ends_on)


def _read(
    reading: _Reading, claims: tuple[Resource, ...], starts_on: date, ends_on: date
) -> Encounter:
    index, mapping, findings = reading.index, reading.mapping, reading.findings
    person = _patient_resource(reading)
    patient = patient_of(person, findings) if person else None
    location, is_institutional = Places(index, mapping, findings).location(reading.encounter)
    billable = billable_claims(claims, findings, is_institutional=is_institutional)
    coder = Coder(mapping, findings, patient, starts_on)
    diagnoses = Diagnoses(index, coder, findings, reading.encounter, billable)
    charges = _charges(reading, billable, coder, diagnoses, starts_on)
    coverages = (
        Coverages(index, mapping, findings, person).read(
            billable, benefits_of(index, claims, reading.encounter)
        )
        if person
        else ()
    )
    providers = Providers(index, mapping, findings)
    return Encounter(
        encounter_id=reading.encounter.id,
        patient=patient,
        coverages=coverages,
        billing_provider=_billing_provider(reading, providers, billable),
        rendering_provider=_rendering_provider(reading, providers, billable),
        location=location,
        service_line=_service_line(reading, coder),
        starts_on=starts_on,
        ends_on=ends_on,
        diagnoses=diagnoses.codes,
        charges=charges,
        authorizations=(
            authorizations_of(index, mapping, billable, person, reading.encounter) if person else ()
        ),
        is_institutional=is_institutional,
        stay=stay_of(reading.encounter, mapping, starts_on) if is_institutional else None,
        mapping_version=mapping.version,
        unmapped=findings.unmapped_list,
        problems=findings.problem_list,
        not_billed=findings.not_billed_list,
    )


def _dates(reading: _Reading, claims: tuple[Resource, ...]) -> tuple[date, date]:
    """First and last day of the visit: its own period, else its claim's billable period."""
    period = node(reading.encounter.get("period"))
    periods = [period, *(node(claim.get("billablePeriod")) for claim in claims)]
    starts_on = next((day for one in periods if (day := period_start(one))), None)
    if starts_on is None:
        raise ContractError(
            "encounter_without_dates",
            subject=f"encounter:{reading.encounter.id}",
            detail="expected Encounter.period.start with a full date",
        )
    if period_start(period) is None:
        reading.findings.missing("Encounter.period.start", "a full date")
    ends_on = period_end(period)
    if ends_on is None:
        if "end" in period:
            reading.findings.missing("Encounter.period.end", "a full date")
        return starts_on, starts_on
    if ends_on < starts_on:
        reading.findings.missing("Encounter.period.end", "a date not before the start")
        return starts_on, starts_on
    return starts_on, ends_on


def _patient_resource(reading: _Reading) -> Resource | None:
    person = reading.index.resolve(reading.encounter.get("subject"), reading.encounter)
    if person is None or person.type != "Patient":
        reading.findings.missing("Patient", "the patient the encounter's subject names")
        # Told as well, because an encounter without coverage and without this would be self-pay.
        reading.findings.missing("Coverage", "the coverage of a known patient")
        return None
    return person


def _charges(
    reading: _Reading,
    claims: tuple[Resource, ...],
    coder: Coder,
    diagnoses: Diagnoses,
    starts_on: date,
) -> tuple[Charge, ...]:
    called_off = _CALLED_OFF.get(text(reading.encounter.get("status")))
    if called_off:
        reading.findings.not_billed("Encounter", called_off)
        return ()
    services = Services(reading.index, reading.findings, diagnoses, reading.encounter)
    return charges_of(
        services.read(claims), coder, diagnoses, reading.findings, reading.mapping, starts_on
    )


def _billing_provider(
    reading: _Reading, providers: Providers, claims: tuple[Resource, ...]
) -> Provider | None:
    """Who bills: the claim's provider where it is an organization, else the encounter's."""
    for claim in claims:
        named = reading.index.resolve(claim.get("provider"), claim)
        if named is not None and named.type == "Organization":
            return providers.provider(claim.get("provider"), claim, "Claim.provider")
    encounter = reading.encounter
    if node(encounter.get("serviceProvider")):
        return providers.provider(
            encounter.get("serviceProvider"), encounter, "Encounter.serviceProvider"
        )
    for claim in claims:
        if node(claim.get("provider")):
            return providers.provider(claim.get("provider"), claim, "Claim.provider")
    reading.findings.missing("Encounter.serviceProvider", "the organization that bills")
    return None


def _rendering_provider(
    reading: _Reading, providers: Providers, claims: tuple[Resource, ...]
) -> Provider | None:
    """Who treated: the participant in that role, else the care team, else the first named."""
    encounter = reading.encounter
    participants = [
        one for one in nodes(encounter.get("participant")) if node(one.get("individual"))
    ]
    for role in _RENDERING_TYPES:
        for one in participants:
            if any(has_code(kind, role) for kind in nodes(one.get("type"))):
                return providers.provider(
                    one.get("individual"), encounter, "Encounter.participant.individual"
                )
    for claim in claims:
        for member in nodes(claim.get("careTeam")):
            if has_code(member.get("role"), *_CARE_TEAM_ROLES):
                return providers.provider(member.get("provider"), claim, "Claim.careTeam.provider")
    if participants:
        return providers.provider(
            participants[0].get("individual"), encounter, "Encounter.participant.individual"
        )
    reading.findings.missing("Encounter.participant", "the provider who treated the patient")
    return None


def _service_line(reading: _Reading, coder: Coder) -> str:
    """The service line, for reports: by the encounter's service type, else by its kind.

    A service type the table doesn't know is reported; an encounter that names none has no line.
    """
    encounter = reading.encounter
    stated = list(codings(encounter.get("serviceType")))
    for pair in stated:
        if line := reading.mapping.service_lines.get(table_key(*pair)):
            return line
    if stated:
        reading.findings.unmapped("service_lines", *stated[0], "Encounter.serviceType")
        return ""
    for kind in nodes(encounter.get("type")):
        for pair in codings(kind):
            if line := reading.mapping.service_lines.get(table_key(*pair)):
                return line
        row = coder.mapped_procedure(kind)
        if row is not None and row.service_line:
            return row.service_line
    return ""


def patient_from_bundle(bundle: Mapping[str, Any], patient_id: str) -> Patient | None:
    """The patient of that id; None when the bundle holds none or one without a birth date.

    Raises
    ------
    ContractError
        If it is no bundle.
    """
    resource = ResourceIndex(bundle).named("Patient", patient_id)
    return patient_of(resource, Findings()) if resource else None
