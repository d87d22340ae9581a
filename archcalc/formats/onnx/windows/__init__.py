"""ONNX's operators that slide a window."""
