"""Words of pictures in English and Chinese."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_CHINESE = {
    "train": "训练",
    "validation": "验证",
    "test": "测试",
    "loss": "损失",
    "step": "步",
    "accuracy": "准确率",
    "macro F1": "宏平均 F1",
    "weighted F1": "加权 F1",
    "balanced": "平衡准确率",
    "thick: validation, thin: training": "粗线: 验证, 细线: 训练",
    "best": "最佳",
    "true class": "真实类别",
    "predicted class": "预测类别",
    "F1": "F1",
    "precision": "精确率",
    "recall": "召回率",
    "share of the true class": "占真实类别的比例",
    "counts": "样本数",
    "percent of the true class": "占真实类别的百分比",
    "mean ± sd of {} seeds": "{} 个随机种子的均值 ± 标准差",
    "truth": "真实值",
    "history": "历史",
    "forecast": "预测",
    "last value": "最后值",
    "same time yesterday": "昨日同时",
    "hours": "小时",
    "hours from the last reading": "距最后读数的小时数",
    "starter data": "内置小样本数据",
}


def say(words: str, language: Language) -> str:
    """Return words in a language; those that have no translation stay."""
    return _CHINESE.get(words, words) if language == "zh" else words
