"""A day of an EHR: documents, events, the payers' world, and what should come of it."""

from local.day.records import (
    Approval,
    AutomationSetting,
    Day,
    DepositScript,
    EhrEvent,
    Expectation,
    UnreadableFile,
)

__all__ = [
    "Approval",
    "AutomationSetting",
    "Day",
    "DepositScript",
    "EhrEvent",
    "Expectation",
    "UnreadableFile",
]
