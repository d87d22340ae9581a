"""ONNX's operators on shapes."""
