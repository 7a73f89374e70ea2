"""The roles that the columns of a source may play: customer, date, amount, status and others."""

from __future__ import annotations

from cvmlab.data import tables

QUANTITY = "quantity"
UNIT_PRICE = "unit_price"
STATUS = "status"
CURRENCY = "currency_code"
REFUND = "refund_amount"
RETURN = "return_flag"
TYPE = "row_type"
GIFT = "gift_flag"
CANCEL = "cancel_flag"
LEDGER = "ledger_line"
# further columns of statuses beside the one of the role
FURTHER = ("status_2", "status_3", "status_4")
DISCOUNT = "discount"
DISCOUNT_RATE = "discount_rate"
# those of a whole order, repeated on its lines
ORDER_REFUND = "order_refund"
ORDER_DISCOUNT = "order_discount"
# what an entry of a ledger is worth and costs
ENTRY_VALUE = "entry_value"
ENTRY_COST = "entry_cost"
# beside an amount, these show whether it is a line's or an order's
ITEM_QUANTITY = "item_quantity"
ITEM_PRICE = "item_price"
# the unit of the money on each row, such as 万元
MONEY_UNIT = "money_unit"
# for how many pieces the unit price is
PRICE_UNIT = "price_unit"
# the currency of what stands beside an amount, where a column of its own names it
CURRENCIES = {
    REFUND: "refund_currency", ORDER_REFUND: "refund_currency", DISCOUNT: "discount_currency",
    ORDER_DISCOUNT: "discount_currency", tables.PROFIT: "profit_currency", tables.COST: "cost_currency",
}  # fmt: skip
NUMBERS = (
    tables.AMOUNT,
    QUANTITY,
    UNIT_PRICE,
    tables.PROFIT,
    tables.COST,
    REFUND,
    DISCOUNT,
    ORDER_REFUND,
    ORDER_DISCOUNT,
)
TEXTS = (
    tables.CUSTOMER_ID, tables.CUSTOMER_NAME, tables.ORDER_ID, tables.PRODUCT, tables.OWNER, tables.PHONE, STATUS,
    CURRENCY, RETURN, TYPE, GIFT, CANCEL, LEDGER, DISCOUNT_RATE,
)  # fmt: skip
ROLES = (
    *(column.name for column in tables.TRANSACTIONS.columns), QUANTITY, UNIT_PRICE, STATUS, CURRENCY, REFUND, RETURN,
    TYPE, GIFT, CANCEL, LEDGER, DISCOUNT, DISCOUNT_RATE, ORDER_REFUND, ORDER_DISCOUNT,
)  # fmt: skip


def option(role: str) -> str:
    """Return the command-line option that names the column of a role."""
    return "--" + role.replace("_", "-")
