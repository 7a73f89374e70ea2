"""A case: transaction data judged under stated assumptions, with everything a report shows.

`study` makes a `Case` in the steps of the course: what the customers bring, what to expect of them if nothing
changes, what they could bring, their type in the value matrix and how it moved, whom to call, and how often such a
judgement would have been right before.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
