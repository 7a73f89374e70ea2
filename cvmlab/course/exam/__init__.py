"""Exam cards: a question, the student's answer, the points a marker counts, and a model answer.

The student writes first; the points open after that and are ticked one by one. Questions, points and model answers
are in ``words/exam.csv``; which cards a lesson has, and their marks, in ``answers/exam.csv``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
