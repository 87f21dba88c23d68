"""What ``tools/*_converters/`` run: data sets into Cityscapes' layout, weights into ours and to share."""
