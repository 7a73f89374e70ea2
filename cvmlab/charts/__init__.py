"""Charts: a computed frame in, Axes out.

Every function takes the frame that a subject module computed and an optional ``ax`` (a new figure
otherwise), labels the axes with their unit in the language in force, writes its message above the
picture, and changes neither the frame nor the user's rcParams. Pictures read in grey and for the
colour-blind: lightness, line style, marker or hatch differ wherever colour does.

>>> import cvmlab as cvm
>>> import pandas as pd
>>> curve = pd.DataFrame({"customer_share": [0.2, 1.0], "cumulative_share": [0.53, 1.0]})
>>> cvm.charts.plot_concentration(curve).get_xlabel()
'share of customers, the largest first'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
