"""ONNX's normalisations and softmax."""
