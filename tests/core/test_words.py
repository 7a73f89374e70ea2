"""The vocabulary: both languages say the same, and the course's terms are all there."""

from __future__ import annotations

import re
import threading
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

import cvmlab as cvm
from cvmlab.core import words
from cvmlab.core.words import language_of, read_rules, read_table, say, speaking, term, word

PACKAGE = Path(words.__file__).parents[1]
FILES = sorted(
    path.relative_to(PACKAGE).with_suffix("").as_posix()
    for folder in ("words", "rules", "answers")
    for path in (PACKAGE / folder).glob("*.csv")
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# "I", "BG/NBD", "%", "RFM", "×{factor}": names and signs that are written alike in both languages
SAME_IN_BOTH = re.compile(r"[A-Za-z0-9%‰×/ .:,+\-–—→…{}_()]*")

#: Every term that the domain names in Chinese: system, key, Chinese (the textbook's own wording).
DOMAIN_TERMS = """
S25 crm_strategy 客户关系管理策略
S16 customer_value_management 客户价值管理
S01 relationship_lifecycle 客户关系生命周期
S01 four_stage_model 四阶段模型
S01 exploration 考察期
S01 formation 形成期
S01 stability 稳定期
S01 decline 退化期
S02 volume 交易量
S02 price 价格
S02 cost 成本
S02 indirect_benefit 间接效益
S02 revenue 交易额
S02 profit 利润
S03 life_curve 客户关系生命曲线
S04 life_curve_patterns 四种生命周期模式
S04 early_failure 早期流产型
S04 midway_end 中途夭折型
S04 early_exit 提前退出型
S04 long_lasting 长久保持型
S05 acquisition_stage 获取期
S05 growth_stage 提升期
S05 maturity_stage 成熟期
S05 decline_stage 衰退期
S05 departure_stage 离开期
S06 dormant 休眠
S06 customer_account 台帐
S07 established_value 既成价值
S07 potential_value 潜在价值
S07 influence_value 影响价值
S08 customer_delivered_value 客户让渡价值
S08 customer_relationship_value 客户关系价值
S09 current_value 客户当前价值
S10 growth_potential 客户增值潜力
S10 up_buying 增量购买
S10 share_of_wallet 客户份额
S10 cross_buying 交叉购买
S10 referral 推荐新客户
S11 customer_value_matrix 客户价值矩阵
S11 resources 资源配置
S11 retention_strategy 保持策略
S11 resources_none 不投入
S11 dissolve_relationship 关系解除
S11 resources_moderate 适当投入
S11 rebuild_relationship 关系再造
S11 resources_heavy 重点投入
S11 maintain_relationship 高水平关系保持
S11 resources_heaviest 重中之重投入
S11 develop_relationship 不遗余力地保持、发展
S13 value_tiers 客户分级
S13 diamond 钻石客户
S13 gold 黄金客户
S13 strategic 战略客户
S13 potential 潜力客户
S13 general 一般客户
S13 problem 问题客户
S14 purchase_factors 购买因素
S15 product_share 产品份额
S15 growth 增长性
S16 no_equal_treatment 摒弃普惠制
S17 identification 客户识别
S17 segmentation 客户细分
S17 interaction 客户互动
S17 customer_retention_element 客户维系
S18 material_satisfaction 物质
S18 spiritual_satisfaction 精神
S18 social_satisfaction 社会
S18 word_of_mouth_curve 口碑曲线
S19 customer_care 客户关怀
S19 search_attribute 寻求特征
S19 experience_attribute 体验特征
S19 credence_attribute 信用特征
S20 customer_retention 客户保持
S21 churn_reasons 客户流失原因
S21 given_up 主动放弃
S21 left_on_own 主动离开
S21 poached 被挖走
S21 attracted 被吸引
S21 forced_to_leave 被迫离开
S21 other_reason 其他
S23 customer_alliance 客户联盟
S23 customisation_mode 定制模式
S23 guidance_mode 引导模式
S23 partnership_mode 合伙人模式
S24 growth_matrix 客户增长矩阵
S24 loyalty_strategy 忠诚
S24 extension_strategy 扩充
S24 acquisition_strategy 获得
S24 diversification_strategy 多样化
S24 customer_profile 客户特征描述
S26 training_task 模拟实训
S26 training_task_title 分析客户流失及流失挽回
S27 shanghai_volkswagen 上海大众
"""


def domain_terms() -> list[tuple[str, str, str]]:
    rows = [line.split() for line in DOMAIN_TERMS.strip().splitlines()]
    return [(system, key, chinese) for system, key, chinese in rows]


def wordings(file: str) -> list[tuple[str, str, str]]:
    """Return key, English and Chinese of every pair of columns ``en, zh`` or ``x_en, x_zh`` of a file."""
    rows = read_table(file)
    columns = list(rows[0])
    pairs = [(c, re.sub(r"en$", "zh", c)) for c in columns if c == "en" or c.endswith("_en")]
    return [
        (f"{file}:{next(iter(row.values()))}", row[english], row[chinese]) for row in rows for english, chinese in pairs
    ]


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("file", FILES)
def test_both_languages_are_filled_and_take_the_same_values(file: str) -> None:
    for key, english, chinese in wordings(file):
        assert english.strip(), key
        assert chinese.strip(), key
        assert english == english.strip() and chinese == chinese.strip(), key
        assert placeholders(english) == placeholders(chinese), key


@pytest.mark.parametrize("file", FILES)
def test_chinese_wordings_are_chinese(file: str) -> None:
    for key, english, chinese in wordings(file):
        # only the form of the punctuation may differ
        narrow = chinese.translate(str.maketrans({"（": " (", "）": ")", "：": ": ", "，": ", "}))
        alike = english == narrow and SAME_IN_BOTH.fullmatch(english)
        assert CHINESE.search(chinese) or alike, f"{key}: {chinese}"
        # an exam card names the book's term beside the English one
        plain = re.sub(r"\([^()]*\)", "", english) if file in ("words/exam", "rules/table_3_2") else english
        assert not CHINESE.search(plain), f"{key}: {english}"


@pytest.mark.parametrize("file", FILES)
def test_chinese_sentences_use_chinese_punctuation(file: str) -> None:
    beside_chinese = re.compile(r"[\u4e00-\u9fff][,;:?!()'\"]|[,;:?!()'\"][\u4e00-\u9fff]")
    for key, _, chinese in wordings(file):
        assert not beside_chinese.search(chinese), f"{key}: {chinese}"
        assert not re.search(r"[\u4e00-\u9fff]\.(\s|$)", chinese), f"{key}: {chinese}"
        assert chinese.count("“") == chinese.count("”"), f"{key}: {chinese}"
        assert chinese.count("（") == chinese.count("）"), f"{key}: {chinese}"


@pytest.mark.parametrize("file", FILES)
def test_files_are_plain_utf8_with_unique_keys(file: str) -> None:
    raw = (PACKAGE / f"{file}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    rows = read_table(file)
    # DictReader files surplus cells under None and fills missing ones with None
    assert all(None not in row and None not in row.values() for row in rows)
    if "key" in rows[0]:
        twice = [key for key, count in Counter(row["key"] for row in rows).items() if count > 1]
        assert not twice
        assert all(re.fullmatch(r"[A-Za-z0-9_]+", row["key"]) for row in rows)


@pytest.mark.parametrize(("system", "key", "chinese"), domain_terms())
def test_terms_hold_every_chinese_term_of_the_domain(system: str, key: str, chinese: str) -> None:
    assert (word(key).system, word(key).zh) == (system, chinese)


def test_terms_cover_every_system() -> None:
    systems = {row["system"] for row in read_table("words/terms")}
    assert systems == {f"S{number:02d}" for number in range(1, 29)}


def test_no_two_terms_are_worded_alike_within_a_system() -> None:
    # an axis of the matrix is the short form of its term, so the English wording may be shared there
    for column in ("en", "zh"):
        counts = Counter(
            (row["system"], row[column]) for row in read_table("words/terms") if not row["key"].endswith("_axis")
        )
        assert [wording for wording, count in counts.items() if count > 1] == []


def test_use_sets_the_language_and_refuses_others() -> None:
    try:
        cvm.use(language="zh")
        assert term("whale_curve") == "鲸鱼曲线"
        assert term("whale_curve", language="en") == "whale curve"
        with pytest.raises(cvm.CvmError, match="没有“fr”这种语言，可选：en, zh。"):
            cvm.use(language="fr")
        assert words.language() == "zh"
    finally:
        cvm.use(language="en")
    with pytest.raises(cvm.CvmError, match="There is no language 'Chinese'"):
        cvm.term("whale_curve", language="Chinese")


RULE_TABLES = [file for file in FILES if any(column.endswith("_en") for column in read_table(file)[0])]


@pytest.mark.parametrize("file", RULE_TABLES)
@pytest.mark.parametrize("language", words.LANGUAGES)
def test_rules_are_read_in_one_language_and_lose_nothing_else(file: str, language: str) -> None:
    whole, spoken = read_table(file), read_rules(file.removeprefix("rules/"), language)
    texts = [column.removesuffix("_en") for column in whole[0] if column.endswith("_en")]
    others = [column for column in whole[0] if not column.endswith(("_en", "_zh"))]
    assert sorted(spoken[0]) == sorted([*texts, *others])
    for row, read in zip(whole, spoken, strict=True):
        assert [read[text] for text in texts] == [row[f"{text}_{language}"] for text in texts]
        assert [read[other] for other in others] == [row[other] for other in others]


def test_rules_are_read_in_the_language_in_force() -> None:
    assert RULE_TABLES
    with speaking("zh"):
        assert (language_of(), read_rules("strategies")) == ("zh", read_rules("strategies", "zh"))
    assert (language_of(), read_rules("strategies")) == ("en", read_rules("strategies", "en"))
    with pytest.raises(cvm.CvmError, match="There is no language 'fr'"):
        read_rules("strategies", "fr")


def test_speaking_ends_with_its_block_even_after_an_error() -> None:
    with pytest.raises(RuntimeError), speaking("zh"):
        assert term("hazard") == "风险率"
        raise RuntimeError
    assert term("hazard") == "hazard"


def test_threads_speak_their_own_language() -> None:
    heard: dict[str, str] = {}
    both_speak = threading.Barrier(2)

    def speak(language: str) -> None:
        with speaking(language):
            both_speak.wait(timeout=10)
            heard[language] = term("whale_curve")

    threads = [threading.Thread(target=speak, args=(language,)) for language in ("en", "zh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"en": "whale curve", "zh": "鲸鱼曲线"}


def test_an_error_is_read_in_the_language_of_its_reader() -> None:
    error = cvm.CvmError("tables.no_rows", table="customers")
    with speaking("zh"):
        assert str(error) == "表 customers 没有数据行。请检查其来源文件或筛选条件。"
    assert str(error) == "The table customers has no rows. Check the file or the filter it comes from."


def test_say_wants_every_value() -> None:
    with pytest.raises(KeyError):
        say("language.unknown", name="fr")
    with pytest.raises(cvm.CvmError, match="no entry 'no_such_term'"):
        term("no_such_term")


def test_every_key_is_called_in_one_way() -> None:
    named = Counter(words.keys())
    assert max(named.values()) == 1
    assert "retention_rate" in named
    assert "tables.no_rows" in named
