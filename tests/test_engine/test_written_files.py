"""Predictions that are written to files: of images left out, and of images with one id."""

from types import SimpleNamespace

import pytest

from mmhps.engine import written_files
from mmhps.engine.written_files import WrittenFilesHook


@pytest.mark.parametrize(("left_out", "prefix"), [((0, 0), "p"), ((1, 2), None), ((1, 2), "p")])
def test_files_without_some_images_are_warned_of(monkeypatch, left_out, prefix):
    log = []
    monkeypatch.setattr(written_files, "print_log", lambda text, **options: log.append(text))
    parts = [SimpleNamespace(left_out=number) for number in left_out]
    loop = SimpleNamespace(
        dataloader=SimpleNamespace(dataset=SimpleNamespace(datasets=parts)),
        evaluator=SimpleNamespace(metrics=[SimpleNamespace(outfile_prefix=prefix)]),
    )
    WrittenFilesHook().after_test_epoch(SimpleNamespace(test_loop=loop))
    if sum(left_out) and prefix:
        assert "filter_cfg left out 3 images" in log[0]
        assert "set test_dataloader.dataset.filter_cfg=None" in log[0]
    else:
        assert log == []


class Images(list):
    """A data set of (id, path) pairs."""

    def get_data_info(self, index):
        return dict(zip(("img_id", "img_path"), self[index], strict=True))


@pytest.mark.parametrize(
    ("images", "prefix", "fails"),
    [
        ([], "p", False),
        ([(1, "a/1.png"), (2, "b/1.png")], "p", False),
        ([(1, "a/1.png"), (1, "a/1.png")], "p", False),  # the same image again
        ([(1, "a/1.png"), (1, "b/1.png")], None, False),
        ([(1, "a/1.png"), (2, "a/2.png"), (1, "b/1.png")], "p", True),
        ([(1, "a/1.png"), ("1", "b/1.png")], "p", True),  # one file name
    ],
)
def test_images_with_one_id(images, prefix, fails):
    loop = SimpleNamespace(
        dataloader=SimpleNamespace(dataset=Images(images)),
        evaluator=SimpleNamespace(metrics=[SimpleNamespace(outfile_prefix=prefix)]),
    )
    for split in ("val", "test"):
        runner = SimpleNamespace(**{f"{split}_loop": loop})
        check = getattr(WrittenFilesHook(), f"before_{split}_epoch")
        if fails:
            with pytest.raises(ValueError, match=f"a/1.png and b/1.png both .* of {split}_dataloa"):
                check(runner)
        else:
            check(runner)
