"""Slips of a beginner at the keyboard, explained in a sentence above Python's own message.

An answer without quotation marks (``c``) or with Chinese ones (``“c”``) is explained, a sign of the Chinese keyboard
(``（``, ``×``), a percentage (``41.7%``) and a number with a comma (``3,080``). The error itself is shown as ever and
stays an error.

>>> print(slip_in(NameError("name 'c' is not defined", name="c")))
Is `c` your answer? Then put it in quotation marks: `"c"`. Without them Python looks for a variable of that name.
>>> slip_in(NameError("name 'curve' is not defined", name="curve"))
''
"""

from __future__ import annotations

import re
import sys
from typing import Any

from .words import language, say, speaking

#: Quotation marks that a Chinese keyboard writes, and Word.
CURLY = "“”‘’「」＂"
#: Signs of a Chinese keyboard, and of print, with those that Python knows.
PYTHONS = {
    "（": "(", "）": ")", "，": ",", "：": ":", "；": ";", "。": ".", "【": "[", "】": "]", "＝": "=", "＋": "+",
    "×": "*", "÷": "/", "−": "-", "–": "-", "－": "-", "％": "%", "¥": "", "￥": "", "元": "",
}  # fmt: skip


def slip_in(error: BaseException) -> str:
    """Return a sentence that explains an error, empty if it is no slip known here."""
    if isinstance(error, NameError):
        name = error.name or ""
        return say("slips.bare_letter", letter=name) if re.fullmatch("[A-Za-z]|[A-Z]{2,4}", name) else ""
    if isinstance(error, TypeError):
        # a number, then a bracket: `95(107.5 - 81.1)`
        return say("slips.times") if re.fullmatch("'(int|float)' object is not callable", str(error)) else ""
    if isinstance(error, SyntaxError):
        # opened by a straight mark and closed by a curly one, the text never ends
        unended = (error.msg or "").startswith("unterminated string")
        wrong = re.search(f"[{CURLY}]", (error.text if unended else error.msg) or "")
        return say("slips.curly_quote", sign=wrong[0]) if wrong else _sign_in(error)
    return ""


def _sign_in(error: SyntaxError) -> str:
    """Return a sentence on a sign that Python does not know, or on how a number is written."""
    comma = re.search("leading zeros|'，'", error.msg or "")
    # in quotation marks and after # anything may stand
    code = re.sub(r"""(["']).*?(\1|$)|#.*""", " ", error.text or "")
    if comma and (found := re.search(r"(?<![\w.])\d{1,3}([,，]\d{3})+(?!\d)", code)):
        return say("slips.thousands", number=re.sub("[,，]", "", found[0]))
    if found := re.search(r"(?<![\w.])\d[\d.]*([^\W\d_a-zA-Z]+|[a-zA-Z]+(?=\s*\())", code):
        return say("slips.letters", number=found[0])
    if "invalid character" in (error.msg or "") and (found := re.search("'(.)'", error.msg)) and found[1] in PYTHONS:
        sign, right = found[1], PYTHONS[found[1]]
        if right == "%":
            return say("slips.percent")
        return say("slips.sign", sign=sign, right=right) if right else say("slips.no_sign", sign=sign)
    return say("slips.percent") if re.search(r"=[^#]*\d\s*[%％]\s*(#.*)?$", error.text or "") else ""


def explain_slips() -> None:
    """Have the running IPython explain slips from now on; without one, or where another handler is set, do nothing."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython and ipython.get_ipython()
    if shell is None or not hasattr(shell, "set_custom_exc"):
        return
    if shell.custom_exceptions and not getattr(shell, "_cvmlab_explains_slips", False):
        return
    chosen = language()

    def explain(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> None:
        with speaking(chosen):
            sentence = slip_in(error)
        if sentence:
            from IPython.display import display

            display({"text/plain": sentence, "text/markdown": f"**{sentence}**"}, raw=True)
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    shell.set_custom_exc((NameError, SyntaxError, TypeError), explain)
    shell._cvmlab_explains_slips = True
