"""Words of pictures and reports in English and Chinese."""

from __future__ import annotations

import re
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
    "mean ± sd of {} runs": "{} 次训练的均值 ± 标准差",
    "truth": "真实值",
    "gate": "门",
    "kept": "保留",
    "written": "写入",
    "unit, by activity": "单元 (按活动量)",
    "gradient × input": "梯度 × 输入",
    "occlusion": "遮挡",
    "contribution to": "贡献对象",
    "correlation": "相关系数",
    "history": "历史",
    "forecast": "预测",
    "last value": "最后值",
    "same time yesterday": "昨日同时",
    "hours": "小时",
    "hours from the last reading": "距最后读数的小时数",
    "starter data": "内置小样本数据",
    "starter": "内置小样本数据",
    "full": "完整数据",
    "made by the task": "由任务自行生成",
    "results": "结果",
    "question and data": "问题与数据",
    "data and environment": "数据与环境",
    "published and reproduced": "原报告与复现",
    "the runs in full": "各训练的详情",
    "written texts": "写出的诗文",
    "equations": "公式",
    "commands": "重做的命令",
    "notes on this report": "关于本报告",
    "quick form": "快速形式",
    "task": "任务",
    "data": "数据",
    "source": "来源",
    "licence": "许可",
    "citation": "引用",
    "examples": "样本",
    "notes": "说明",
    "device": "设备",
    "kernel": "计算内核",
    "versions": "版本",
    "run": "训练",
    "status": "状态",
    "cell": "循环单元",
    "preset": "预设",
    "settings that differ": "不同于默认的设置",
    "the defaults": "默认设置",
    "parameters": "参数",
    "epochs": "轮数",
    "protocol": "协议",
    "network": "网络",
    "method": "方法",
    "figure": "指标",
    "published": "原报告",
    "here": "此处",
    "published protocol": "原报告的协议",
    "val": "验证",
    "language": "语言",
    "support": "样本数",
    "f1": "F1",
    "MSE": "均方误差",
    "RMSE": "均方根误差",
    "MAE": "平均绝对误差",
    "perplexity": "困惑度",
    "class": "类别",
    "category": "类别",
    "sentiment": "情感",
    "majority": "多数类",
    "unigram": "一元模型",
    "linear SVM": "线性 SVM",
    "naive Bayes": "朴素贝叶斯",
    "the grid's edge": "网格边缘",
    "gradient through time": "穿过时间的梯度",
    "norm of the gradient": "梯度的范数",
    "steps before the end": "距末尾的步数",
    "first evaluation": "首次评估",
    "bound": "上界",
    "layer {}": "第 {} 层",
    "backward": "反向",
    "0 beyond {}": "{} 步外为 0",
    "state": "状态",
    "distance {}": "距离 {}",
    "reach": "可及距离",
    "keep gate": "保留门均值",
    "half-life": "半衰期",
    "spectral radius": "谱半径",
    "queued": "排队中",
    "starting": "启动中",
    "running": "训练中",
    "stopping": "停止中",
    "finished": "已完成",
    "stopped": "已停止",
    "failed": "失败",
    "lost": "中断",
    "waiting": "等待",
    "label": "设置",
    "setting": "设置",
    "difference": "差异",
    "95 % interval": "95 % 区间",
    "clear": "明显",
    "test rows": "测试行数",
    "yes": "是",
    "no": "否",
    "both ways": "双向",
    "one way": "单向",
    "bidirectional": "方向",
    "layers": "层数",
    "hidden": "隐藏维度",
    "dropout": "丢弃率",
    "lr": "学习率",
    "optimizer": "优化器",
    "batch size": "批大小",
    "max steps": "最大步数",
    "embedding": "词向量维度",
    "seed": "种子",
    "corpus": "语料",
    "logistic regression": "逻辑回归",
    "ridge": "岭回归",
    "day shape": "日变化曲线",
    "training pool, class-balanced": "训练样本池, 各类均衡抽取",
    "form": "体裁",
    "rhyme": "韵部",
    "rhymed yes": "押韵",
    "rhymed no": "不押韵",
    "first rhymes yes": "首句入韵",
    "first rhymes no": "首句不入韵",
    "regulated yes": "合律",
    "regulated no": "不合律",
}
_SPLITS = ("test", "val")
_JOINTS = re.compile("(, | · )")


def say(words: str, language: Language) -> str:
    """Return words in a language; those that have no translation stay.

    Those of a split's metric, ``test accuracy``, and of a method with details, ``ridge (λ = 10)``, are put together.
    """
    if language != "zh":
        return words
    if words in _CHINESE:
        return _CHINESE[words]
    split, _, name = words.partition(" ")
    if words not in _CHINESE and split in _SPLITS and name:
        return f"{_CHINESE[split]}{_CHINESE.get(name, f' {name}')}"
    method, bracket, detail = words.partition(" (")
    if bracket and method in _CHINESE:
        details = ", ".join(say(one, language) for one in detail.removesuffix(")").split(", "))
        return f"{_CHINESE[method]} ({details})"
    return words


def say_label(label: str, language: Language) -> str:
    """Return the label of a run or of settings in a language: ``lstm, layers 2, both ways``; names stay."""
    return "".join(_say_setting(part, language) for part in _JOINTS.split(label))


def _say_setting(words: str, language: Language) -> str:
    """Return a setting with its value in a language; a single word may be a cell's name, and stays."""
    if " " in words and (said := say(words, language)) != words:
        return said
    name, _, value = words.rpartition(" ")
    said = say(name, language)
    return f"{said} {value}" if said != name else words


def headline(words: str, language: Language) -> str:
    """Return words as a heading: with a capital letter where the language has some."""
    said = say(words, language)
    return said[:1].upper() + said[1:]
