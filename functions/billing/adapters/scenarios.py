"""Payer scenarios as files: a claim in full, or like another one with a few fields changed."""

import copy
from collections.abc import Mapping
from typing import Any

import msgspec

from functions.billing.adapters.codec import typed_fields
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rule_versions.comparison import Finding
from functions.billing.domain.rules.scenarios import Circumstances, Scenario

_FIELDS = frozenset({"title", "note", "claim", "like", "changes", "circumstances", "expect"})


def scenarios_of(files: Mapping[str, Mapping[str, Any]]) -> tuple[Scenario, ...]:
    """Every file that expects something; those without `expect` only hold a claim for others to be like.

    Raises
    ------
    RuleSetError
        Naming the scenario and the field that is missing, unknown or malformed.
    """
    return tuple(_scenario(name, files) for name, file in files.items() if "expect" in file)


def _scenario(name: str, files: Mapping[str, Mapping[str, Any]]) -> Scenario:
    file = files[name]
    unknown = sorted(set(file) - _FIELDS)
    if unknown:
        raise _error(name, f"{unknown[0]} is not a known field here")
    expect = file["expect"]
    reasons = tuple(sorted(expect.get("reasons", ())))
    try:
        return Scenario(
            name=name,
            title=str(file["title"]),
            claim=typed_fields(ClaimContent, _claim(name, files, frozenset())),
            circumstances=typed_fields(Circumstances, _inherited(name, files, "circumstances")),
            expected=Finding(bool(reasons), reasons),
        )
    except KeyError as missing:
        raise _error(name, f"{missing.args[0]} is missing") from None
    except msgspec.ValidationError as error:
        raise _error(name, str(error)) from None


def _claim(
    name: str, files: Mapping[str, Mapping[str, Any]], seen: frozenset[str]
) -> dict[str, Any]:
    file = files.get(name)
    if file is None or name in seen:
        raise _error(name, "like must name another scenario, in the end one with a claim")
    claim = file.get("claim") or _claim(file["like"], files, seen | {name})
    claim = copy.deepcopy(dict(claim))
    for path, value in file.get("changes", {}).items():
        _change(claim, path.split("."), value, name)
    return claim


def _change(part: Any, path: list[str], value: Any, name: str) -> None:
    """Set one field; a number in the path is a place in a list, counted from zero."""
    *way, last = (int(step) if step.isdigit() else step for step in path)
    try:
        for step in way:
            part = part[step]
        part[last] = copy.deepcopy(value)
    except (KeyError, IndexError, TypeError):
        raise _error(name, f"changes: there is no {'.'.join(path)}") from None


def _inherited(name: str, files: Mapping[str, Mapping[str, Any]], field: str) -> dict[str, Any]:
    file = files[name]
    before = _inherited(file["like"], files, field) if "like" in file else {}
    return {**before, **file.get(field, {})}


def _error(name: str, detail: str) -> RuleSetError:
    return RuleSetError(
        "scenario_malformed", subject=f"scenario:{name}", detail=f"{name}: {detail}"
    )
