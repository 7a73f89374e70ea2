from .looking import is_table_of_subscribers as is_table_of_subscribers
from .reader import read as read
from .result import Subscribers as Subscribers
