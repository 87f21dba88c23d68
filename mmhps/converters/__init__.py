"""What ``tools/*_converters/`` run: data sets into the layout of Cityscapes, weights into ours."""
