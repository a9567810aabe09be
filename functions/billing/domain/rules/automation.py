"""How far each automated step may go, per payer and location: observe, assist or automate."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from functions.billing.domain.rules.reading import Reader, content_version

ALL = "*"
"""Stands for every step, payer or location, as leaving the field out does."""


class Mode(StrEnum):
    """What a step may do by itself."""

    OBSERVE = "observe"
    """Record what it would have done, and do nothing."""

    ASSIST = "assist"
    """Propose; a person decides."""

    AUTOMATE = "automate"
    """Act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One line of the policy. An empty field means all of them."""

    mode: Mode
    step: str = ""
    payer_id: str = ""
    location_id: str = ""

    @property
    def weight(self) -> int:
        """How specific it is: the step counts more than the payer, the payer more than the place.

        The three weights make every combination differ.
        """
        return 4 * bool(self.step) + 2 * bool(self.payer_id) + bool(self.location_id)

    def covers(self, step: str, payer_id: str, location_id: str) -> bool:
        """Whether the setting speaks of this step, payer and location."""
        return all(
            own in {"", other}
            for own, other in (
                (self.step, step),
                (self.payer_id, payer_id),
                (self.location_id, location_id),
            )
        )


@dataclass(frozen=True, slots=True)
class AutomationPolicy:
    """All settings, under one content-addressed version."""

    version: str
    default: Mode
    settings: tuple[Setting, ...]

    def mode(self, step: str, payer_id: str = "", location_id: str = "") -> Mode:
        """The mode of the most specific setting, else the default."""
        covering = [one for one in self.settings if one.covers(step, payer_id, location_id)]
        return max(covering, key=lambda one: one.weight).mode if covering else self.default


def automation_policy(content: Mapping[str, Any]) -> AutomationPolicy:
    """Read parsed automation settings.

    Raises
    ------
    RuleSetError
        If a field is malformed, or two settings speak of the same step, payer and location.
    """
    top = Reader(content, subject="automation")
    top.text("$schema", "")
    top.text("name", "")
    top.text("note", "")
    default = top.choice("default", Mode)
    settings: list[Setting] = []
    seen: set[tuple[str, str, str]] = set()
    for reader in top.children("settings"):
        setting = Setting(
            mode=reader.choice("mode", Mode),
            step=_named(reader, "step"),
            payer_id=_named(reader, "payer_id"),
            location_id=_named(reader, "location_id"),
        )
        reader.text("reason", "")
        reader.finish()
        identity = (setting.step, setting.payer_id, setting.location_id)
        if identity in seen:
            raise reader.error("step", "the same step, payer and location is set twice")
        seen.add(identity)
        settings.append(setting)
    top.finish()
    return AutomationPolicy(content_version(content), default, tuple(settings))


def _named(reader: Reader, name: str) -> str:
    value = reader.text(name, "")
    return "" if value == ALL else value
