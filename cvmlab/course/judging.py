"""A case judged a second time, once the terms are taught: what changed, and how far two judges agree (S21, S26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cvmlab.core.words import say, term
from cvmlab.keep import churn
from cvmlab.whatif import remembering


def compared_again(case: str, mine: Mapping[str, int], second: Mapping[str, int]) -> str:
    """Return a table of the first judgement, the new one and the second judge's, with Cohen's κ in steps."""
    first = _first_time(case)
    lines = [say("feedback.again_head"), "|---|---|---|---|"]
    for customer, theirs in second.items():
        before = _reason(first[customer]) if customer in first else "–"
        lines.append(f"| **{customer}** | {before} | {_reason(mine[customer])} | {_reason(theirs)} |")
    apart = [customer for customer in second if mine[customer] != second[customer]]
    why = [
        f"- {say('feedback.judge_says', customer=customer, why=term(f'feedback.judge_{case}_{customer}'))}"
        for customer in apart
    ]
    changed = sum(mine[customer] != first[customer] for customer in first)
    said = say("feedback.again_changed", changed=changed, customers=len(second)) if first else term("feedback.no_first")
    steps = _steps([mine[customer] for customer in second], list(second.values()))
    return "\n".join([*lines, "", *why, *([""] if why else []), said, "", steps])


def _first_time(case: str) -> dict[str, int]:
    """Return what was judged in an earlier lesson of the same folder, empty if nothing was kept."""
    kept = remembering.remembered(f"judges.{case}").value
    reasons = kept.get("reasons") if isinstance(kept, dict) else None
    return {str(name): int(number) for name, number in reasons.items()} if isinstance(reasons, dict) else {}


def _steps(mine: Sequence[int], theirs: Sequence[int]) -> str:
    found = churn.agreement([str(one) for one in mine], [str(one) for one in theirs])
    size = len(mine)
    both = [one for one in sorted(set(mine)) if one in theirs]
    parts = [f"{mine.count(one)}/{size} × {theirs.count(one)}/{size}" for one in both]
    said = {
        "same": sum(one == other for one, other in zip(mine, theirs, strict=True)),
        "customers": size,
        "observed": f"{found.observed:.2f}",
        "chance": f"{found.chance:.2f}",
        "parts": " + ".join(parts) or "0",
    }
    if np.isnan(found.kappa):
        return say("feedback.again_undefined", **said)
    steps = say("feedback.again_kappa", **said, kappa=f"{found.kappa:.2f}".replace("-", "−"))
    return steps if min(len(set(mine)), len(set(theirs))) > 1 else f"{steps} {say('feedback.again_one_answer')}"


def _reason(number: int) -> str:
    return f"{number} {term(f'feedback.reason_{number}')}"
