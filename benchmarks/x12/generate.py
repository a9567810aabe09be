"""Synthetic, balanced 835 and 837P files of any size, the same bytes for the same seed.

Every amount is drawn in cents, so what a reader must find (claims, payments, adjustments) is known
exactly and is returned beside the file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CLAIMS_PER_TRANSACTION = 10_000
_BILLING_NPI = "1234567893"
_RENDERING_NPI = "1558598797"
_PROCEDURES = ("99213", "99214", "99203", "36415", "80053", "85025", "93000", "J3301", "G0438")
_REASONS = ("45", "1", "2", "3", "253", "97", "59", "237", "96")
_DIAGNOSES = ("E119", "I10", "J069", "M545", "R05", "Z0000", "F411", "K219")
_LAST_NAMES = ("ABARA", "BRANDT", "CASTRO", "DUONG", "EKLUND", "FARAH", "GOMEZ", "HALE", "ITO")
_FIRST_NAMES = ("ADA", "BEN", "CLEO", "DEV", "EVA", "FINN", "GIA", "HUGO", "IDA", "JON")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a reader must find in a generated file."""

    claims: int
    lines: int
    adjustments: int
    paid_cents: int
    payment_cents: int
    charge_cents: int


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class _Tally:
    """Running totals of a file."""

    def __init__(self) -> None:
        self.claims = self.lines = self.adjustments = 0
        self.paid = self.payment = self.charge = 0

    def totals(self) -> Totals:
        return Totals(
            self.claims, self.lines, self.adjustments, self.paid, self.payment, self.charge
        )


