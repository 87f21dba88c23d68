"""The page, in gradio: it passes on what people do, and shows what :mod:`.view` makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from mmhps.results import PanopticResult, ResultFolder
from mmhps.runtime import OnnxModel
from mmhps.runtime.onnx_inferencer import segmented

from . import view
from .photos import MAX_MEGABYTES, MAX_MEGAPIXELS, PhotoError, read_photo

__all__ = ["build_page"]

_SECONDS = 3600
"""How long the server keeps what a page shows, at most."""
_PARTS = 5
"""What :meth:`_Handlers.show` returns."""
_INTRODUCTION = """# Panoptic segmentation
Drop a photo: every pixel gets a class, and every countable thing is one segment of its own. The
photo stays on this machine and is deleted as soon as it is read. At most {megabytes} MB and
{megapixels} megapixels.
"""


@dataclass(frozen=True)
class _Handlers:
    """What happens on the page.

    Attributes:
        model: The exported model.
        examples: Pictures to try, (H, W, 3) uint8 RGB each.
        folder: Where files to download are written, a folder for each visitor.
    """

    model: OnnxModel
    examples: Sequence[np.ndarray]
    folder: Path

    def on_photo(self, path: str | None, name: str, min_score: float) -> tuple[Any, ...]:
        """Segment an uploaded file and delete it; the place to drop photos is free again."""
        try:
            image = read_photo(path)
        except PhotoError as error:
            gr.Warning(str(error), duration=None)
            return None, *[gr.skip()] * (_PARTS + 3)  # what was shown before stays
        finally:
            Path(path).unlink(missing_ok=True)
        return None, *self._segmented(image, Path(path).stem, name, min_score)

    def on_example(self, name: str, min_score: float, event: gr.SelectData) -> tuple[Any, ...]:
        """Segment an example."""
        title = f"example{event.index + 1}"
        return self._segmented(self.examples[event.index], title, name, min_score)

    def _segmented(
        self, image: np.ndarray, title: str, name: str, min_score: float
    ) -> tuple[Any, ...]:
        """The result, nothing chosen in it, its part of the page, and :meth:`show`."""
        result = segmented(self.model, self.model.meta, image, image_id=title)
        return result, None, gr.update(visible=True), *self.show(result, name, min_score, None)

    def on_pixel(self, event: gr.SelectData) -> tuple[int, int]:
        """Choose a segment in the picture."""
        return tuple(event.index)

    def on_row(
        self, result: PanopticResult | None, min_score: float, event: gr.SelectData
    ) -> tuple[int, int] | None:
        """Choose a segment in the table; any of its pixels stands for it."""
        if result is None:  # show says so
            return None
        shown = view.confident(result, min_score)[0]
        info = view.largest_first(shown)[event.index[0]]
        y, x = np.argwhere(shown.ids == info["id"])[0].tolist()
        return x, y

    def show(
        self, result: PanopticResult | None, name: str, min_score: float, spot: tuple | None
    ) -> tuple[Any, ...]:
        """Picture, summary, chosen segment, legend and table."""
        if result is None:
            gr.Warning("The photo is no longer kept. Drop it again.", duration=None)
            return (gr.skip(),) * _PARTS
        shown, hidden = view.confident(result, min_score)
        info = view.segment_at(shown, *spot) if spot else None
        return (
            view.drawn(shown, name, info["id"] if info else 0),
            view.summary(shown, hidden, min_score),
            view.described(shown, info) if spot else "Click a segment to see what it is.",
            view.legend(shown),
            view.table(shown),
        )

    def files(
        self, result: PanopticResult | None, min_score: float, request: gr.Request
    ) -> list[Any]:
        """Write the overlay, the ids and the JSON file of what is shown."""
        if result is None:
            return [gr.skip()] * 3
        folder = self.folder / request.session_hash
        shutil.rmtree(folder, ignore_errors=True)
        shown = view.confident(result, min_score)[0]
        results = ResultFolder(folder, self.model.meta)
        results.add(shown, shown.overlay())
        results.close()
        title = shown.image_id  # browsers save all into one folder
        overlay = (folder / "overlays" / f"{title}.png").rename(folder / f"{title}_overlay.png")
        return [
            str(overlay),
            str(folder / "panoptic" / f"{title}.png"),
            str(folder / "panoptic.json"),
        ]

    def forget(self, request: gr.Request) -> None:
        """Delete the files of a visitor who leaves."""
        shutil.rmtree(self.folder / request.session_hash, ignore_errors=True)


def build_page(model: OnnxModel, examples: Sequence[np.ndarray], folder: Path) -> gr.Blocks:
    """Build the page.

    Args:
        model: The exported model.
        examples: Pictures to try, (H, W, 3) uint8 RGB each.
        folder: Where files to download are written.
    """
    act = _Handlers(model, examples, folder)
    title = "mmhps: panoptic segmentation"
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(600, _SECONDS)) as page:
        limits = dict(megabytes=MAX_MEGABYTES, megapixels=MAX_MEGAPIXELS)
        gr.Markdown(_INTRODUCTION.format(**limits) + f"Model: {model.meta['config']}.")
        result, spot = gr.State(time_to_live=_SECONDS), gr.State(time_to_live=_SECONDS)
        photo, gallery = _photo_part(examples)
        with gr.Column(visible=False, elem_id="result") as shown:
            controls, outputs, buttons = _result_part()
        _connect(act, (photo, gallery), (result, spot, shown), controls, outputs, buttons)
        page.unload(act.forget)
    return page


def _photo_part(examples: Sequence[np.ndarray]) -> tuple[gr.Image, gr.Gallery]:
    """The part of the page where a photo is dropped or an example is clicked."""
    with gr.Row():
        photo = gr.Image(
            label="Drop, paste or choose a photo",
            type="filepath",
            image_mode=None,
            sources=["upload", "clipboard"],
            height=240,
            elem_id="photo",
        )
        # Its own opens the file, and shows "Error" without a word for what is no picture.
        photo.preprocess = lambda uploaded: uploaded and uploaded.path
        gallery = gr.Gallery(
            [(image, f"example {n}") for n, image in enumerate(examples, 1)],
            label="Or click a drawn street",
            columns=3,
            height=240,
            object_fit="cover",
            allow_preview=False,
            interactive=False,
            buttons=[],
            elem_id="examples",
        )
    return photo, gallery


def _result_part() -> tuple[list, list, list]:
    """The part of the page below the photo: controls, outputs and buttons to download."""
    with gr.Row():
        name = gr.Radio(view.VIEWS, value=view.VIEWS[0], label="Show", elem_id="view")
        min_score = gr.Slider(
            0, 1, 0, step=0.05, label="Hide instances with a score below", elem_id="score"
        )
    summary = gr.Markdown(elem_id="summary")
    picture = gr.Image(
        interactive=False, format="png", show_label=False, buttons=["fullscreen"], elem_id="picture"
    )
    chosen = gr.Markdown(elem_id="chosen")
    legend = gr.HTML(elem_id="legend")
    with gr.Row():
        buttons = [
            gr.DownloadButton(text)
            for text in ("Overlay (PNG)", "Segment ids (PNG)", "Segments (JSON)")
        ]
    rows = gr.Dataframe(
        headers=list(view.COLUMNS), interactive=False, label="Segments", elem_id="segments"
    )
    return [name, min_score], [picture, summary, chosen, legend, rows], buttons


def _connect(
    act: _Handlers, sources: tuple, kept: tuple, controls: list, outputs: list, buttons: list
) -> None:
    """Say what happens on which event; ``kept`` are the result, the chosen spot and their part."""
    (photo, gallery), (result, spot, _), (name, min_score) = sources, kept, controls
    picture, rows = outputs[0], outputs[-1]
    files = [result, min_score]
    for event in (
        photo.upload(act.on_photo, [photo, *controls], [photo, *kept, *outputs]),
        gallery.select(act.on_example, controls, [*kept, *outputs]),
    ):
        event.success(act.files, files, buttons)
    arguments = [result, name, min_score, spot]
    for event in (
        picture.select(act.on_pixel, None, spot),
        rows.select(act.on_row, [result, min_score], spot),
    ):
        event.success(act.show, arguments, outputs)
    name.change(act.show, arguments, outputs)
    min_score.change(act.show, arguments, outputs).success(act.files, files, buttons)
