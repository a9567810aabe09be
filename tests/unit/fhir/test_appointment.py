"""A booked visit gives eligibility and the estimate what they need."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.billing.domain.eligibility.benefits import PlannedService
from functions.billing.domain.errors import ContractError
from functions.billing.fhir import appointment_from_bundle, appointment_ids
from tests.unit.fhir.bundles import (
    CPT,
    bundle,
    concept,
    coverage,
    insurer,
    location,
    organization,
    patient,
    practitioner,
    tables,
)


def appointment(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": "app",
        "status": "booked",
        "serviceType": [concept("urn:lines", "PC")],
        "start": "2026-03-02T14:00:00Z",
        "basedOn": [{"reference": "ServiceRequest/order"}],
        "participant": [
            {"actor": {"reference": "Patient/pat"}},
            {"actor": {"reference": "Practitioner/doc"}},
            {"actor": {"reference": "Location/main"}},
        ],
        **fields,
    }


def order(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "order",
        "code": concept(CPT, "99213"),
        **fields,
    }


def booked(*changes: dict[str, Any]) -> dict[str, Any]:
    place = {**location(), "managingOrganization": {"reference": "Organization/group"}}
    base = {
        one["resourceType"] + one["id"]: one
        for one in (
            patient(),
            coverage(),
            insurer(),
            organization(),
            practitioner(),
            place,
            appointment(),
            order(),
        )
    }
    base.update({one["resourceType"] + one["id"]: one for one in changes})
    return bundle(*base.values())


def test_a_booked_visit_reads_without_a_question() -> None:
    found = appointment_from_bundle(booked(), "app", tables())

    assert (found.problems, found.unmapped) == ((), ())
    assert found.starts_at == datetime(2026, 3, 2, 14, tzinfo=UTC)
    assert found.planned == (PlannedService(procedure="99213", units=1, charge_cents=14500),)
    assert found.patient is not None
    assert found.billing_provider is not None
    assert found.rendering_provider is not None
    assert found.location is not None
    assert (found.billing_provider.npi, found.location.location_id) == ("1793001102", "MAIN")
    assert [one.member_id for one in found.coverages] == ["M123"]
    assert found.service_line == "primary_care"
    assert not found.is_cancelled


def test_planned_units_multiply_the_price() -> None:
    found = appointment_from_bundle(booked(order(quantityQuantity={"value": 3})), "app", tables())

    assert found.planned == (PlannedService(procedure="99213", units=3, charge_cents=43500),)


def test_units_that_cannot_be_read_are_told() -> None:
    found = appointment_from_bundle(booked(order(quantityQuantity={"value": "3"})), "app", tables())

    assert found.planned == ()
    assert [one.path for one in found.problems] == ["ServiceRequest/order.quantityQuantity"]


def test_a_cancelled_visit_says_so() -> None:
    assert appointment_from_bundle(
        booked(appointment(status="cancelled")), "app", tables()
    ).is_cancelled


def test_a_start_without_a_zone_is_told() -> None:
    found = appointment_from_bundle(
        booked(appointment(start="2026-03-02T14:00:00")), "app", tables()
    )

    assert found.starts_at is None
    assert [one.path for one in found.problems] == ["Appointment.start"]


def test_an_appointment_that_is_not_there_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        appointment_from_bundle(booked(), "other", tables())

    assert caught.value.code == "appointment_not_found"


def test_the_ids_of_a_bundles_appointments_are_listed() -> None:
    assert appointment_ids(booked()) == ("app",)
