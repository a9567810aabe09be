"""The FHIR R4 documents of the built-in day, as the EHR of the practice writes them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from local.day.people import Person
from local.day.practice import (
    CHARGE_CODES,
    EHR,
    GROUP,
    PAYER_CODES,
    PAYER_NAMES,
    PLACES,
    PRACTITIONERS,
)
from local.day.visits import Line, Style

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SCT = "http://snomed.info/sct"
CVX = "http://hl7.org/fhir/sid/cvx"
NPI = "http://hl7.org/fhir/sid/us-npi"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"
PLACE_OF_SERVICE = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)
_RELATIONSHIP = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CHECKUP = "185349003"
_VISIT_LENGTH = timedelta(minutes=30)

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance:
    """One coverage as registration keeps it."""

    coverage_id: str
    payer_id: str
    member_id: str
    starts_on: date
    ends_on: date | None = None
    relationship: str = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Everything the EHR knows of one visit."""

    encounter_id: str
    appointment_id: str
    person: Person
    insurance: tuple[Insurance, ...]
    starts_at: datetime
    lines: tuple[Line, ...]
    diagnoses: tuple[str, ...]
    service_line: str
    location: str
    practitioner: str
    style: Style
    prices: Mapping[str, int]
    without_street: bool = False
    practitioner_npi: str = ""
    authorized: tuple[str, ...] = ()
    authorized_until: date | None = None

    @property
    def day(self) -> date:
        """The date of service."""
        return self.starts_at.date()

    def with_authorization(self, procedures: tuple[str, ...]) -> "Booking":
        """The same visit after the payer has authorized it."""
        return replace(self, authorized=procedures, authorized_until=None)


