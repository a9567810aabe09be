"""Documents as an EHR drops them, with mapping tables that know their codes."""

import json
from typing import Any

from tests.unit.fhir.bundles import (
    bundle,
    changed,
    claim,
    coverage,
    insurer,
    item,
    location,
    mapping_content,
    organization,
    patient,
    practitioner,
    visit,
)

ENCOUNTER, APPOINTMENT, PATIENT, COVERAGE = "enc", "app", "pat", "cov"
MEMBER = "ABC123456789"


def mapping() -> dict[str, Any]:
    """The FHIR tests' own tables, for the payers that have a policy."""
    text = json.dumps(mapping_content())
    for theirs, ours in (("ACME", "BLUEPEAK"), ("MCARE", "CMSNORTH"), ("MCAID", "STATECAID")):
        text = text.replace(theirs, ours)
    content: dict[str, Any] = json.loads(text)
    return content


def encounter_document(
    *,
    lines: int = 1,
    dollars: int = 145,
    procedure: str = "99213",
    self_pay: bool = False,
    **of_coverage: Any,
) -> bytes:
    """A signed visit; `lines` services of it, at `dollars` each."""
    price = {"value": dollars, "currency": "USD"}
    items = [item(number, procedure, net=price) for number in range(1, lines + 1)]
    resources = visit(claim(*items), without=("Claim",))
    resources = changed(resources, "Coverage", **{"subscriberId": MEMBER, **of_coverage})
    if self_pay:
        resources = changed(
            resources,
            "Coverage",
            payor=[{"display": "NO_INSURANCE"}],
        )
    return json.dumps(bundle(*resources)).encode()


def appointment_document(
    *,
    appointment_id: str = APPOINTMENT,
    member_id: str = MEMBER,
    start: str = "2026-03-05T14:00:00Z",
    procedure: str = "99213",
    payer: str = "A",
    self_pay: bool = False,
    authorized: str = "",
    is_booked: bool = True,
) -> bytes:
    """A visit with one planned service; `authorized` is the number of its authorization."""
    planned = {
        "resourceType": "Appointment",
        "id": appointment_id,
        "status": "booked" if is_booked else "proposed",
        **({"start": start} if is_booked else {"requestedPeriod": [{"start": start}]}),
        "basedOn": [{"reference": "ServiceRequest/order"}],
        "participant": [
            {"actor": {"reference": "Patient/pat"}},
            {"actor": {"reference": "Practitioner/doc"}},
            {"actor": {"reference": "Location/main"}},
        ],
    }
    order = {
        "resourceType": "ServiceRequest",
        "id": "order",
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": procedure}]},
    }
    place = {**location(), "managingOrganization": {"reference": "Organization/group"}}
    insured = {**coverage(), "subscriberId": member_id}
    company = insurer()
    company["identifier"][0]["value"] = payer
    if self_pay:
        insured["payor"] = [{"display": "NO_INSURANCE"}]
    granted = [_authorization(authorized)] if authorized else []
    people = [patient(), organization(), practitioner(), place]
    return json.dumps(bundle(*people, insured, company, planned, order, *granted)).encode()


def _authorization(number: str) -> dict[str, Any]:
    """The payer's grant, as a ClaimResponse that names no procedure."""
    return {
        "resourceType": "ClaimResponse",
        "id": "grant",
        "status": "active",
        "use": "preauthorization",
        "outcome": "complete",
        "patient": {"reference": "Patient/pat"},
        "preAuthRef": number,
    }


def insurance_document(*, member_id: str = MEMBER, payer: str = "A") -> bytes:
    """What registration knows of the patient's insurance."""
    company = insurer()
    company["identifier"][0]["value"] = payer
    return json.dumps(
        bundle(patient(), {**coverage(), "subscriberId": member_id}, company)
    ).encode()
