"""Networks from ONNX files: read without their weights, translated node by node into archcalc's own ops."""
