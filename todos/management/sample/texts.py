"""Texts that people might write, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_NAMES = """
Ada Anna Ben Clara David Elena Felix Grace Hugo Iris Jonas Kira Leo Maya Noah Olive
Paul Quinn Rosa Sam Tara Uma Victor Wendy Yann Zoe
小明 小红 丽娜 志强 静 伟 芳 洋 敏 磊
"""
GIVEN_NAMES = tuple(_NAMES.split())
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Europe/London",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "UTC",
)


@dataclass(frozen=True)
class Language:
    """Texts in one language; names in braces are replaced by random words."""

    code: str
    lists: tuple[str, ...]
    labels: tuple[str, ...]
    contents: tuple[str, ...]
    notes: tuple[str, ...]
    comments: tuple[str, ...]
    words: dict[str, tuple[str, ...]]

    def list_name(self, random: Random) -> str:
        return self._text(random, self.lists)

    def content(self, random: Random) -> str:
        return self._text(random, self.contents)

    def notes_text(self, random: Random) -> str:
        count = random.choice((1, 1, 2, 3))
        return "\n".join(self._text(random, self.notes) for _ in range(count))

    def comment(self, random: Random) -> str:
        return self._text(random, self.comments)

    def _text(self, random: Random, patterns: tuple[str, ...]) -> str:
        choice = random.choice
        chosen = {name: choice(words) for name, words in self.words.items()}
        return choice(patterns).format_map(
            chosen
            | {"number": random.randint(2, 60), "code": random.randint(100, 9999)}
        )


ENGLISH = Language(
    code="en",
    lists=(
        "{place} renovation",
        "Release {number}.{number}",
        "{thing} for the {place}",
        "Weekly shopping",
        "Trip to {town}",
        "Onboarding {number}",
        "Support, week {number}",
        "{topic}",
    ),
    labels=("urgent", "waiting", "phone", "errand", "quick", "idea", "home", "budget"),
    contents=(
        "{verb} the {thing}",
        "{verb} the {thing} in the {place}",
        "{verb} {number} {things}",
        "{verb} the {thing} before the trip to {town}",
        "Call {who} about the {thing}",
        "Write to {who}: {topic}",
        "Ask {who} for the {thing}",
        "Read chapter {number} on {topic}",
        "Prepare {topic} for {who}",
        "Pay invoice {code} ({thing})",
        "Answer ticket {code}: {thing}",
        "Book a room in {town} for {number} people",
    ),
    notes=(
        "{who} has the key to the {place}.",
        "See ticket {code}; {who} knows more.",
        "The {thing} costs about {number} euros, delivery included.",
        "Not before the {thing} has arrived.",
        "Numbers for {topic} are in the shared folder, page {number}.",
        "Open from 9 to 17, closed on the {number}th.",
    ),
    comments=(
        "Done with the {thing}, the {place} is next.",
        "Can somebody else take this? I am in {town} until the {number}th.",
        "{who} says it takes {number} days.",
        "Thanks!",
        "I would wait for the {thing}.",
        "Moved it: ticket {code} comes first.",
    ),
    words={
        "verb": (
            "Buy",
            "Order",
            "Repair",
            "Clean",
            "Check",
            "Replace",
            "Measure",
            "Return",
            "Compare",
            "Sort",
            "Move",
            "Label",
        ),
        "thing": (
            "bicycle",
            "curtain",
            "contract",
            "invoice",
            "router",
            "printer",
            "ladder",
            "lamp",
            "heating",
            "calendar",
            "report",
            "passport",
            "spare key",
            "water meter",
            "backup",
            "first aid kit",
        ),
        "things": (
            "chairs",
            "tomatoes",
            "envelopes",
            "light bulbs",
            "boxes",
            "tickets",
            "stamps",
            "cables",
            "bags of soil",
            "name tags",
        ),
        "place": (
            "Kitchen",
            "Garden",
            "Office",
            "Cellar",
            "Workshop",
            "Balcony",
            "Library",
            "Hall",
        ),
        "town": ("Lisbon", "Hangzhou", "Turin", "Leeds", "Kyoto", "Porto", "Bergen"),
        "who": (
            "the plumber",
            "the landlord",
            "the dentist",
            "accounting",
            "the school",
            "the neighbours",
            "the carrier",
            "the whole team",
        ),
        "topic": (
            "the budget",
            "opening hours",
            "the summer party",
            "tax forms",
            "data protection",
            "the new website",
            "fire safety",
            "the move",
        ),
    },
)

CHINESE = Language(
    code="zh-hans",
    lists=(
        "{place}装修",
        "第{number}期发布",
        "{town}之行",
        "每周采购",
        "{topic}",
        "第{number}周值班",
    ),
    labels=("紧急", "等待", "电话", "外出", "很快", "想法", "家里", "预算"),
    contents=(
        "{verb}{thing}",
        "{verb}{place}的{thing}",
        "买{number}个{things}",
        "给{who}打电话，谈{topic}",
        "写信给{who}：{topic}",
        "向{who}要{thing}",
        "读第{number}章：{topic}",
        "为{who}准备{topic}",
        "付{code}号账单（{thing}）",
        "好好学习{topic}，每天{number}分钟",
        "预订{town}的酒店，{number}人",
    ),
    notes=(
        "{who}有{place}的钥匙。",
        "见工单{code}，{who}更清楚。",
        "{thing}大约{number}元，包括运费。",
        "等{thing}到了再说。",
        "{topic}的数字在共享文件夹第{number}页。",
    ),
    comments=(
        "{thing}好了，下一步是{place}。",
        "我在{town}，{number}号才回来，谁能接手？",
        "{who}说要{number}天。",
        "谢谢！",
        "先等{thing}吧。",
    ),
    words={
        "verb": ("修理", "检查", "更换", "清洗", "测量", "退回", "整理", "比较"),
        "thing": (
            "自行车",
            "窗帘",
            "合同",
            "路由器",
            "打印机",
            "暖气",
            "日历",
            "报告",
            "护照",
            "备用钥匙",
            "水表",
            "急救箱",
        ),
        "things": ("西红柿", "信封", "灯泡", "纸箱", "插座", "苹果", "文件夹"),
        "place": ("厨房", "花园", "办公室", "地下室", "阳台", "书房", "大厅"),
        "town": ("杭州", "成都", "里斯本", "京都", "厦门", "西安"),
        "who": ("水管工", "房东", "牙医", "财务", "学校", "邻居", "快递", "全组"),
        "topic": ("预算", "开放时间", "年会", "税表", "数据保护", "新网站", "消防"),
    },
)
LANGUAGES = (ENGLISH, ENGLISH, CHINESE)
