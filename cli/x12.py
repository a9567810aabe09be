"""``billing x12``: read, check, write and explain X12 files."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from functions.billing.x12 import (
    ClaimPayment,
    Envelope,
    Group,
    InstitutionalClaims,
    Interchange,
    Loop,
    ProfessionalClaims,
    Refusal,
    RemittanceEnd,
    RemittanceStart,
    Separators,
    Transaction,
    X12Error,
    is_npi,
    read,
    stream,
    write_to,
)
from functions.billing.x12.dictionary import SEGMENTS
from functions.billing.x12.explanations import code_words
from functions.billing.x12.faults import faults_of, unknown_elements_of
from functions.billing.x12.tokens import Uncut, segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

_GOOD, _WRONG, _UNREADABLE = 0, 1, 2
_PATH = click.Path(exists=False, dir_okay=False, path_type=str)


@click.group("x12")
def x12_commands() -> None:
    """Read, check, write and explain X12 files (837, 835, 270/271, 276/277, 277CA, 999, TA1)."""


def _opened(path: str) -> BinaryIO:
    if path == "-":
        if sys.stdin is None:
            _say_unreadable("standard input is closed")
        return sys.stdin.buffer
    try:
        return Path(path).open("rb")
    except OSError as error:
        _say_unreadable(f"{path}: {error.strerror or 'cannot be opened'}")


def _say_unreadable(why: str) -> NoReturn:
    click.echo(why, err=True)
    sys.exit(_UNREADABLE)


def _say_if_empty(path: str, *, found: bool) -> None:
    """Break the silence about a file in which there is nothing at all."""
    if not found:
        _say_unreadable(f"{path}: nothing in it; expected an interchange, which begins with ISA")


# --- read ----------------------------------------------------------------------------------


@x12_commands.command("read")
@click.argument("path", metavar="FILE", type=_PATH)
def read_command(path: str) -> None:
    """Print one JSON object per transaction, one per line; ``-`` reads standard input.

    A broken transaction becomes an object of type "refusal" with the reason and its raw text.
    Exit: 0 all read, 1 something refused, 2 the file is not X12 or cannot be opened.
    """
    with _opened(path) as file:
        count = _Count()
        for item in count.over(read(file, name=path)):
            click.echo(json.dumps(item, ensure_ascii=False))
    _say_if_empty(path, found=bool(count.read or count.refused))
    sys.exit(count.exit_code)


class _Count:
    """Gives items as JSON values and remembers how reading went."""

    def __init__(self) -> None:
        self.read = self.refused = self.unreadable = 0
        self.interchanges: list[Interchange] = []
        self.groups: list[Group] = []

    def over(self, items: Iterable[Transaction | Refusal]) -> Iterator[dict[str, Any]]:
        for item in items:
            if isinstance(item, Refusal):
                self.unreadable += item.level == "file"
                self.refused += 1
                yield _refusal_json(item)
            else:
                self.read += 1
                yield self._transaction_json(item)

    @property
    def exit_code(self) -> int:
        if not self.read and self.unreadable == self.refused:
            return _UNREADABLE
        return _WRONG if self.refused else _GOOD

    def _transaction_json(self, item: Transaction) -> dict[str, Any]:
        envelope = item.envelope
        # Numbers tell interchanges and groups apart that look alike.
        if not self.interchanges or self.interchanges[-1] is not envelope.interchange:
            self.interchanges.append(envelope.interchange)
        group = envelope.group
        if group is not None and (not self.groups or self.groups[-1] is not group):
            self.groups.append(group)
        faults: list[dict[str, Any]] = []
        values = _fields_json(item.body, faults)
        return {
            "type": "transaction",
            "kind": envelope.kind,
            "control_number": envelope.control_number,
            "version": envelope.version,
            "is_test": envelope.is_test,
            "interchange": {
                "index": len(self.interchanges),
                "elements": envelope.interchange.elements,
                "separators": _json(envelope.interchange.separators),
            },
            "group": group and {"index": len(self.groups), "elements": group.elements},
            "st": envelope.st,
            "se": item.se,
            "byte_start": item.byte_start,
            "byte_end": item.byte_end,
            "unknown_segments": item.body.unknown_segments(),
            "unknown_elements": list(unknown_elements_of(item.body)),
            "faults": faults,
            "fields": values,
            "segments": item.body.segments,
        }


def _refusal_json(item: Refusal) -> dict[str, Any]:
    return {
        "type": "refusal",
        "level": item.level,
        "kind": item.envelope.kind if item.envelope else "",
        "control_number": item.envelope.control_number if item.envelope else "",
        "error": item.error.as_dict(),
        "others": [each.as_dict() for each in item.others],
        "byte_start": item.byte_start,
        "byte_end": item.byte_end,
        "raw": item.raw.decode("latin-1"),
    }


def _fields_json(loop: Loop, faults: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the fields that can be read; those that cannot are told as faults."""
    values: dict[str, Any] = {}
    for name in loop.field_names():
        try:
            value = getattr(loop, name)
        except X12Error as error:
            faults.append(error.as_dict())
            continue
        if isinstance(value, Loop):
            values[name] = _fields_json(value, faults)
        elif isinstance(value, tuple) and value and isinstance(value[0], Loop):
            values[name] = [_fields_json(each, faults) for each in value]
        elif value not in (None, "", ()):
            values[name] = _json(value)
    return values


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "_asdict"):
        given = value._asdict()
        return {name: _json(each) for name, each in given.items() if each not in (None, "", ())}
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    return value


