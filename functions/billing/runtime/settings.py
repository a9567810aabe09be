"""What a function is told by its environment; a missing setting is named the moment it is needed."""

import os

from functions.billing.domain.errors import PermanentError


class MissingSettingError(PermanentError):
    """The function's environment lacks a variable its step needs."""


def setting(name: str) -> str:
    """The variable's value.

    Raises
    ------
    MissingSettingError
        Naming the variable, when it is absent or empty.
    """
    value = os.environ.get(name, "")
    if not value:
        raise MissingSettingError(
            "setting_missing", subject=f"environment:{name}", detail="set it in the catalogue"
        )
    return value
