"""Work items as the steps find them."""

from functions.billing.domain.work_items import WorkItem, WorkState
from functions.billing.ports import Records


def open_items_about(records: Records, subject: str) -> tuple[WorkItem, ...]:
    """Open items about a thing. The index lags a little; each is read again, so none is resolved twice."""
    found = (
        records.get(WorkItem, item.key) for item in records.listed(WorkItem, f"WORK#{subject}")
    )
    return tuple(item for item in found if item and item.state is WorkState.OPEN)


def not_yet_known(records: Records, *items: WorkItem) -> tuple[WorkItem, ...]:
    """Those of the items that are new: the same trouble reported twice is one item, open or resolved."""
    return tuple(item for item in items if records.get(WorkItem, item.key) is None)
