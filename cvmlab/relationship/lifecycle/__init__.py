"""The life of a relationship: four stages, the variables that move with them, the typical life curve (S01–S03, S05).

`curve` is the model of a life, `claims` what the textbook says of it and when that holds, `longevity` whether the
long-lived are the profitable, `five_stages` what to do in each stage.

>>> from cvmlab import lifecycle
>>> curve = lifecycle.life_curve(lifecycle.Relationship())
>>> curve.groupby("stage", sort=False)["profit"].mean().round().to_dict()
{'exploration': 54.0, 'formation': 1327.0, 'stability': 4531.0, 'decline': 3356.0}
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
