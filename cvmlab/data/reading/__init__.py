"""Reading: files of all kinds, or a frame → a clean log of purchases and the report on its data.

>>> from cvmlab.data.reading import read
>>> import pandas as pd
>>> frame = pd.DataFrame({"会员号": ["001", ""], "日期": ["2019/1/5", "2019/1/6"], "金额": ["12.50", "7"]})
>>> log = read(frame, name="till")
>>> log.transactions.fetchall(), log.quality.rows("no_id"), log.mapping["customer_id"]
([('001', datetime.date(2019, 1, 5), 12.5)], 1, '会员号')

One subject per module: `files` opens what is there, with `encodings`, `delimited`, `frames` and `workbooks` for its
kinds and `raw` for what they pass on; `opening` chooses the parts, `columns` their columns; `values` and `dates` read
the cells; `judging` gives every row its verdict, with `repeats`, `sum_rows`, `lone_dates`, `reversing` and `suspicion`
for what only other rows show; `totals` and `quality` add up, `log` combines these steps, `handing_on` passes rows on.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
