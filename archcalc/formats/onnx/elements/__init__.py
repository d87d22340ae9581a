"""ONNX's operators on each element."""
