"""Line item control numbers (X12 REF*6R): a line's number that leads to its claim by itself.

An 835 is matched by line number where a payer echoes no claim number of ours, so the number must be
unique beyond its claim. It is the patient control number and the line's id; a payer that cuts it off
or sends back another one is told by the missing separator.
"""

_SEPARATOR = "."
_LENGTH_MAX = 30


def line_control_number(patient_control_number: str, line_id: str) -> str:
    """The number sent with a line; its id alone where both together would exceed REF02's 30 characters."""
    number = f"{patient_control_number}{_SEPARATOR}{line_id}"
    return number if len(number) <= _LENGTH_MAX else line_id


def claim_and_line(number: str) -> tuple[str, str]:
    """The patient control number and line id in a number that came back; the first is empty if it has none."""
    claim, separator, line_id = number.partition(_SEPARATOR)
    return (claim, line_id) if separator and line_id else ("", number)
