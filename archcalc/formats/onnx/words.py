"""What ONNX calls functions, operations, reductions and activations, for who reads them and who writes them.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

ACTIVATIONS: dict[str, tuple[str, dict[str, tuple[str, float]]]] = {
    "Relu": ("relu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "HardSwish": ("hardswish", {}),
    "Mish": ("mish", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": ("slope", 0.01)}),
    "Elu": ("elu", {"alpha": ("alpha", 1.0)}),
    "Celu": ("celu", {"alpha": ("alpha", 1.0)}),
    "ThresholdedRelu": ("thresholded_relu", {"alpha": ("alpha", 1.0)}),
}
"""The kind that is each activation, and of its settings the op's own names and what they are unless told."""

SAME = """
exp log sqrt erf sin cos tan sinh cosh asin acos atan asinh acosh atanh
abs sign floor ceil round neg reciprocal softplus softsign
"""
FUNCTIONS = {name: name.capitalize() for name in SAME.split()}
"""Functions of an element, which have the same name but for a capital."""

ARITHMETIC = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "power": "Pow",
    "minimum": "Min",
    "maximum": "Max",
}
COMPARING = {
    "equal": "Equal",
    "less": "Less",
    "less_or_equal": "LessOrEqual",
    "greater": "Greater",
    "greater_or_equal": "GreaterOrEqual",
}
LOGICAL = {"and": "And", "or": "Or", "xor": "Xor"}

REDUCTIONS = {
    "mean": "ReduceMean",
    "sum": "ReduceSum",
    "max": "ReduceMax",
    "min": "ReduceMin",
    "prod": "ReduceProd",
    "norm1": "ReduceL1",
    "norm2": "ReduceL2",
    "sum_squares": "ReduceSumSquare",
    "log_sum_exp": "ReduceLogSumExp",
}
"""What is made of all numbers along some axes."""


def by_operator(words: dict[str, str]) -> dict[str, str]:
    """Return what ops are called by what ONNX calls them."""
    return {theirs: ours for ours, theirs in words.items()}
