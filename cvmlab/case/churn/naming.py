"""The column that says what a customer is called, where there is one: a firm by its name, not by its row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cvmlab.data.subscribers import Subscribers

_NAMED = re.compile(
    r"(company|firm|organi[sz]ation|business|client|customer|account|shop|store)?[ _-]*name"
    r"|company|firm|organi[sz]ation"
    r"|(公司|企业|单位|客户|商户|门店)?(名称|全称|简称|名)|公司|企业|单位",
    re.IGNORECASE,
)


def name_column(subscribers: Subscribers) -> str:
    """Return the column of texts, all different, that by its header names the customers; empty if there is none."""
    customers = subscribers.customers
    for column in (*subscribers.personal, *subscribers.features):
        if column not in customers or column == "customer_id" or not _NAMED.fullmatch(column.strip()):
            continue
        cells = customers[column]
        if cells.dtype.kind not in "biufcmM" and len(cells) > 1 and cells.notna().all() and cells.is_unique:
            return str(column)
    return ""
