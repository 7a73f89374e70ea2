"""A case: one log, judged under stated assumptions, with everything a report shows.

`study` goes from the log to a `Case` in the steps of the course: who the customers are and what they bring,
what they will bring if nothing changes, what they could bring, which type of the value matrix they are, how
that moved, whom to call, and how often such a judgement would have been right before.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
