"""Columns that ask who is still there, names that deny, and columns with one answer and blanks."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.subscribers import Subscribers, is_table_of_subscribers, read

LEFT = [True, False, False] * 4


def frame(header: str, left: str | None, stayed: str | None) -> pd.DataFrame:
    words = [left if gone else stayed for gone in LEFT]
    return pd.DataFrame({"customer_id": [f"C{row}" for row in range(12)], header: words, "tenure_months": range(12)})


def both(header: str, left: str, stayed: str) -> list[Subscribers]:
    """The table read by itself, and with the column named."""
    table = frame(header, left, stayed)
    return [read(table), read(table, columns={"churned": header})]


@pytest.mark.parametrize(
    "header",
    [
        "active", "is_active", "aktiv", "actif", "activo", "attivo", "ativo", "no_churn", "not_churned",
        "did_not_churn",
        "un_churned", "未流失", "nicht gekündigt", "is_subscribed", "in_force", "is_current", "loyal", "stay", "alive",
        "vigente", "活跃", "是否活跃", "Churn_No", "Exited_0", "status_active", "Customer Status_Stayed",
        "Still customer",
        "Attrition_Flag_Existing Customer", "Retention", "churn_free",
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", [("0", "1"), ("No", "Yes"), ("nein", "ja"), ("-1", "1")])
def test_a_header_of_staying_is_inverted_named_or_found(header: str, words: tuple[str, str]) -> None:
    for found in both(header, *words):
        assert found.customers["left"].tolist() == LEFT
        assert any(f"'{header}'" in note and words[0] in note and "left" in note for note in found.notes)


@pytest.mark.parametrize(
    "header",
    [
        "Abbandono", "Evadiu", "Opgezegd", "解約", "이탈여부", "Отток", "customer_lost", "dropped_out", "Leaver",
        "lapse_flag", "cancel_flg", "Churn_Yes", "Churn_1", "inactive", "Inaktiv", "inactivo", "不活跃", "not_retained",
        "no longer active", "Attrition_Flag_Attrited Customer", "status_Churned",
    ],
)  # fmt: skip
def test_a_header_of_leaving_is_found_and_not_inverted(header: str) -> None:
    for found in both(header, "1", "0"):
        assert found.customers["left"].tolist() == LEFT
    assert is_table_of_subscribers(frame(header, "1", "0"))


@pytest.mark.parametrize(
    ("header", "left", "stayed"),
    [
        ("Estado", "Baja", "Activo"), ("Statut", "Résilié", "Actif"), ("Stato", "Cessato", "Attivo"),
        ("Situação", "Cancelado", "Ativo"), ("Kundenstatus", "gekündigt", "aktiv"), ("active", "Churned", "Active"),
        ("churned", "lost", "retained"), ("是否在网", "离网", "在网"), ("membership_status", "Lapsed", "Member"),
        ("state", "deactivated", "activated"), ("Status", "Disconnected", "Connected"),
    ],
)  # fmt: skip
def test_words_that_speak_are_never_inverted(header: str, left: str, stayed: str) -> None:
    for found in both(header, left, stayed):
        assert found.customers["left"].tolist() == LEFT


def test_a_named_column_that_says_nothing_is_read_with_a_note() -> None:
    found = read(frame("target_x", "1", "0"), columns={"churned": "target_x"})
    assert found.customers["left"].tolist() == LEFT and any("left: 1 (4)" in note for note in found.notes)


@pytest.mark.parametrize(
    ("left", "stayed", "words"),
    [("Yes", None, "Yes"), ("Y", None, "Y"), ("cancelled", None, "cancelled"), ("voluntary", "none", "voluntary")],
)
def test_blanks_beside_one_answer_are_asked_for(left: str, stayed: str | None, words: str) -> None:
    table = frame("churn", left, stayed)
    with pytest.raises(CvmError) as error:
        read(table)
    assert error.value.key == "subscribers.only_left" and f'left_words="{words}"' in str(error.value)
    assert read(table, left_words=words).customers["left"].tolist() == LEFT


def test_more_of_one_answer() -> None:
    two = frame("churn", "voluntary", "none")
    two.loc[0, "churn"] = "involuntary"
    with pytest.raises(CvmError, match="'voluntary', 'involuntary'"):
        read(two)
    assert read(two, left_words=["voluntary", "involuntary"]).customers["left"].tolist() == LEFT
    truth = frame("churn", None, None).assign(churn=pd.array([True if gone else None for gone in LEFT], "boolean"))
    with pytest.raises(CvmError, match='left_words="True"'):
        read(truth)
    assert read(truth, left_words="True").customers["left"].tolist() == LEFT
    with pytest.raises(CvmError) as error:
        read(frame("status", None, "active"))
    assert error.value.key == "subscribers.only_stayed"
    with pytest.raises(CvmError, match='left_words="x"'):
        read(frame("cancelled", "x", None))


def test_one_blank_among_many_of_one_answer_is_no_answer() -> None:
    words = ["No"] * 40 + [None]
    table = pd.DataFrame({"customer_id": range(41), "churn": words, "tenure_months": range(41)})
    assert any("Nobody left" in note for note in read(table).notes)
