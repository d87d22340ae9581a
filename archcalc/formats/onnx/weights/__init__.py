"""ONNX's operators with weights."""
