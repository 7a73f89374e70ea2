"""The ledger of value and cost: what each activity with a customer brought in and what it cost (S08; CVM-CRM §1).

Customer relationship value can be measured only if the accounts record value *and* cost of each transaction, activity
and event. `form` writes the sheet in which they are entered, `read` reads and checks it; `relationship_value` is what
each customer brought, `cost_to_serve` what each activity cost. Where only the number of activities is known,
`assume_costs` charges a stated unit cost: assumed, and named so.

Value and cost are *known*, as they were entered; only ``assumed_cost`` is not.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
