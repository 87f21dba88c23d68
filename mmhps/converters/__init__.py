"""Data sets into Cityscapes' layout, weights into ours, checkpoints into files to share."""