def document_bytes(resources: Iterable[Resource]) -> bytes:
    """A bundle of the resources as JSON, the same bytes for the same resources."""
    entries = [
        {"fullUrl": f"{EHR}/fhir/{one['resourceType']}/{one['id']}", "resource": one}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(bundle, separators=(",", ":"), default=_exact).encode()


def _exact(value: object) -> float:
    """JSON numbers are decimal; cents below 2^53 survive as the shortest decimal that means them."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def encounter_document(booking: Booking, *, is_signed: bool = True) -> bytes:
    """The encounter with all that bills it. Before signing it is in progress and lists no services."""
    resources = [
        *_registration(booking),
        *_staff(booking),
        _encounter(booking, is_signed=is_signed),
    ]
    resources += _conditions(booking)
    if is_signed:
        resources += _services(booking)
    if booking.authorized:
        resources += _authorization(
            booking, {"encounter": [_reference("Encounter", booking.encounter_id)]}
        )
    return document_bytes(resources)


def appointment_document(booking: Booking) -> bytes:
    """The booked visit: patient, coverages, what is planned, and what the payer has agreed to so far."""
    return _planned_visit(booking, _appointment(booking))


def proposal_document(booking: Booking) -> bytes:
    """A visit whose price the patient asks for: nobody has booked it."""
    appointment = _appointment(booking)
    wished = {name: appointment.pop(name) for name in ("start", "end")}
    return _planned_visit(
        booking, {**appointment, "status": "proposed", "requestedPeriod": [wished]}
    )


def _planned_visit(booking: Booking, appointment: Resource) -> bytes:
    resources = [*_registration(booking), *_staff(booking), appointment]
    resources += _orders(booking)
    if booking.authorized:
        # There is no encounter yet that it could name.
        resources += _authorization(booking, {})
    return document_bytes(resources)


def insurance_document(booking: Booking) -> bytes:
    """The patient and the coverages, when registration changed them."""
    return document_bytes(_registration(booking))


def _reference(type_: str, identifier: str) -> Resource:
    return {"reference": f"{type_}/{identifier}"}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _local(kind: str, code: str) -> list[Resource]:
    return [{"system": f"{EHR}/{kind}", "value": code}]


# --- registration ---


def _registration(booking: Booking) -> list[Resource]:
    found = [_patient(booking)]
    for order, insurance in enumerate(booking.insurance, start=1):
        found.append(_insurer(insurance.payer_id))
        found.append(_coverage(booking, insurance, order))
    return found


def _patient(booking: Booking) -> Resource:
    person = booking.person
    address = {
        "use": "home",
        "line": [person.street],
        "city": person.city,
        "state": "IL",
        "postalCode": person.postal_code,
    }
    if booking.without_street:
        del address["line"]
    return {
        "resourceType": "Patient",
        "id": person.patient_id,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "gender": person.sex,
        "birthDate": person.birth_date.isoformat(),
        "address": [address],
        "managingOrganization": _reference("Organization", GROUP),
    }


def _insurer(payer_id: str) -> Resource:
    code = PAYER_CODES[payer_id]
    return {
        "resourceType": "Organization",
        "id": f"payer-{code}",
        "identifier": _local("payers", code),
        "name": PAYER_NAMES[payer_id],
    }


def _coverage(booking: Booking, insurance: Insurance, order: int) -> Resource:
    period = {"start": insurance.starts_on.isoformat()}
    if insurance.ends_on:
        period["end"] = insurance.ends_on.isoformat()
    found = {
        "resourceType": "Coverage",
        "id": insurance.coverage_id,
        "status": "active",
        "order": order,
        "beneficiary": _reference("Patient", booking.person.patient_id),
        "relationship": _concept(_RELATIONSHIP, insurance.relationship),
        "period": period,
        "payor": [_reference("Organization", f"payer-{PAYER_CODES[insurance.payer_id]}")],
        "class": [
            {
                "type": _concept("http://terminology.hl7.org/CodeSystem/coverage-class", "group"),
                "value": f"G{PAYER_CODES[insurance.payer_id]}77",
            }
        ],
    }
    if insurance.member_id:
        found["subscriberId"] = insurance.member_id
    return found


# --- staff and places ---


def _staff(booking: Booking) -> list[Resource]:
    group = {
        "resourceType": "Organization",
        "id": GROUP,
        "identifier": _local("providers", GROUP),
        "name": "Northfield Medical Group",
    }
    place = PLACES[booking.location]
    location = {
        "resourceType": "Location",
        "id": place.code,
        "identifier": _local("locations", place.code),
        "name": place.name,
        "managingOrganization": _reference("Organization", GROUP),
    }
    return [group, location, _practitioner(booking)]


def _practitioner(booking: Booking) -> Resource:
    known = PRACTITIONERS[booking.practitioner]
    locum = booking.practitioner_npi
    return {
        "resourceType": "Practitioner",
        "id": f"{known.code}-LOCUM" if locum else known.code,
        "identifier": [{"system": NPI, "value": locum}]
        if locum
        else _local("providers", known.code),
        "name": [{"family": known.family, "given": [known.given]}],
    }


# --- the visit ---


def _encounter(booking: Booking, *, is_signed: bool) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": booking.encounter_id,
        "status": "finished" if is_signed else "in-progress",
        "class": {"system": _ACT_CODE, "code": "AMB"},
        "type": [_concept(SCT, _CHECKUP)],
        "serviceType": _concept(f"{EHR}/service-lines", booking.service_line),
        "subject": _reference("Patient", booking.person.patient_id),
        "participant": [{"individual": _reference("Practitioner", _practitioner(booking)["id"])}],
        "period": {
            "start": booking.starts_at.isoformat(),
            "end": (booking.starts_at + _VISIT_LENGTH).isoformat(),
        },
        "diagnosis": [
            {
                "condition": _reference("Condition", _condition_id(booking, position)),
                "rank": position,
            }
            for position in range(1, len(booking.diagnoses) + 1)
        ],
        "location": [{"location": _reference("Location", booking.location)}],
        "serviceProvider": _reference("Organization", GROUP),
    }


def _condition_id(booking: Booking, position: int) -> str:
    return f"{booking.encounter_id}-DX{position}"


def _conditions(booking: Booking) -> list[Resource]:
    return [
        {
            "resourceType": "Condition",
            "id": _condition_id(booking, position),
            "code": _diagnosis(code),
            "subject": _reference("Patient", booking.person.patient_id),
            "encounter": _reference("Encounter", booking.encounter_id),
        }
        for position, code in enumerate(booking.diagnoses, start=1)
    ]


def _diagnosis(code: str) -> Resource:
    """National codes hold a digit in their second place; the EHR's own are words."""
    is_national = code[1].isdigit()
    return _concept(ICD, code) if is_national else _concept(f"{EHR}/problem-codes", code)


def _services(booking: Booking) -> list[Resource]:
    if booking.style is Style.CLAIM:
        return [_claim(booking)]
    if booking.style is Style.CHARGE_ITEMS:
        return [_charge_item(booking, place, line) for place, line in _numbered(booking)]
    return [_act(booking, place, line) for place, line in _numbered(booking)]


def _numbered(booking: Booking) -> Iterable[tuple[int, Line]]:
    return enumerate(booking.lines, start=1)


def _national(line: Line) -> Resource:
    if line.snomed:
        return _concept(SCT, line.snomed)
    return _concept(HCPCS if line.procedure[0].isalpha() else CPT, line.procedure)


def _own(line: Line) -> Resource:
    """The EHR's own charge code, or the national one where it keeps none."""
    if line.procedure not in CHARGE_CODES:
        return _national(line)
    return _concept(f"{EHR}/charge-codes", CHARGE_CODES[line.procedure])


def _charge_cents(booking: Booking, line: Line) -> int:
    if line.charge_cents is not None:
        return line.charge_cents
    return booking.prices[line.procedure] * line.units


def _dollars(cents: int) -> Resource:
    return {"value": Decimal(cents).scaleb(-2), "currency": "USD"}


def _claim(booking: Booking) -> Resource:
    items = [_item(booking, sequence, line) for sequence, line in _numbered(booking)]
    total = sum(_charge_cents(booking, line) for line in booking.lines)
    return {
        "resourceType": "Claim",
        "id": f"{booking.encounter_id}-CLM",
        "status": "active",
        "type": _concept(CLAIM_TYPE, "professional"),
        "use": "claim",
        "patient": _reference("Patient", booking.person.patient_id),
        "provider": _reference("Organization", GROUP),
        "insurance": [
            {
                "sequence": sequence,
                "focal": sequence == 1,
                "coverage": _reference("Coverage", insurance.coverage_id),
            }
            for sequence, insurance in enumerate(booking.insurance, start=1)
        ],
        "diagnosis": [
            {
                "sequence": sequence,
                "diagnosisReference": _reference("Condition", _condition_id(booking, sequence)),
            }
            for sequence in range(1, len(booking.diagnoses) + 1)
        ],
        "item": items,
        "total": _dollars(total),
    }


def _item(booking: Booking, sequence: int, line: Line) -> Resource:
    found = {
        "sequence": sequence,
        "productOrService": _national(line),
        "modifier": [_concept(CPT, modifier) for modifier in line.modifiers],
        "encounter": [_reference("Encounter", booking.encounter_id)],
        "diagnosisSequence": list(line.diagnoses),
        "servicedDate": booking.day.isoformat(),
        "quantity": {"value": line.units},
        "net": _dollars(_charge_cents(booking, line)),
    }
    if line.place_of_service:
        found["locationCodeableConcept"] = _concept(PLACE_OF_SERVICE, line.place_of_service)
    return found


def _charge_item(booking: Booking, place: int, line: Line) -> Resource:
    code = _own(line)
    code["coding"] += [{"system": CPT, "code": modifier} for modifier in line.modifiers]
    return {
        "resourceType": "ChargeItem",
        "id": f"{booking.encounter_id}-CHG{place}",
        "status": "billable",
        "code": code,
        "subject": _reference("Patient", booking.person.patient_id),
        "context": _reference("Encounter", booking.encounter_id),
        "occurrenceDateTime": booking.starts_at.isoformat(),
        "quantity": {"value": line.units},
        "supportingInformation": [
            _reference("Condition", _condition_id(booking, position)) for position in line.diagnoses
        ],
    }


def _act(booking: Booking, place: int, line: Line) -> Resource:
    shared = {
        "status": "completed",
        "encounter": _reference("Encounter", booking.encounter_id),
    }
    patient = _reference("Patient", booking.person.patient_id)
    if line.cvx:
        return {
            "resourceType": "Immunization",
            "id": f"{booking.encounter_id}-IMM{place}",
            **shared,
            "patient": patient,
            "vaccineCode": _concept(CVX, line.cvx),
            "occurrenceDateTime": booking.starts_at.isoformat(),
        }
    return {
        "resourceType": "Procedure",
        "id": f"{booking.encounter_id}-PRC{place}",
        **shared,
        "subject": patient,
        "code": _own(line),
        "performedDateTime": booking.starts_at.isoformat(),
        "reasonReference": [
            _reference("Condition", _condition_id(booking, position)) for position in line.diagnoses
        ],
    }


# --- authorization and booking ---


def _authorization(booking: Booking, about: Resource) -> list[Resource]:
    """What was asked of the payer before the visit, and its answer; each item says what it is `about`."""
    patient = _reference("Patient", booking.person.patient_id)
    request_id = f"{booking.encounter_id}-ASK"
    request = {
        "resourceType": "Claim",
        "id": request_id,
        "status": "active",
        "type": _concept(CLAIM_TYPE, "professional"),
        "use": "preauthorization",
        "patient": patient,
        "item": [
            {
                "sequence": sequence,
                "productOrService": _concept(CPT, procedure),
                **about,
            }
            for sequence, procedure in enumerate(booking.authorized, start=1)
        ],
    }
    until = booking.authorized_until or booking.day + timedelta(days=30)
    response = {
        "resourceType": "ClaimResponse",
        "id": f"{booking.encounter_id}-ANSWER",
        "status": "active",
        "type": _concept(CLAIM_TYPE, "professional"),
        "use": "preauthorization",
        "patient": patient,
        "outcome": "complete",
        "request": _reference("Claim", request_id),
        "preAuthRef": f"AUTH{booking.encounter_id[-4:]}",
        "preAuthPeriod": {
            "start": (booking.day - timedelta(days=60)).isoformat(),
            "end": until.isoformat(),
        },
    }
    return [request, response]


def _appointment(booking: Booking) -> Resource:
    practitioner = _practitioner(booking)["id"]
    actors = (
        ("Patient", booking.person.patient_id),
        ("Practitioner", practitioner),
        ("Location", booking.location),
    )
    return {
        "resourceType": "Appointment",
        "id": booking.appointment_id,
        "status": "booked",
        "serviceType": [_concept(f"{EHR}/service-lines", booking.service_line)],
        "start": booking.starts_at.isoformat(),
        "end": (booking.starts_at + _VISIT_LENGTH).isoformat(),
        "basedOn": [
            _reference("ServiceRequest", f"{booking.appointment_id}-ORD{place}")
            for place, _ in _numbered(booking)
        ],
        "participant": [
            {"actor": _reference(type_, identifier), "status": "accepted"}
            for type_, identifier in actors
        ],
    }


def _orders(booking: Booking) -> list[Resource]:
    return [
        {
            "resourceType": "ServiceRequest",
            "id": f"{booking.appointment_id}-ORD{place}",
            "status": "active",
            "intent": "order",
            "subject": _reference("Patient", booking.person.patient_id),
            "code": _national(line),
            "quantityQuantity": {"value": line.units},
        }
        for place, line in _numbered(booking)
    ]
