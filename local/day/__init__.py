"""A day of an EHR: documents, events, the payers' world, and what should come of it."""

from local.day.built_in import build_day
from local.day.fhir_folder import day_from_fhir
from local.day.records import (
    Approval,
    AutomationSetting,
    Day,
    DayError,
    EhrEvent,
    Expectation,
    Phase,
    Reception,
    Signing,
    SimulatorCall,
    UnreadableFile,
)

__all__ = [
    "Approval",
    "AutomationSetting",
    "Day",
    "DayError",
    "EhrEvent",
    "Expectation",
    "Phase",
    "Reception",
    "Signing",
    "SimulatorCall",
    "UnreadableFile",
    "build_day",
    "day_from_fhir",
]
