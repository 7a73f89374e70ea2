"""Exam cards: every point of the chapter is on one, nothing opens before the student has written, marks add up."""

from __future__ import annotations

import re

import pytest

from cvmlab import CvmError, exam, matrix, speaking
from cvmlab.core.words import keys, read_rules
from cvmlab.course.exam import attempts, deck
from cvmlab.course.exam.questions import all_questions, exam_of

#: What the chapter's exam asks, in the book's own terms (S01–S03 in lesson 01, S04 in lesson 02).
TERMS = {
    "01": """
        客户关系生命周期 全过程 建立业务关系 业务关系终止 客户关系水平随时间变化的发展轨迹 移植 产品生命周期 四阶段模型
        考察期 孕育期 形成期 快速发展阶段 稳定期 发展的最高阶段 退化期 关系水平逆转
        不确定性 评估对方的潜在价值和降低不确定性 尝试性订单
        相互满意 相互信任和相互依赖 愿意承诺长期关系 风险承受意愿
        高度满意 大量有形和无形的投入 大量的交易
        更适合的关系伙伴 需求变化 交易量下降 物色候选伙伴 开始交流结束关系的意图 不可跳跃性
        与客户关系水平成正比 支付意愿 协调、监督成本 服务成本 交易成本 产品成本 营销成本
        规模效应 经常化、常规化 风险评估 谈判签约 沟通效率 间接效益 义务广告员 口碑效应
        基本利润 价格敏感度下降 成本降低 甚至负利润
        客户关系生命曲线 倒“U”形 狭义的客户关系生命曲线 惯性作用 滞后效应
    """,
    "02": """
        四种生命周期模式 早期流产型 中途夭折型 提前退出型 长久保持型 非常多见 转移成本
        客户价值是客户保持的核心决定因素 价值预期不断提升 个性化增值 核心竞争能力
        持续增值创新能力不够 收益不对等 对等双赢 经济和心理转移成本 累积成本 专有投资 风险成本 学习和被学习成本 关系修复
    """,
    "06": """
        客户价值细分 全生命周期利润 客户价值矩阵 客户当前价值 客户增值潜力 资源配置 保持策略
        不投入 关系解除 适当投入 关系再造 重点投入 高水平关系保持 重中之重投入 不遗余力地保持、发展
        订单小而零散 拖延付款 一对一策略 推荐新客户 客户份额 资源配置预算 价值迁移
    """,
    "07": """
        鲸鱼曲线 集中度曲线 均值回归 客户分级 钻石 黄金 战略 潜力 一般 问题 规模不等于价值
        产品份额/增长性 隐性流失 购买因素 市场价值
    """,
    "10": """
        客户保持 利润 成本 声誉 客户保持率 客户份额 客户资产收益率 市场份额
    """,
    "11": """
        客户流失的形成 购买 体验低于承诺 投诉得不到解决 转向竞争者 客户流失原因 正常流失 外部原因 自身原因
        全面质量管理 客户抱怨管理 内部客户体制 以客户为中心的组织机构 客户关系评价体系
    """,
    "13": """
        流失挽回 背景 问题分析 解决方案 启示 转移成本 集群网 客户价值矩阵 客户份额 部分流失
    """,
}
#: Tables to fill in, and how many cells they have.
TABLES = {"01.table_3_1": 24, "06.table_3_2": 8, "11.table_reasons": 12, "13.table_four": 16}
WRITTEN = "from the beginning of the relationship to its end"


@pytest.fixture(autouse=True)
def nothing_answered(monkeypatch):
    # Playwright's loop, left by a browser test in this process, would take what is typed for later
    monkeypatch.setattr("cvmlab.course.exam.form.running_loop", lambda: None)
    exam.forget_cards()
    yield
    exam.forget_cards()


def texts_of(lesson: str) -> str:
    """Return everything that stands on the cards of a lesson."""
    parts = []
    for question in exam_of(lesson):
        parts += [question.text(), *question.points(), question.model()]
    return "\n".join(parts)


@pytest.mark.parametrize(("lesson", "term"), [(lesson, term) for lesson in TERMS for term in TERMS[lesson].split()])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_term_of_the_chapter_is_on_a_card(lesson: str, term: str, language: str) -> None:
    with speaking(language):
        assert term in texts_of(lesson)


@pytest.mark.parametrize("name", list(all_questions()))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_card_has_a_question_points_and_a_model_answer(name: str, language: str) -> None:
    with speaking(language):
        question = all_questions()[name]
        points = question.points()
        assert question.text() and question.title()
        assert question.full_marks() == len(points) * question.marks_each >= 2
        if question.is_table:
            assert points == [row["claim"] for row in read_rules(question.points_from)]
            assert len(question.cells()) == len(set(question.cells())) == TABLES[name]
            assert len(question.rows()) * len(question.columns()) == TABLES[name]
            return
        assert len(set(points)) == len(points) >= 2
        # an answer that has every point says more than one of them
        assert len(question.model()) > max(map(len, points)) / 2


