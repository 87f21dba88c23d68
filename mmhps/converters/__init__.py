"""Data sets brought into the layout of Cityscapes: what ``tools/dataset_converters/`` run."""
