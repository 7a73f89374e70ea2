"""Reading: files of all kinds, or a frame → a clean log of purchases and the report on its data.

>>> from cvmlab.data.reading import read
>>> import pandas as pd
>>> frame = pd.DataFrame({"会员号": ["001", ""], "日期": ["2019/1/5", "2019/1/6"], "金额": ["12.50", "7"]})
>>> log = read(frame, name="till")
>>> log.transactions.fetchall(), log.quality.rows("no_id"), log.mapping["customer_id"]
([('001', datetime.date(2019, 1, 5), 12.5)], 1, '会员号')

`log` combines the steps. `opening` goes from a source to raw rows, chooses the parts of one log and, with `columns`,
their columns; `cells` reads ids, dates and amounts; `rows` gives every row its verdict and adds up. What they hand to
one another is in `raw`, `notes` and `quality`. `previewing` shows a source before it is read, `mappings` saves the
choice of columns, `handing_on` passes judged rows on. `staging` copies the parts, for a log as for `entries`, which
reads the cells of a ledger of values and costs for `cvmlab.ledger`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
