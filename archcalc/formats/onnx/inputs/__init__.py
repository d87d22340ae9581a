"""ONNX's tensors by themselves."""
