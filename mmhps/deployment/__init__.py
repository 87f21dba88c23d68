"""The whole network as one ONNX graph of standard operators, from the image to the segments."""
