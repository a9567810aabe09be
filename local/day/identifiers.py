"""Made-up identifiers of the right form: NPIs that pass their check digit, member ids per payer."""

import hashlib

# 80840, the prefix of health identifiers issued in the United States, adds this to the Luhn sum.
_PREFIX_SUM = 24
_LETTERS = "ACDEFGHJKMNPQRTUVWXY"  # What a Medicare beneficiary identifier may use.
_DIGITS = "0123456789"


def made_up_number(*parts: str) -> int:
    """A large number that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16], "big")


def npi_of(*parts: str) -> str:
    """A synthetic NPI, always the same for the same parts."""
    nine = f"1{made_up_number('npi', *parts) % 10**8:08d}"
    total = _PREFIX_SUM
    for place, character in enumerate(reversed(nine)):
        digit = int(character) * (1 if place % 2 else 2)
        total += digit - 9 if digit > 9 else digit  # noqa: PLR2004 - Luhn
    return f"{nine}{-total % 10}"


def tax_id_of(*parts: str) -> str:
    """A synthetic employer identification number; 9… is never issued to employers."""
    return f"9{made_up_number('tax', *parts) % 10**8:08d}"


def member_id_of(payer_id: str, *parts: str) -> str:
    """A member id of the form this payer's cards have."""
    number = made_up_number("member", payer_id, *parts)
    if payer_id == "BLUEPEAK":
        return _letters(number, 3) + f"{number % 10**9:09d}"
    if payer_id == "CMSNORTH":
        return _medicare_id(number)
    if payer_id == "STATECAID":
        return f"{number % 10**10:010d}"
    return f"OM{number % 10**8:08d}"


def _letters(number: int, count: int) -> str:
    return "".join(_LETTERS[(number >> (8 * place)) % len(_LETTERS)] for place in range(count))


def _medicare_id(number: int) -> str:
    """Eleven characters in the published order of letters and digits, the first digit not zero."""
    kinds = "9A0NA0NAA00".replace("N", "0")
    found = []
    for place, kind in enumerate(kinds):
        piece = number >> (6 * place)
        if kind == "A":
            found.append(_LETTERS[piece % len(_LETTERS)])
        elif kind == "9":
            found.append(str(piece % 9 + 1))
        else:
            found.append(_DIGITS[piece % len(_DIGITS)])
    return "".join(found)
