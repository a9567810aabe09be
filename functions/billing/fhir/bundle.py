"""A FHIR bundle as a set of resources that refer to one another."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from functions.billing.domain.errors import ContractError
from functions.billing.fhir.reading import Node, identifier, node, nodes, text

_URN = "urn:uuid:"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resource:
    """One resource of a bundle, equal only to itself.

    `name` is how findings point to it: never a value, only type and id.
    """

    type: str
    id: str
    full_url: str = ""
    content: Node = field(repr=False)
    container: "Resource | None" = field(repr=False, default=None)

    @property
    def name(self) -> str:
        """`Claim/abc`; a contained resource is named after its container."""
        if self.container is not None:
            return f"{self.container.name}#{self.id}"
        return f"{self.type}/{self.id}" if self.id else self.type

    def get(self, field_name: str) -> Any:
        """The raw value of a field, None when absent."""
        return self.content.get(field_name)


def read_bundle(content: bytes, document: str = "") -> Mapping[str, Any]:
    """Read a FHIR bundle from JSON bytes, with exact decimals.

    Parameters
    ----------
    content
        UTF-8 JSON, with or without a byte order mark.
    document
        The document's key or file name, for the error.

    Raises
    ------
    ContractError
        `document_unreadable` if it is no JSON, `document_not_a_bundle` if it is something else.
    """
    try:
        bundle = json.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise ContractError(
            "document_unreadable",
            subject=f"document:{document}",
            detail=f"expected UTF-8 text; byte {error.start} is not",
        ) from None
    except json.JSONDecodeError as error:
        raise ContractError(
            "document_unreadable",
            subject=f"document:{document}",
            detail=f"expected JSON; broken at line {error.lineno}, column {error.colno}",
        ) from None
    except (RecursionError, ValueError):
        # ValueError: an integer of more digits than Python reads. Both are no FHIR.
        raise ContractError(
            "document_unreadable",
            subject=f"document:{document}",
            detail="expected a FHIR bundle; nested too deeply or holding a number of absurd length",
        ) from None
    _require_bundle(bundle, document)
    found: Mapping[str, Any] = bundle
    return found


def _require_bundle(bundle: object, document: str = "") -> None:
    if not isinstance(bundle, Mapping) or bundle.get("resourceType") != "Bundle":
        raise ContractError(
            "document_not_a_bundle",
            subject=f"document:{document}" if document else "",
            detail="expected a JSON object whose resourceType is Bundle",
        )


class ResourceIndex:
    """The resources of one bundle, found by type and by reference.

    References are resolved as FHIR R4 §2.36.4 says: by `fullUrl` (urn:uuid or absolute), relative
    (`Patient/1`), to contained resources (`#coverage`), conditional
    (`Practitioner?identifier=system|value`) and logical (`identifier` in place of `reference`).
    """

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        _require_bundle(bundle)
        self._by_type: dict[str, list[Resource]] = {}
        self._by_url: dict[str, Resource] = {}
        self._by_name: dict[str, Resource] = {}
        entries = bundle.get("entry", [])
        if not isinstance(entries, list):
            raise ContractError("bundle_entry_unreadable", detail="Bundle.entry: expected an array")
        for position, entry in enumerate(entries):
            if not isinstance(entry, Mapping):
                raise ContractError(
                    "bundle_entry_unreadable",
                    detail=f"Bundle.entry[{position}]: expected an object",
                )
            self._add(entry, position)

    def _add(self, entry: Node, position: int) -> None:
        content = entry.get("resource")
        if content is None:
            return
        type_ = identifier(node(content).get("resourceType"))
        if not type_:
            raise ContractError(
                "bundle_entry_unreadable",
                detail=f"Bundle.entry[{position}].resource: expected an object with a resourceType",
            )
        url = text(entry.get("fullUrl"))
        own_id = identifier(node(content).get("id")) or identifier(url.removeprefix(_URN))
        resource = Resource(type=type_, id=own_id, full_url=url, content=node(content))
        known = self._by_url.get(url) or (self._by_name.get(resource.name) if own_id else None)
        if known is not None:
            if known.content != resource.content:
                raise ContractError(
                    "bundle_ambiguous",
                    detail=f"Bundle.entry[{position}]: a second, different {type_} of the same id",
                )
            return
        self._by_type.setdefault(type_, []).append(resource)
        if url:
            self._by_url[url] = resource
        if own_id:
            self._by_name[resource.name] = resource

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """The resources of the types, in the bundle's order within each type."""
        return tuple(found for type_ in types for found in self._by_type.get(type_, ()))

    def named(self, type_: str, resource_id: str) -> Resource | None:
        """The resource of that type and id."""
        return self._by_name.get(f"{type_}/{resource_id}")

    def resolve(self, reference: object, holder: Resource) -> Resource | None:
        """What a FHIR Reference points to, None when it is not in the bundle."""
        target = node(reference)
        wanted = text(target.get("reference"))
        if not wanted:
            logical = node(target.get("identifier"))
            return self._by_identifier(text(target.get("type")), logical)
        if wanted.startswith("#"):
            return _contained(holder, wanted[1:])
        if found := self._by_url.get(wanted):
            return found
        if "?" in wanted:
            return self._by_condition(wanted)
        return self._by_path(wanted)

    def _by_path(self, wanted: str) -> Resource | None:
        if wanted.startswith(_URN):
            sought = wanted.removeprefix(_URN)
            same_id = [found for found in self._by_name.values() if found.id == sought]
            return same_id[0] if len(same_id) == 1 and not same_id[0].full_url else None
        steps = wanted.partition("/_history/")[0].split("/")
        found = self._by_name.get("/".join(steps[-2:]))
        is_absolute = "://" in wanted
        # An absolute address of another server does not name this bundle's resource of the same id.
        if found is not None and is_absolute and not _is_placeholder(found.full_url):
            return None
        return found

    def _by_condition(self, wanted: str) -> Resource | None:
        type_, _, query = wanted.partition("?")
        name, _, value = query.partition("=")
        if name != "identifier":
            return None
        system, _, code = value.rpartition("|")
        return self._by_identifier(type_, {"system": system, "value": code})

    def _by_identifier(self, type_: str, sought: Node) -> Resource | None:
        value = text(sought.get("value"))
        if not value:
            return None
        system = text(sought.get("system"))
        candidates = self.of_type(type_) if type_ else self._by_name.values()
        for resource in candidates:
            if (system, value) in identifiers(resource.content):
                return resource
        return None


