"""Tables of subscribers: one row per customer, with whether the customer left → a clean frame and what was decided.

`reader.read` puts the steps together. `choosing` finds the sheet, the header and the columns by their names (`naming`),
`loading` copies the cells, `rows` and `repeating` say which rows are customers, `leaving` understands who left
(`meanings` of words, `legends` in headers), `spans` and `tenures` how long customers have been there, `charges` what
they pay, `features` reads the other columns: numbers (`figures`), `days`, yes and no. `looking` tells such a table
from a log. Files are opened, and numbers and dates read,
by `cvmlab.data.reading`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
