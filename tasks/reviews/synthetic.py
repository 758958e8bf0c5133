"""The starter reviews, from templates: ``python -m tasks.reviews.synthetic FOLDER`` writes the CSV file."""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tasks.reviews.settings import CATEGORIES
from tasks.shared.text.templates import fill

FILE = "online_shopping_10_cats.csv"
EACH = 40  # reviews of each category
_SEED = 2026
_THINGS: Mapping[str, Sequence[str]] = dict(
    zip(
        CATEGORIES,
        (
            ("情节", "文笔", "作者的观点", "印刷", "纸张", "译文", "故事", "插图"),
            ("屏幕", "触摸笔", "系统", "看电影的效果", "平板的手感", "分辨率", "十寸的屏", "保护套"),
            ("信号", "通话声音", "手机的外观", "待机时间", "拍照", "短信功能", "按键", "铃声"),
            ("苹果", "橙子", "果肉", "水果的味道", "猕猴桃", "果皮", "甜度", "葡萄"),
            ("香味", "洗头的泡沫", "去屑的效果", "洗后的头发", "瓶盖", "洗发水", "护发素", "头皮"),
            ("加热的速度", "安装师傅", "水温", "热水器", "水箱", "安装费", "花洒", "保温"),
            ("牛奶", "奶的口感", "酸奶", "蒙牛的品质", "奶盒", "保质期", "奶味", "吸管"),
            ("布料", "衣服的颜色", "尺码", "做工", "裤子", "线头", "款式", "袖子"),
            ("键盘", "显卡", "笔记本", "散热", "内存", "电脑的速度", "硬盘", "驱动"),
            ("房间", "前台", "早餐", "酒店的位置", "床", "空调的声音", "服务员", "浴室"),
        ),
        strict=True,
    )
)
_WORDS: Mapping[str, Sequence[str]] = {
    "first": ("前天收到的，", "朋友推荐的，", "用了一个星期，", "等了三天，", "第二次来了，", "说实话，", ""),
    "good": ("{thing}很好", "{thing}比想象中好", "{thing}让人满意", "{thing}没得说", "最喜欢{thing}"),
    "bad": ("{thing}太差了", "{thing}和描述的不一样", "{thing}让人失望", "{thing}有问题", "不喜欢{thing}"),
    "well": ("，下次还来。", "，值得！", "，推荐给大家。", "，五分。"),
    "ill": ("，不会再来了。", "，后悔。", "，请大家小心。", "，只能给一分。"),
}


def rows() -> Iterator[tuple[str, int, str]]:
    """(category, 1 for a good review, review), category after category as in the original."""
    draw = random.Random(_SEED)
    for category in CATEGORIES:
        words = {**_WORDS, "thing": _THINGS[category]}
        for number in range(EACH):
            good = number % 2 == 0
            saying, end = ("{good}", "{well}") if good else ("{bad}", "{ill}")
            yield category, int(good), fill("{first}" + "，".join([saying] * draw.randint(1, 3)) + end, words, draw)


def text() -> str:
    """The file's whole text, with the original's mark at its head."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["cat", "label", "review"])
    writer.writerows(rows())
    return "\ufeff" + lines.getvalue()


if __name__ == "__main__":
    (Path(sys.argv[1]) / FILE).write_text(text(), encoding="utf-8", newline="")
