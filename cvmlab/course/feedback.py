"""Feedback on what a student wrote; what waits for a guess comes from `waiting`, a group's plan from `worksheet`.

Nothing here raises an error for an answer: one that is missing or cannot be understood gets a sentence
that says what to write where. The sentences are in ``words/feedback.csv`` and in a file for each notebook;
right answers are in the folder ``answers``. A guess says itself how near it came (`cvmlab.whatif.guess`).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cvmlab.core.formats import named
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, keys, language, read_table, say, term, wording
from cvmlab.data.tables import check_columns
from cvmlab.whatif import kept, remembering

from .judging import compared_again
from .replying import Feedback
from .waiting import WaitingPicture, WaitingText, picture_after, text_after
from .worksheet import export_plan

if TYPE_CHECKING:
    import pandas as pd

REASONS = range(1, 7)

__all__ = [
    "Feedback", "WaitingPicture", "WaitingText", "check", "compare_again", "compare_each", "compare_judges",
    "export_plan", "in_full", "picture_after", "text_after",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


@public
def compare_judges(reasons: object, fight_for: object, case: str = "carrier") -> Feedback:
    """Lay a student's judgement of a case beside the second judge's, and count how often they agree.

    Parameters
    ----------
    reasons
        For each customer of the case a number from 1 to 6, the reason why the customer left; None where
        not judged yet.
    fight_for
        The letters of the customers the student would fight for, for example ``"YL"``; ``""`` for nobody,
        None for not decided yet.
    case
        Name of the case in ``answers/second_judge.csv``.

    Returns
    -------
    Feedback
        A table, and the two counts. The second judge's answers are shown only once all customers are judged.

    Notes
    -----
    On a page the judgement is kept beside the notebook: ``whatif.remembered("judges.carrier")``, for a later lesson.

    A count flatters: two judges who both prefer one answer also agree by chance. Cohen's kappa takes that out (S26).

    Examples
    --------
    >>> compare_judges({"Y": 4, "S": None, "L": 4, "H": None}, None)
    **Not finished yet.** Still to fill in: S, H. ...
    >>> print(compare_judges({"Y": 4, "S": 3, "L": 2, "H": 4}, "Y").text.splitlines()[-1])
    You and the second judge chose the same reason for **3 of 4** customers and agreed on ... **3 of 4**.
    """
    second = {row["customer"]: row for row in read_table("answers/second_judge") if row["case"] == case}
    if not second:
        raise CvmError("feedback.unknown_question", question=case)
    problem = _problem_with("reasons", reasons, list(second), REASONS)
    if problem or not isinstance(reasons, Mapping):
        return Feedback(problem)
    chosen = _letters(fight_for)
    listed = _listed(second)
    if chosen is None:
        return Feedback(say("feedback.fight_missing", customers=listed))
    unknown = sorted(chosen - set(second))
    if unknown:
        return Feedback(say("feedback.fight_unknown", unknown=_listed(unknown), customers=listed))

    lines = [say("feedback.judges_head"), "|---|---|---|---|---|"]
    same_reason = same_fight = 0
    for customer, row in second.items():
        mine, theirs = _number(reasons[customer]), int(row["reason"])
        i_fight, they_fight = customer in chosen, row["fight"] == "yes"
        same_reason += mine == theirs
        same_fight += i_fight == they_fight
        cells = [_reason(mine), _reason(theirs), _yes(i_fight), _yes(they_fight)]
        lines.append(f"| **{customer}** | {' | '.join(cells)} |")
    counted = say("feedback.agreement", reasons=same_reason, fights=same_fight, customers=len(second))
    mine_too = {customer: int(_number(reasons[customer]) or 0) for customer in second}
    trouble = _remember_judgement(case, mine_too, "".join(sorted(chosen)))
    reasons_given = [
        f"- {say('feedback.judge_says', customer=customer, why=term(f'feedback.judge_{case}_{customer}'))}"
        for customer in second
    ]
    return Feedback("\n".join([*lines, "", *reasons_given, "", counted, *(["", trouble] if trouble else [])]))


@public
def compare_again(reasons: object, case: str = "carrier") -> Feedback:
    """Lay a new judgement of a case beside one's own first and the second judge's, with Cohen's κ step by step.

    Parameters
    ----------
    reasons
        For each customer of the case a number from 1 to 6, the reason why the customer left; None where not judged yet.
    case
        Name of the case in ``answers/second_judge.csv``.

    Returns
    -------
    Feedback
        A table, the second judge's reasons where the two differ, and κ (by `cvmlab.churn.agreement`); without an
        interval, which would not hold for so few customers.

    Notes
    -----
    The first judgement is what `compare_judges` kept beside the notebook in an earlier lesson; without it the column
    stays empty. κ = (observed − chance) / (1 − chance).

    Examples
    --------
    >>> compare_again({"Y": 4, "S": None, "L": 4, "H": 4})
    **Not finished yet.** Still to fill in: S. ...
    >>> print(compare_again({"Y": 4, "S": 4, "L": 2, "H": 4}).text.splitlines()[-1])
    You and the second judge agree on 2 of 4: 0.50. Chance alone: 3/4 × 3/4 = 0.56. κ = (0.50 − 0.56) / (1 − 0.56) = ...
    """
    second = {row["customer"]: int(row["reason"]) for row in read_table("answers/second_judge") if row["case"] == case}
    if not second:
        raise CvmError("feedback.unknown_question", question=case)
    problem = _problem_with("reasons", reasons, list(second), REASONS)
    if problem or not isinstance(reasons, Mapping):
        return Feedback(problem)
    return Feedback(compared_again(case, {name: int(_number(reasons[name]) or 0) for name in second}, second))


@public
def check(question: str, answer: object) -> Feedback:
    """Say whether the answer to a question of the course is right, and why.

    Parameters
    ----------
    question
        Its name in ``answers/single.csv``, for example ``"start_here.what_is_crm"``.
    answer
        A letter for a question with options; for a computed one a number in its unit, percent if it has none. None
        or ``""``: not answered.

    Returns
    -------
    Feedback
        For an option its own sentence; for a number whether it is right, which likely mistake it is
        (``answers/likely.csv``), the right one with the wrong sign, too high or too low.

    Raises
    ------
    CvmError
        If there is no such question: a mistake of the notebook, not of the student.

    Examples
    --------
    >>> check("start_here.what_is_crm", None)
    **Not answered yet.** Type a, b or c between the quotation marks and run the cell again.
    >>> check("start_here.what_is_crm", "c").right, check("start_here.what_is_crm", "(A)").right
    (False, True)
    >>> check("start_here.half_the_revenue", 40)
    Not yet: 40% is too high. Try again.
    >>> check("start_here.half_the_revenue", 50)
    Not yet: 50% is half of the households. Asked is how many of them bring half of the *revenue*.
    """
    row = next((row for row in read_table("answers/single") if row["question"] == question), None)
    if row is None:
        raise CvmError("feedback.unknown_question", question=question)
    if row["tolerance"]:
        return _check_number(row, answer)
    return _check_option(question, answer, row["answer"])


@public
def compare_each(question: str, answers: object, *, row: str = "") -> Feedback:
    """Lay a student's answers to the parts of a question beside the course's, with a reason for each.

    Parameters
    ----------
    question
        Its name in ``answers/several.csv``, for example ``"lesson_01.scenes"``.
    answers
        For each part of the question the number of an option; None where not answered yet.
    row
        The row to be answered where the question is a table: its parts are then called by their column alone.

    Returns
    -------
    Feedback
        A table, and a count. The course's answers, all that ``answers/accepted.csv`` allows, are shown only once all
        parts are answered.

    Raises
    ------
    CvmError
        If there is no such question: a mistake of the notebook, not of the student.

    Notes
    -----
    A row that the table does not have is the student's mistake, and is answered with those that it has.

    Examples
    --------
    >>> compare_each("lesson_01.scenes", dict.fromkeys("ABCDEFGH"))
    **Not finished yet.** Still to fill in: A, B, C, D, E, F, G, H. ...
    >>> compare_each("lesson_01.scenes", dict.fromkeys("ABCDEFGH", 1)).text.splitlines()[2][:23]
    '| **A** | exploration |'
    >>> stages = {"exploration": 2, "formation": 4, "stability": 4, "decline": 6}
    >>> compare_each("lesson_01.table", stages, row="price").text.splitlines()[2][:33]
    '| **exploration** | very small or'
    """
    parts = {asked["part"]: asked for asked in read_table("answers/several") if asked["question"] == question}
    if not parts:
        raise CvmError("feedback.unknown_question", question=question)
    if row:
        rows = list(dict.fromkeys(part.rpartition("_")[0] for part in parts))
        if row not in rows:
            return Feedback(say("feedback.no_row", row=row, rows=_listed(rows)))
        parts = {part.rpartition("_")[2]: asked for part, asked in parts.items() if part.startswith(f"{row}_")}
    options = sorted(int(key.rpartition("_")[2]) for key in keys() if re.fullmatch(rf"{question}_\d+", key))
    problem = _problem_with("each", answers, list(parts), options)
    if problem or not isinstance(answers, Mapping):
        return Feedback(problem)
    lines = [say("feedback.each_head"), "|---|---|---|---|"]
    same = 0
    for part, asked in parts.items():
        whole = asked["part"]
        mine, theirs = _number(answers[part]), [int(asked["answer"]), *_also_accepted(question, whole)]
        same += mine in theirs
        name = named(part, f"{question}_name_", "")
        chosen, right = term(f"{question}_{mine:.0f}"), " / ".join(term(f"{question}_{number}") for number in theirs)
        mark = "" if mine in theirs else "**"
        lines.append(f"| **{name}** | {chosen} | {mark}{right}{mark} | {_why(question, whole, mine, theirs, chosen)} |")
    return Feedback("\n".join([*lines, "", say("feedback.each_counted", same=same, parts=len(parts))]))


def _also_accepted(question: str, part: str) -> list[int]:
    """Return the other answers that the book's wording allows beside the course's."""
    asked = (question, part)
    return [int(row["answer"]) for row in read_table("answers/accepted") if (row["question"], row["part"]) == asked]


def _why(question: str, part: str, mine: float | None, theirs: Sequence[int], chosen: str) -> str:
    """Return the reason for the answer, and before it what is wrong with another one where that is written."""
    reason = term(f"{question}_why_{part}")
    if mine == theirs[0]:
        return reason
    if mine in theirs:
        return term(f"{question}_also_{part}_{mine:.0f}")
    mistake = f"{question}_not_{part}_{mine:.0f}"
    return f"{say('feedback.each_chosen', chosen=chosen, why=term(mistake))} {reason}" if mistake in keys() else reason


@public
def in_full(frame: pd.DataFrame, head: Mapping[str, str] | None = None, *, folded: bool = False) -> Feedback:
    """Show a frame of texts with nothing cut off, as a table a reader sees.

    Parameters
    ----------
    frame
        A pandas frame; True and False are shown as yes and no.
    head
        Columns to show and their headings, each a key of the vocabulary or a text; all if left out.
    folded
        Whether the table stays closed until it is opened, because it answers an exercise.

    Examples
    --------
    >>> import pandas as pd
    >>> print(in_full(pd.DataFrame({"stage": ["decline"], "holds": [True]}), {"stage": "stage", "holds": "ok"}))
    | stage | ok |
    |---|---|
    | decline | yes |
    """
    columns = {name: str(name) for name in frame.columns} if head is None else dict(head)
    check_columns(frame, columns, "in_full")
    lines = [f"| {' | '.join(map(wording, columns.values()))} |", "|" + "---|" * len(columns)]
    for row in frame[list(columns)].itertuples(index=False):
        cells = [_yes(bool(cell)) if str(cell) in ("True", "False") else str(cell) for cell in row]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    if folded:
        lines = [f"<details><summary>{term('feedback.answer_first')}</summary>", "", *lines, "", "</details>"]
    return Feedback("\n".join(lines))


def _check_option(question: str, answer: object, right: str) -> Feedback:
    options = sorted(key.rpartition("_")[2] for key in keys() if re.fullmatch(rf"{question}_[a-z]", key))
    listed = say("feedback.options", first=_listed(options[:-1]), last=options[-1])
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return Feedback(say("feedback.option_missing", options=listed))
    letter = re.sub(r"[\s()（）.。'\"‘’“”]", "", unicodedata.normalize("NFKC", str(answer))).lower()
    if letter not in options:
        return Feedback(say("feedback.no_option", answer=answer, options=listed))
    said = term(f"{question}_{letter}")
    # the sentence to a right answer, or to the misconception, begins with its verdict
    verdict = "" if letter == right or said.startswith("**") else f"{term('feedback.option_wrong')} "
    return Feedback(verdict + said, right=letter == right)


def _check_number(row: Mapping[str, str], answer: object) -> Feedback:
    question, truth, tolerance, unit = row["question"], float(row["answer"]), float(row["tolerance"]), row["unit"]
    named_unit = term(f"units.{unit or 'percentage'}")
    if answer is None:
        return Feedback(say("feedback.number_missing", unit=named_unit))
    number = _number(answer)
    if number is None or not math.isfinite(number):
        return Feedback(say("feedback.no_number", answer=answer, unit=named_unit))
    if abs(number - truth) <= tolerance:
        return Feedback(f"{say('feedback.number_right')}\n\n{term(f'{question}_right')}", right=True)
    if unit in ("", "percentage_points") and 0 < abs(number) < 1 and not _likely_mistake(question, number):
        key = "share_of_right" if abs(100 * number - truth) <= tolerance else "share_wanted"
        percent = f"{100 * number:.1f}".removesuffix(".0")
        said = {"answer": _echo(number), "percent": percent.replace("-", "−")}
        if key == "share_wanted" and (mistake := _likely_mistake(question, 100 * number)):
            return Feedback(say("feedback.share_likely", **said, mistake=mistake), right=False)
        return Feedback(say(f"feedback.{key}", **said), right=False)
    shown = _echo(number) + ("" if unit else "%")
    if mistake := _likely_mistake(question, number):
        return Feedback(say("feedback.likely", answer=shown, mistake=mistake), right=False)
    if abs(number + truth) <= tolerance:
        return Feedback(say("feedback.number_sign", answer=shown), right=False)
    if not unit and abs(100 - number - truth) <= tolerance:
        return Feedback(say("feedback.the_rest", answer=shown), right=False)
    key = "feedback.number_high" if number > truth else "feedback.number_low"
    return Feedback(say(key, answer=shown), right=False)


def _echo(number: float) -> str:
    """Return a number as people read it, with no more decimals than they need to find it again."""
    rounded = f"{number:,.{2 if abs(number) >= 1 else 4}f}"
    return rounded.rstrip("0").rstrip(".").replace("-", "−")


def _likely_mistake(question: str, number: float) -> str:
    """Return what somebody probably computed instead, empty if nobody has thought of it."""
    for row in read_table("answers/likely"):
        if row["question"] == question and abs(number - float(row["answer"])) <= float(row["tolerance"]):
            said = term(f"{question}_wrong_{row['mistake']}")
            # "是 5% 本身": Chinese sets a figure apart from what stands before it
            return f" {said}" if language() == "zh" and said.lstrip("*")[:1].isascii() else said
    return ""


def _problem_with(asked: str, answers: object, parts: list[str], options: Sequence[int]) -> str:
    """Return what is wrong with the numbers given for the parts of a question, empty if nothing is."""
    if not isinstance(answers, Mapping) or set(answers) != set(parts):
        return say(f"feedback.{asked}_shape", parts=_listed(parts), example=parts[0])
    if missing := [part for part in parts if answers[part] is None]:
        return say(f"feedback.{asked}_missing", parts=_listed(missing), last=options[-1])
    for part in parts:
        if _number(answers[part]) not in options:
            return say(f"feedback.{asked}_no_option", answer=answers[part], part=part, last=options[-1])
    return ""


def _number(answer: object) -> float | None:
    """Return an answer as a number, the same for 80, "80", "80%" and numpy's 80; None if it is not a number."""
    if isinstance(answer, bool):
        return None
    try:
        return float(str(answer).strip().rstrip("%％"))
    except ValueError:
        return None


def _letters(answer: object) -> set[str] | None:
    """Return the letters of an answer, however they are set apart."""
    if answer is None:
        return None
    text = " ".join(map(str, answer)) if isinstance(answer, list | tuple | set) else str(answer)
    return set(re.sub(r"[\s,，、;；+&]", "", text).upper())


def _remember_judgement(case: str, reasons: dict[str, int], fight_for: str) -> str:
    """Keep a finished judgement for a later lesson; return why that failed, empty if it did not."""
    # a program that fills in a notebook is nobody's judgement
    if not kept.on_a_page():
        return ""
    judged = _listed(f"{customer}: {_reason(reason)}" for customer, reason in reasons.items())
    told = say("feedback.judged", reasons=judged, customers=_listed(fight_for) or "–")
    return remembering.remember(
        f"judges.{case}", {"reasons": reasons, "fight_for": fight_for}, kind="judgement", text=told
    )


def _listed(names: Iterable[str]) -> str:
    return ("、" if language() == "zh" else ", ").join(names)


def _reason(number: float | None) -> str:
    return f"{number:.0f} {term(f'feedback.reason_{number:.0f}')}"


def _yes(answer: bool) -> str:
    return term("feedback.yes" if answer else "feedback.no")