def _claim_835(draw: random.Random, number: int, tally: _Tally) -> tuple[list[str], int]:
    body: list[str] = []
    charge = paid = patient = 0
    for line in range(1, draw.choice((1, 2, 3, 4, 5)) + 1):
        line_charge = draw.randrange(2_000, 90_000)
        left = line_charge
        groups: dict[str, list[str]] = {}
        for _ in range(draw.choice((1, 2, 3, 4, 5))):
            cut = draw.randrange(1, max(2, left // 3))
            group = "PR" if draw.random() < 0.4 else "CO"  # noqa: PLR2004
            groups.setdefault(group, []).append(f"{draw.choice(_REASONS)}*{_money(cut)}")
            left -= cut
            if group == "PR":
                patient += cut
            tally.adjustments += 1
        charge += line_charge
        paid += left
        code = draw.choice(_PROCEDURES)
        body += [
            f"SVC*HC:{code}*{_money(line_charge)}*{_money(left)}**1",
            f"DTM*472*202603{draw.randrange(1, 29):02d}",
            *(f"CAS*{group}*{'**'.join(trios)}" for group, trios in groups.items()),
            f"REF*6R*{number}L{line}",
            f"AMT*B6*{_money(left)}",
        ]
        tally.lines += 1
    head = [
        f"CLP*PCN{number:09d}*1*{_money(charge)}*{_money(paid)}*{_money(patient)}*12*ICN{number:010d}*11*1",
        f"NM1*QC*1*{draw.choice(_LAST_NAMES)}*{draw.choice(_FIRST_NAMES)}****MI*M{number:09d}",
        f"NM1*82*1*ROE*JAN****XX*{_RENDERING_NPI}",
        f"DTM*232*202603{draw.randrange(1, 29):02d}",
    ]
    tally.claims += 1
    tally.charge += charge
    tally.paid += paid
    return head + body, paid


def _transactions_835(draw: random.Random, tally: _Tally, bytes_wanted: int) -> Iterator[list[str]]:
    size = number = 0
    while size < bytes_wanted:
        claims: list[str] = []
        paid = 0
        for _ in range(CLAIMS_PER_TRANSACTION):
            number += 1
            segments, claim_paid = _claim_835(draw, number, tally)
            claims += segments
            paid += claim_paid
            size += sum(map(len, segments)) + len(segments)
            if size >= bytes_wanted:
                break
        withheld = draw.randrange(100, 10_000)
        payment = paid - withheld
        tally.payment += payment
        yield [
            f"BPR*I*{_money(payment)}*C*ACH*CCP*01*999999992*DA*123456*1512345678**01*999988880*DA*98765*20260401",
            f"TRN*1*EFT{number:09d}*1512345678",
            "DTM*405*20260330",
            "N1*PR*EXAMPLE HEALTH PLAN*XV*88001",
            "N3*1 PLAN WAY",
            "N4*COLUMBUS*OH*432150001",
            "PER*BL*EDI DESK*TE*5550100000",
            f"N1*PE*EXAMPLE CLINIC*XX*{_BILLING_NPI}",
            "LX*1",
            *claims,
            f"PLB*{_BILLING_NPI}*20261231*WO:ADJ{number}*{_money(withheld)}",
        ]


def _transactions_837p(
    draw: random.Random, tally: _Tally, bytes_wanted: int
) -> Iterator[list[str]]:
    size = number = 0
    while size < bytes_wanted:
        body = [
            f"BHT*0019*00*B{number}*20260330*1030*CH",
            "NM1*41*2*EXAMPLE CLINIC*****46*CLINIC1",
            "PER*IC*EDI DESK*TE*5550100000",
            "NM1*40*2*EXAMPLE HOUSE*****46*HOUSE1",
            "HL*1**20*1",
            "PRV*BI*PXC*207Q00000X",
            f"NM1*85*2*EXAMPLE CLINIC*****XX*{_BILLING_NPI}",
            "N3*1 MAIN ST",
            "N4*COLUMBUS*OH*432150001",
            "REF*EI*123456789",
        ]
        level = 1
        for _ in range(CLAIMS_PER_TRANSACTION // 2):
            number += 1
            level += 1
            segments = _claim_837p(draw, number, level, tally)
            body += segments
            size += sum(map(len, segments)) + len(segments)
            if size >= bytes_wanted:
                break
        yield body


def _claim_837p(draw: random.Random, number: int, level: int, tally: _Tally) -> list[str]:
    charge = 0
    lines: list[str] = []
    for line in range(1, draw.choice((1, 2, 2, 3, 4)) + 1):
        cents = draw.randrange(2_000, 60_000)
        charge += cents
        day = f"202603{draw.randrange(1, 29):02d}"
        lines += [
            f"LX*{line}",
            f"SV1*HC:{draw.choice(_PROCEDURES)}*{_money(cents)}*UN*1***1:2",
            f"DTP*472*D8*{day}",
            f"REF*6R*{number}L{line}",
        ]
        tally.lines += 1
    tally.claims += 1
    tally.charge += charge
    first, second = draw.sample(_DIAGNOSES, 2)
    return [
        f"HL*{level}*1*22*0",
        "SBR*P*18*******CI",
        f"NM1*IL*1*{draw.choice(_LAST_NAMES)}*{draw.choice(_FIRST_NAMES)}****MI*M{number:09d}",
        "N3*2 SIDE ST",
        "N4*COLUMBUS*OH*43215",
        "DMG*D8*19800101*F",
        "NM1*PR*2*EXAMPLE HEALTH PLAN*****PI*EX001",
        f"CLM*PCN{number:09d}*{_money(charge)}***11:B:1*Y*A*Y*Y",
        f"HI*ABK:{first}*ABF:{second}",
        f"NM1*82*1*ROE*JAN****XX*{_RENDERING_NPI}",
        "PRV*PE*PXC*207Q00000X",
        *lines,
    ]


_ISA = (
    "ISA*00*          *00*          *ZZ*EXAMPLEPAYER   *ZZ*EXAMPLECLINIC  *260401*1030*^*00501"
    "*000000001*0*P*:"
)


def _write(
    path: Path,
    transactions: Iterator[list[str]],
    functional_id: str,
    st: Callable[[int], str],
    version: str,
) -> None:
    with path.open("w", encoding="latin-1", newline="") as file:
        file.write(f"{_ISA}~GS*{functional_id}*SENDER*RECEIVER*20260401*1030*1*X*{version}~")
        count = 0
        for count, body in enumerate(transactions, 1):
            segments = [st(count), *body, f"SE*{len(body) + 2}*{count:04d}"]
            file.write("~".join(segments) + "~")
        file.write(f"GE*{count}*1~IEA*1*000000001~")


def write_835(path: Path, bytes_wanted: int, seed: int = 835) -> Totals:
    """Write an 835 of at least ``bytes_wanted`` bytes and say what is in it."""
    tally = _Tally()
    draw = random.Random(seed)  # noqa: S311
    transactions = _transactions_835(draw, tally, bytes_wanted)
    _write(path, transactions, "HP", lambda n: f"ST*835*{n:04d}", "005010X221A1")
    return tally.totals()


def write_837p(path: Path, bytes_wanted: int, seed: int = 837) -> Totals:
    """Write an 837P of at least ``bytes_wanted`` bytes and say what is in it."""
    tally = _Tally()
    draw = random.Random(seed)  # noqa: S311
    transactions = _transactions_837p(draw, tally, bytes_wanted)
    version = "005010X222A1"
    _write(path, transactions, "HC", lambda n: f"ST*837*{n:04d}*{version}", version)
    return tally.totals()
