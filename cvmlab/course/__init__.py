"""The course on disk: find it, copy it to a working folder, open it in JupyterLab.

The course (notebooks, exercises, datasets) lies beside the package in a clone and inside it in a wheel.
A student works in a copy. The copy remembers in a manifest which version of each file it was given, so that a
later version of the course never overwrites what the student has changed. Nor does it show answers: see `handout`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
