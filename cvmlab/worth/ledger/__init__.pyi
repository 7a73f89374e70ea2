from .costs import assume_costs as assume_costs
from .costs import cost_to_serve as cost_to_serve
from .costs import costs_by_customer as costs_by_customer
from .costs import relationship_value as relationship_value
from .filling import form as form
from .reading import Ledger as Ledger
from .reading import read as read