# --- write ---------------------------------------------------------------------------------


@x12_commands.command("write")
def write_command() -> None:
    """Write X12 to standard output from the JSON lines of ``read`` on standard input.

    The segments are taken as they are; SE, GE and IEA are counted anew. Nothing is written after
    a line that is not a transaction. Exit: 0 written, 1 a line was refused.
    """
    try:
        write_to(sys.stdout.buffer, _transactions_in(sys.stdin or ()))
    except _LineError as error:
        click.echo(str(error), err=True)
        sys.exit(_WRONG)
    except X12Error as error:
        click.echo(f"cannot be written: {error}", err=True)
        sys.exit(_WRONG)


class _LineError(Exception):
    """A line of JSON that is no transaction."""


def _transactions_in(lines: Iterable[str]) -> Iterator[Transaction]:
    interchange: tuple[int, Interchange] = (0, Interchange(()))
    group: tuple[int, Group] = (0, Group(()))
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            if item["type"] != "transaction":
                reason = item.get("error", {}).get("code", item["type"])
                raise _LineError(f"line {number}: a {item['type']} cannot be written ({reason})")
            given = item["interchange"]
            if given["index"] != interchange[0]:
                separators = Separators(**given["separators"])
                made = Interchange(tuple(given["elements"]), separators)
                interchange = (given["index"], made)
            if item["group"] and item["group"]["index"] != group[0]:
                group = (item["group"]["index"], Group(tuple(item["group"]["elements"])))
            envelope = Envelope(
                kind=item["kind"],
                control_number=item["control_number"],
                version=item["version"],
                interchange=interchange[1],
                group=group[1] if item["group"] else None,
                st=tuple(item["st"]),
            )
            se = tuple(item["se"])
            body = Loop.of(tuple(item["segments"]), interchange[1].separators)
        except (KeyError, TypeError, ValueError) as error:
            raise _LineError(
                f"line {number}: expected a transaction as `billing x12 read` prints it"
                f" ({type(error).__name__})"
            ) from None
        yield Transaction(envelope, body, se=se)


# --- check ---------------------------------------------------------------------------------