def test_no_point_is_left_out_of_the_count() -> None:
    tables = {f"exam.{name.replace('.', '_')}" for name in TABLES}
    written = {key for key in keys() if re.fullmatch(r"exam\.\d\d_.*_\d+", key)} - tables
    counted = {
        f"exam.{question.lesson}_{question.key}_{number}"
        for question in all_questions().values()
        if not question.is_table
        for number in range(1, len(question.points()) + 1)
    }
    assert written == counted


@pytest.mark.parametrize("lesson", ["00", "01", "02", "03", "04", "05", "06", "07", "10", "11", "13"])
def test_a_lesson_has_one_essay_and_one_letter_that_is_not_asked_in_the_exam(lesson: str) -> None:
    assert [question.kind for question in exam_of(lesson)].count("essay") == 1
    assert exam.card(f"{lesson}.letter").question.kind == "letter"
    assert "letter" not in [each.question.key for each in exam.cards(lesson)]


def test_the_points_stay_closed_until_something_is_written() -> None:
    card = exam.card("01.define_lifecycle")
    for too_little in ("", "  \n ", "?"):
        with pytest.raises(CvmError, match="Write something first"):
            card.write(too_little)
        assert not card.opened
    with pytest.raises(CvmError, match="still closed"):
        card.tick(1)
    card.write(WRITTEN)
    assert card.opened


@pytest.mark.parametrize("answer", ["falls", "下降"])
def test_one_cell_is_enough_to_open_a_table(answer: str) -> None:
    table = exam.card("01.table_3_1")
    table.write({"price_decline": answer})
    assert table.opened


def test_marks_are_summed_over_points_and_cards() -> None:
    lesson = exam.cards("01")
    lesson["define_lifecycle"].write(WRITTEN)
    lesson["define_lifecycle"].tick(1, 2)
    lesson["essay_ideal"].write(WRITTEN)
    lesson["essay_ideal"].tick(3)
    lesson["table_3_1"].write({"price_decline": "falls", "volume_exploration": "very small"})
    lesson["table_3_1"].tick(1, 8, 24)
    assert [lesson[key].marks for key in ("define_lifecycle", "essay_ideal", "table_3_1")] == [2, 2, 1.5]
    assert lesson.marks == 5.5
    assert lesson.text() == "Lesson 01: 5.5 of 70 marks · 3 of 11 cards answered"
    lesson["define_lifecycle"].tick(3)
    assert lesson.marks == 4.5


@pytest.mark.parametrize("point", [0, 5, -1])
def test_a_point_that_is_not_there_is_named(point: int) -> None:
    card = exam.card("01.define_lifecycle")
    card.write(WRITTEN)
    with pytest.raises(CvmError, match=rf"no point {point}. .* 1 to 4"):
        card.tick(1, point)
    assert card.marks == 0


def test_a_cell_that_is_not_there_is_named() -> None:
    with pytest.raises(CvmError, match=r"price_boom.*volume_exploration"):
        exam.card("01.table_3_1").write({"price_boom": "rises"})


def test_who_gave_up_sees_the_points_and_may_try_again() -> None:
    card = exam.card("01.define_lifecycle")
    card.give_up()
    assert card.opened
    with pytest.raises(CvmError, match="Start over"):
        card.tick(1)
    card.start_over()
    assert not card.opened
    card.write(WRITTEN)
    card.tick(1)
    assert card.marks == 1


def test_running_a_cell_again_keeps_what_was_written() -> None:
    exam.cards("01")["define_lifecycle"].write(WRITTEN)
    again = exam.cards("01")["define_lifecycle"]
    assert again.opened
    assert again.form._answer.read() == WRITTEN
    with speaking("zh"):
        assert exam.card("01.define_lifecycle").form._answer.read() == WRITTEN


def clicked(box, description: str) -> None:
    """Press the button of a name among the children of a box."""
    (button,) = [child for child in box.children if child.description == description]
    button.click()


@pytest.mark.parametrize(
    ("language", "show", "first"),
    [("en", "Show the points", "Write something first"), ("zh", "对照得分点", "先写一点")],
)
def test_on_the_page_a_student_writes_opens_and_ticks(language: str, show: str, first: str) -> None:
    with speaking(language):
        lesson = exam.cards("01")
        card = lesson["define_lifecycle"]
        form = card.form
        points = card.question.points()
    # the page speaks the language of the cell, though buttons are pressed outside of it
    clicked(form._buttons, show)
    assert first in form._trouble.value
    assert not form._points.children
    form._answer.widget.value = WRITTEN
    assert not card.opened
    clicked(form._buttons, show)
    assert [box.description for box in form._boxes] == points
    assert set(form._boxes) < set(form._points.children)
    form._boxes[1].value = True
    assert card.marks == 1
    assert str(1) in form._marks.value
    assert "1" in lesson.form._sum.value