def _is_placeholder(full_url: str) -> bool:
    return not full_url or full_url.startswith("urn:")


def _contained(holder: Resource, wanted: str) -> Resource | None:
    container = holder.container or holder
    for inner in nodes(container.get("contained")):
        if inner.get("id") == wanted:
            return Resource(
                type=text(inner.get("resourceType")),
                id=identifier(wanted),
                content=inner,
                container=container,
            )
    return None


def identifiers(content: Node) -> tuple[tuple[str, str], ...]:
    """The (system, value) pairs a resource is known by."""
    return tuple(
        (text(one.get("system")), value)
        for one in nodes(content.get("identifier"))
        if (value := text(one.get("value")))
    )


def reference_identifier(reference: object) -> tuple[str, str] | None:
    """The identifier a conditional or logical reference carries, whether or not it resolves."""
    target = node(reference)
    _, _, query = text(target.get("reference")).partition("?identifier=")
    if query:
        system, _, value = query.rpartition("|")
        return system, value
    logical = node(target.get("identifier"))
    value = text(logical.get("value"))
    return (text(logical.get("system")), value) if value else None


def encounter_ids(bundle: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the bundle's encounters, in order.

    Raises
    ------
    ContractError
        If it is no bundle.
    """
    return tuple(found.id for found in ResourceIndex(bundle).of_type("Encounter") if found.id)
