"""FHIR R4 in, canonical records out. Pure: the caller reads the bytes and loads the tables."""

from functions.billing.fhir.appointment import (
    Appointment,
    appointment_from_bundle,
    appointment_ids,
    coverages_from_bundle,
)
from functions.billing.fhir.bundle import encounter_ids, read_bundle
from functions.billing.fhir.coverages import CoverageReading
from functions.billing.fhir.encounters import encounter_from_bundle, patient_from_bundle
from functions.billing.fhir.mapping import MappingTables, mapping_tables

__all__ = [
    "Appointment",
    "CoverageReading",
    "MappingTables",
    "appointment_from_bundle",
    "appointment_ids",
    "coverages_from_bundle",
    "encounter_from_bundle",
    "encounter_ids",
    "mapping_tables",
    "patient_from_bundle",
    "read_bundle",
]
