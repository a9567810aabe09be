"""Code tables of any size: `table` is the form they are looked up in, `files` reads what others publish."""

from functions.billing.domain.codes.table import (
    OPEN,
    CodeTable,
    Entry,
    TableKind,
    TableTerms,
    compiled,
    version_of,
)

__all__ = ["OPEN", "CodeTable", "Entry", "TableKind", "TableTerms", "compiled", "version_of"]