def test_a_table_shows_the_cell_of_the_book_under_that_of_the_student() -> None:
    card = exam.card("01.table_3_1")
    places = card.form._answer._places
    assert all(len(place.children) == 1 for place in places)
    card.form._answer._cells["cost_decline"].value = "rises again"
    card.open()
    texts = {text.placeholder: box.description for text, box in (place.children for place in places)}
    assert texts["cost: decline"] == "rises again, usually below exploration"
    assert len(texts) == 24


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_of_the_matrix_says_what_the_rules_of_the_matrix_say(language: str) -> None:
    table = matrix.strategies(language, ours=False)
    with speaking(language):
        card = exam.card("06.table_3_2")
        claims = [re.sub(r" \([^()]+\)", "", point) for point in card.question.points()]
        assert claims == [*table["resources"], *table["strategy"]]
        assert card.question.columns() == table["value_type"].tolist()
        still = card._repr_mimebundle_()["text/html"]
    assert {"en": "<th>type IV</th>", "zh": "<th>IV 类客户</th>"}[language] in still


def test_the_way_from_card_to_card() -> None:
    form = exam.cards("01").form
    assert form._back.disabled and not form._on.disabled
    form._on.click()
    assert form._choice.value == 1
    form._choice.value = 10
    assert form._on.disabled
    (shown,) = form._room.children
    assert shown is exam.cards("01")["essay_ideal"].form.box


def test_a_reader_without_a_kernel_has_questions_and_folded_points() -> None:
    bundle = exam.cards("01")._repr_mimebundle_()
    still = bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"].startswith("Exam cards of lesson 01: 11 cards, 70 marks")
    assert still.count("<details><summary>") == 11
    unfolded = re.sub(r"<details>.*?</details>", "", still)
    assert "Define the narrow life curve" in unfolded
    assert "产品生命周期" not in unfolded
    # the same at every run
    assert still == exam.cards("01")._repr_mimebundle_()["text/html"]


def test_what_was_written_stands_in_the_still_page_and_is_no_html() -> None:
    card = exam.card("01.define_lifecycle")
    card.write("from <b>first</b> contact\nto the end")
    card.tick(1)
    still = card._repr_mimebundle_()["text/html"]
    assert "from &lt;b&gt;first&lt;/b&gt; contact<br>to the end" in still
    assert "1 of 4 marks" in still
    assert still.count("✓") == 1


@pytest.mark.parametrize("name", ["01.no_such_card", "letter", ""])
def test_a_card_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(CvmError, match=r"01\.define_lifecycle"):
        exam.card(name)
    with pytest.raises(CvmError, match="00, 01, 02, 03, 04, 05, 06, 07, 10"):
        exam.cards(name)


class _InANotebook:
    """Stands for the shell of a notebook's kernel."""

    kernel = object()


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    import IPython

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", "01_lifecycle.ipynb")
    monkeypatch.setattr(IPython, "get_ipython", _InANotebook)
    return tmp_path / "cvmlab-answers.json"


def restarted() -> None:
    """Lose what a session knows, and keep the file."""
    attempts._states.clear()
    deck._cards.clear()
    deck._decks.clear()


def test_what_a_student_does_on_the_page_is_there_after_a_restart(notebook) -> None:
    form = exam.card("01.define_lifecycle").form
    form._answer.widget.value = WRITTEN
    clicked(form._buttons, "Show the points")
    form._boxes[2].value = True
    restarted()
    again = exam.card("01.define_lifecycle")
    assert (again.opened, again.marks, again.form._answer.read()) == (True, 1, WRITTEN)
    exam.forget_cards()
    assert not exam.card("01.define_lifecycle").opened


def test_what_is_done_from_code_leaves_no_file(notebook) -> None:
    exam.card("01.define_lifecycle").write(WRITTEN)
    assert not notebook.exists()


@pytest.mark.parametrize("value", ['"yes"', "{}", '{"written": 3, "opened": true, "gave_up": false, "ticked": []}'])
def test_a_file_that_holds_something_else_is_no_attempt(notebook, value: str) -> None:
    entry = f'{{"notebook": "01_lifecycle", "name": "exam.01.define_lifecycle", "value": {value}}}'
    notebook.write_text(f"[{entry}]", encoding="utf-8")
    restarted()
    assert not exam.card("01.define_lifecycle").opened


def test_a_file_that_cannot_be_read_is_said_on_the_page(notebook) -> None:
    notebook.write_text("not JSON", encoding="utf-8")
    form = exam.card("01.define_lifecycle").form
    clicked(form._buttons, "I can't answer this yet")
    assert "cvmlab-answers.json" in form._trouble.value
    assert exam.card("01.define_lifecycle").opened