@x12_commands.command("check")
@click.argument("path", metavar="FILE", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per verdict.")
@click.option(
    "--lenient-identifiers",
    is_flag=True,
    help="Tell wrong NPIs but don't let them spoil the verdict.",
)
def check_command(path: str, *, as_json: bool, lenient_identifiers: bool) -> None:
    """Give a verdict on every transaction: structure, counts, balance, identifiers.

    Exit: 0 all good, 1 something wrong, 2 the file is not X12 or cannot be opened.
    """
    checker = _Checker(lenient_identifiers=lenient_identifiers)
    with _opened(path) as file:
        for verdict in checker.verdicts(stream(file, name=path)):
            if as_json:
                click.echo(json.dumps(verdict, ensure_ascii=False))
            else:
                _print_verdict(verdict)
    _say_if_empty(path, found=bool(checker.transactions or checker.wrong))
    sys.exit(checker.exit_code)


class _Checker:
    """Gives a verdict per transaction and remembers the worst."""

    def __init__(self, *, lenient_identifiers: bool) -> None:
        self.lenient_identifiers = lenient_identifiers
        self.transactions = self.wrong = self.unreadable = 0
        self.problems: list[str] = []
        self.warnings: list[str] = []

    @property
    def exit_code(self) -> int:
        if not self.transactions and self.unreadable:
            return _UNREADABLE
        if not self.transactions and not self.wrong:
            return _UNREADABLE
        return _WRONG if self.wrong else _GOOD

    def verdicts(self, items: Iterable[Any]) -> Iterator[dict[str, Any]]:
        for item in items:
            match item:
                case RemittanceStart():
                    self.problems, self.warnings = [], []
                    self._look_at(item.header)
                case ClaimPayment():
                    self._look_at(item)
                case RemittanceEnd():
                    yield self._remittance(item)
                case Transaction():
                    self.problems, self.warnings = [], []
                    self._look_at(item.body)
                    yield self._verdict(item.envelope, _claims_balance(item.body, self.problems))
                case Refusal():
                    yield self._refusal(item)

    def _look_at(self, loop: Loop) -> None:
        for fault in faults_of(loop):
            self._tell(self.problems, str(fault))
        for index, name in loop.unknown_segments():
            place = _place(loop, index)
            self._tell(self.warnings, f"unknown segment {name} is kept ({place})")
        for index, name in unknown_elements_of(loop):
            self._tell(self.warnings, f"unknown element {name} is kept ({_place(loop, index)})")
        target = self.warnings if self.lenient_identifiers else self.problems
        for index, element in _wrong_npis(loop):
            self._tell(target, f"{element} is not a valid NPI ({_place(loop, index)})")

    @staticmethod
    def _tell(where: list[str], what: str) -> None:
        if len(where) < _PROBLEMS_SHOWN_MAX:
            where.append(what)

    def _remittance(self, end: RemittanceEnd) -> dict[str, Any]:
        balance = end.balance
        for each in balance.unbalanced_claims:
            of = each.balance
            lines = [
                f"line {number} {_money(cents)}"
                for number, cents in enumerate(of.line_differences_cents, 1)
                if cents
            ]
            self._tell(
                self.problems,
                f"claim {each.ordinal} does not balance: claim {_money(of.difference_cents)},"
                f" charges {_money(of.charge_difference_cents)}"
                + (f", {', '.join(lines)}" if lines else "")
                + f" (byte {each.byte_start})",
            )
        if balance.difference_cents:
            self.problems.append(
                f"payment does not balance: {_money(balance.difference_cents)}"
                f" (claims {_money(balance.claims_paid_cents)}"
                f" - provider adjustments {_money(balance.provider_adjustments_cents)}"
                f" - payment {_money(balance.payment_cents)})"
            )
        figures = {
            "is_balanced": balance.is_balanced,
            "claims": balance.claim_count,
            "lines": balance.line_count,
            "payment_cents": balance.payment_cents,
            "claims_paid_cents": balance.claims_paid_cents,
            "provider_adjustments_cents": balance.provider_adjustments_cents,
            "transaction_difference_cents": balance.difference_cents,
            "unbalanced_claims": balance.unbalanced_claim_count,
            "unbalanced_lines": balance.unbalanced_line_count,
        }
        return self._verdict(end.envelope, figures)

    def _verdict(self, envelope: Envelope, figures: dict[str, Any]) -> dict[str, Any]:
        self.transactions += 1
        self.wrong += bool(self.problems)
        return {
            "verdict": "wrong" if self.problems else "good",
            "kind": envelope.kind,
            "interchange": envelope.interchange.control_number,
            "group": envelope.group.control_number if envelope.group else "",
            "transaction": envelope.control_number,
            "is_test": envelope.is_test,
            "figures": figures,
            "problems": self.problems,
            "warnings": self.warnings,
        }

    def _refusal(self, item: Refusal) -> dict[str, Any]:
        self.wrong += 1
        self.unreadable += item.level == "file"
        self.transactions += item.level == "transaction"
        envelope = item.envelope
        group = envelope.group if envelope else None
        return {
            "verdict": "refused",
            "kind": (envelope.kind if envelope else "") or item.level,
            "interchange": envelope.interchange.control_number if envelope else "",
            "group": group.control_number if group else "",
            "transaction": envelope.control_number if envelope else "",
            "is_test": envelope.is_test if envelope else False,
            "figures": {},
            "problems": [str(item.error), *map(str, item.others)],
            "warnings": [],
        }


_PROBLEMS_SHOWN_MAX = 100


def _claims_balance(body: Loop, problems: list[str]) -> dict[str, Any]:
    """Compare each claim's charge with the sum of its lines, for an 837."""
    if not isinstance(body, (ProfessionalClaims, InstitutionalClaims)):
        return {}
    count = 0
    for each in body.claims():
        count += 1
        try:
            difference = each.difference_cents
        except X12Error:
            continue  # Told among the faults already.
        if difference:
            problems.append(
                f"claim {each.ordinal} charge differs from its lines: {_money(difference)}"
                f" (byte {each.byte_start})"
            )
    return {"claims": count}


def _wrong_npis(loop: Loop) -> Iterator[tuple[int, str]]:
    cut = loop.separators.element
    for index, segment in enumerate(loop.segments):
        elements = segment.split(cut)
        for name, at in (("NM1", 8), ("N1", 3)):
            if elements[0] == name and len(elements) > at + 1 and elements[at] == "XX":  # noqa: SIM102
                if not is_npi(elements[at + 1]):
                    yield index, f"{name}{at + 1:02d}"


def _place(loop: Loop, index: int) -> str:
    origin = loop.origin
    if origin is None:
        return f"segment {index + 1}"
    byte = origin.byte_of(loop.segments, index)
    return f"segment {origin.segment_number + index}, byte {byte}"


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _print_verdict(verdict: dict[str, Any]) -> None:
    colour = {"good": "green", "wrong": "red", "refused": "red"}[verdict["verdict"]]
    numbers = "/".join(
        filter(None, (verdict["interchange"], verdict["group"], verdict["transaction"]))
    )
    usage = " (test)" if verdict["is_test"] else ""
    figures = ", ".join(
        f"{name.removesuffix('_cents').replace('_', ' ')} "
        f"{_money(value) if name.endswith('_cents') else value}"
        for name, value in verdict["figures"].items()
    )
    click.echo(
        f"{click.style(verdict['verdict'].ljust(7), fg=colour, bold=True)} "
        f"{verdict['kind']} {numbers}{usage}" + (f": {figures}" if figures else "")
    )
    for problem in verdict["problems"]:
        click.echo(f"        {click.style('wrong', fg='red')} {problem}")
    for warning in verdict["warnings"]:
        click.echo(f"        {click.style('note', fg='yellow')}  {warning}")


# --- explain -------------------------------------------------------------------------------


@x12_commands.command("explain")
@click.argument("path", metavar="FILE", type=_PATH)
@click.option("--colour/--no-colour", default=None, help="By default, when printing to a person.")
def explain_command(path: str, *, colour: bool | None) -> None:
    """Tell each segment in words.

    Exit: 0 explained, 1 a part of the file is not X12, 2 all of it, or it cannot be opened.
    """
    found = uncut = False
    with _opened(path) as file:
        for each in segments(file, path):
            if isinstance(each, Uncut):
                uncut = True
                click.echo(click.style(str(each.error), fg="red"), color=colour)
                continue
            found = True
            segment, interchange = each
            _explain(segment, interchange.separators, colour)
    _say_if_empty(path, found=found or uncut)
    if not found:
        sys.exit(_UNREADABLE)
    sys.exit(_WRONG if uncut else _GOOD)


_DEPTHS = {"ISA": 0, "IEA": 0, "GS": 1, "GE": 1, "ST": 2, "SE": 2}


def _explain(segment: str, separators: Separators, colour: bool | None) -> None:  # noqa: FBT001
    elements = segment.split(separators.element)
    name = elements[0]
    words = SEGMENTS.get(name)
    told = []
    for number, value in enumerate(elements[1:], 1):
        if not value.strip():
            continue
        known = words is not None and number <= len(words.elements)
        label = words.elements[number - 1] if words and known else f"{name}{number:02d}"
        meaning = code_words(name, number, value, separators)
        told.append(
            f"{click.style(label, dim=True)} {click.style(value.strip(), fg='cyan')}"
            + (f" ({meaning})" if meaning else "")
        )
    indent = "  " * _DEPTHS.get(name, 3)
    title = words.name if words else "unknown segment, kept"
    head = click.style(name.ljust(3), fg="yellow", bold=True)
    click.echo(f"{indent}{head} {click.style(title, bold=True)}: {'; '.join(told)}", color=colour)
