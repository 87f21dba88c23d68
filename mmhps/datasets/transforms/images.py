"""Load images as the inferencer does."""

from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS

from mmhps.structures.picture_files import read_picture


@TRANSFORMS.register_module()
class LoadPicture(LoadImageFromFile):
    """Load an image with :func:`mmhps.structures.picture_files.read_picture`.

    The data sets of mmhps use it in the place of a ``LoadImageFromFile`` for colour images on disk.
    The backends of that one differ from each other and from the inferencer: Pillow cuts 16-bit grey
    at 255, so that every pixel is white.

    Required keys: ``img_path``. Added keys: ``img`` (H, W, 3) uint8 BGR (float32 with
    ``to_float32``), ``img_shape``, ``ori_shape``.

    Raises:
        OSError: The file is missing, damaged or no picture.
    """

    @staticmethod
    def instead_of(step: object) -> object:
        """The step itself, or this transform if it is a ``LoadImageFromFile`` that it replaces."""
        plain = type(step) is LoadImageFromFile and step.color_type == "color"
        if not plain or step.backend_args or step.file_client_args or step.ignore_empty:
            return step
        return LoadPicture(to_float32=step.to_float32)

    def transform(self, results: dict) -> dict:
        """Read the image. See the class."""
        image = read_picture(results["img_path"])
        results["img"] = image.astype("float32") if self.to_float32 else image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results
