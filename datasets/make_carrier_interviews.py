"""Make the interviews of the carrier case: the four customers of the textbook, and 200 reason texts of ours.

    python datasets/make_carrier_interviews.py

``carrier_interviews`` holds facts only; how the four are to be coded is for the students. ``carrier_reasons`` holds
texts made from the sentences of ``reason_sentences.csv``, ``carrier_reasons_truth`` what each was written for.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from parquet_files import run

from cvmlab.core.random import draws

SEED = 21
TEXTS = 200
ORDER, YEARS, MONTHS, TIMES, MONEY, PLACE, RIVAL, OPENING = range(1_000, 1_008)

# {place} and {rival} in both languages; numbers are the same in both.
PLACES = (
    ("Beijing", "北京"), ("Jinan", "济南"), ("Shenzhen", "深圳"), ("Guangzhou", "广州"), ("Chengdu", "成都"),
    ("Wuhan", "武汉"), ("Xi'an", "西安"), ("Harbin", "哈尔滨"), ("Kunming", "昆明"), ("Nanjing", "南京"),
)  # fmt: skip
RIVALS = (("Unicom", "联通"), ("Telecom", "电信"))

# What is said before the reason when a sentence is used again.
OPENINGS = (
    (("", ""),),
    (
        ("You ask me why? ", "你们问我为什么？"),
        ("I thought about it for a long time. ", "这事我想了很久。"),
        ("There is not much to say. ", "没什么好说的。"),
    ),
    (
        ("Do not take it personally. ", "你别往心里去。"),
        ("Please write this down. ", "麻烦你记一下。"),
        ("I would have stayed otherwise. ", "不然我也不会走。"),
    ),
)

INTERVIEWS = (
    {
        "customer_id": "Y", "gender": "male", "age": 26, "city": "Beijing", "customer_since": "2001",
        "work_en": "information technology, Fortune 500 firm", "work_zh": "世界五百强企业，信息技术",
        "joined": "Unicom", "kept_old_number": False, "changed": "2010-11-27/2010-12-03",
        "story_en": "Left for the iPhone. Paid 5,800 yuan in advance for a two-year contract. Likes its many "
        "applications and its interface, follows fashion and his circle, and thinks that 50 to 100 "
        "acquaintances changed to Unicom for it.",
        "story_zh": "为了 iPhone 转网，预存 5,800 元，签两年合约。喜欢它丰富的应用和界面，追随潮流和身边的圈子，"
        "估计有 50 至 100 位熟人因此转到了联通。",
    },
    {
        "customer_id": "S", "gender": "male", "age": 28, "city": "Jinan", "customer_since": "2002",
        "work_en": "graduate of a key university", "work_zh": "重点大学毕业",
        "joined": "Telecom", "kept_old_number": False, "changed": "2010-11-20",
        "story_en": "Since 20 November with a 189 number of Telecom: the tariff is cheaper, and the handset was free.",
        "story_zh": "自 11 月 20 日起改用电信 189 号码：资费更便宜，还送手机。",
    },
    {
        "customer_id": "L", "gender": "male", "age": 30, "city": "Shenzhen", "customer_since": "2001",
        "work_en": "government office", "work_zh": "政府机关",
        "joined": "Unicom", "kept_old_number": True, "changed": "2010-11-27/2010-12-03",
        "story_en": "Bought an iPhone 4 without a contract, for online maps and video. Finds Mobile's GPRS slow, wants "
        "Unicom's 3G. His office is in Mobile's group network, and the leaders use it: he cannot leave yet "
        "and keeps both.",
        "story_zh": "买了裸机 iPhone 4，想用在线地图和视频。嫌移动的 GPRS 慢，想用联通 3G。单位加入了移动的集群网，"
        "领导都在用，暂时走不了，于是两个号都留着。",
    },
    {
        "customer_id": "H", "gender": "male", "age": 50, "city": "Guangzhou", "customer_since": "",
        "work_en": "professor of management", "work_zh": "管理学教授",
        "joined": "Unicom", "kept_old_number": False, "changed": "2010-12",
        "story_en": "A customer of many years. Went from a 135 number to Unicom's 186 and told everybody: "
        "I have changed to an iPhone. He names the device, not the carrier.",
        "story_zh": "多年的老客户，由 135 号段换成联通 186 号段，逢人便说“我换 iPhone 了”。他说的是手机，不是运营商。",
    },
)  # fmt: skip


def read_sentences() -> list[dict[str, str]]:
    """Return our own sentences: ``reason``, ``second_reason``, and the sentence in ``en`` and ``zh``.

    Places in a sentence: years, months, times, money, place, rival.
    """
    with (Path(__file__).parent / "reason_sentences.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def reasons() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the texts and their truth; every sentence is used at least twice, in an order of chance."""
    sentences = read_sentences()
    place = np.arange(TEXTS)
    order = np.argsort(draws.uniform(SEED, place, 0, ORDER), kind="stable")

    def pick(purpose: int, lowest: int, count: int, step: int = 1) -> list[int]:
        return (lowest + step * (count * draws.uniform(SEED, place, 0, purpose)).astype(int)).tolist()

    years, months, times = pick(YEARS, 4, 9), pick(MONTHS, 2, 8), pick(TIMES, 2, 5)
    money, towns, rivals = pick(MONEY, 20, 19, 10), pick(PLACE, 0, len(PLACES)), pick(RIVAL, 0, len(RIVALS))
    openings = pick(OPENING, 0, len(OPENINGS[-1]))
    rows, codes = [], []
    for number, source in enumerate(order.tolist()):
        sentence = sentences[source % len(sentences)]
        choice = OPENINGS[source // len(sentences)]
        opening = choice[openings[source] % len(choice)]
        text_id = f"R{number + 1:03d}"
        filled = [
            opening[language]
            + text.format(
                years=years[source], months=months[source], times=times[source], money=money[source],
                place=PLACES[towns[source]][language], rival=RIVALS[rivals[source]][language],
            )
            for language, text in enumerate((sentence["en"], sentence["zh"]))
        ]  # fmt: skip
        rows.append({"customer_id": text_id, "text_en": filled[0], "text_zh": filled[1]})
        codes.append({"customer_id": text_id, "reason": sentence["reason"], "second_reason": sentence["second_reason"]})
    return pd.DataFrame(rows), pd.DataFrame(codes)


def tables() -> dict[str, pd.DataFrame]:
    """Return the interview datasets by name."""
    texts, codes = reasons()
    return {
        "carrier_interviews": pd.DataFrame(list(INTERVIEWS)),
        "carrier_reasons": texts,
        "carrier_reasons_truth": codes,
    }


if __name__ == "__main__":
    run(__doc__, tables)
