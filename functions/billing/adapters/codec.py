"""Records as DynamoDB items: typed dataclasses on one side, attribute values on the other."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec

from functions.billing.domain.commit import Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")

AttributeValue = dict[str, Any]

# Names the table gives a meaning of its own: keys and the two sparse indexes.
_ENVELOPE = ("pk", "sk", "kind", "ref")

_REQUIRED = object()


def plain(value: Any) -> Any:
    """A dataclass as plain data: dates as ISO text, enums as their values, tuples as lists."""
    return msgspec.to_builtins(value)


def typed_fields(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Plain data as its dataclass, strictly; fields the dataclass lacks are left out."""
    return msgspec.convert(fields, type=kind)


def to_item(record: Record) -> dict[str, AttributeValue]:
    """A record as an item. A field that stands at its default is left out: reading puts it back."""
    defaults = _defaults(type(record))
    fields = {
        name: value
        for name, value in plain(record).items()
        if value != defaults.get(name, _REQUIRED)
    }
    fields["pk"] = record.key.partition
    fields["sk"] = record.key.sort
    fields["kind"] = record.kind
    ref = getattr(record, "ref", "")
    if ref:
        fields["ref"] = ref
    return {name: attribute_value(value) for name, value in fields.items()}


@cache
def _defaults(kind: type[Record]) -> Mapping[str, Any]:
    """Plain values of the fields that have a default."""
    return {
        field.name: plain(field.default)
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]
        if field.default is not dataclasses.MISSING
    }


def from_item(kind: type[R], item: Mapping[str, AttributeValue]) -> R:
    """An item as its record."""
    fields = {name: plain_value(value) for name, value in item.items() if name not in _ENVELOPE}
    return typed_fields(kind, fields)


def attribute_value(value: Any) -> AttributeValue:
    """Plain data as DynamoDB's wire form. Floats are refused: money must not pass through one."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [attribute_value(entry) for entry in value]}
        case dict():
            return {"M": {str(name): attribute_value(entry) for name, entry in value.items()}}
        case _:
            raise TypeError(f"a {type(value).__name__} cannot rest in the records table")


def plain_value(value: AttributeValue) -> Any:
    """DynamoDB's wire form as plain data; numbers are integers, as everything stored is."""
    (tag, content), *_ = value.items()
    match tag:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "NULL":
            return None
        case "L":
            return [plain_value(entry) for entry in content]
        case "M":
            return {name: plain_value(entry) for name, entry in content.items()}
        case _:
            raise TypeError(f"attribute type {tag} is not used in the records table")
