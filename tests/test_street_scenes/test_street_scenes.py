"""The street scenes that mini-Cityscapes is made of."""

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels, name2label

from mmhps.street_scenes.camera import Camera, Plane, Pose
from mmhps.street_scenes.painter import Painter
from mmhps.street_scenes.raster import in_order, silhouette, visible
from mmhps.street_scenes.scene import draw_scene, stem
from mmhps.street_scenes.sketch import BUILDINGS, LENS, SKY, Layer, Part
from mmhps.street_scenes.street import World, make_camera, make_street
from mmhps.street_scenes.style import make_city, make_light

SIZE = (256, 128)


def layer(label, corners, box=(0, 1, 10, 11), **more):
    """A layer with one polygon in pixels."""
    return Layer(label, [Part(np.array(corners, dtype=float), (200, 10, 10))], box, **more)


def square(low, high):
    """Corners of the pixels low..high in both directions."""
    a, b = low - 0.5, high + 0.5
    return [(a, a), (b, a), (b, b), (a, b)]


class TestCamera:
    camera = Camera(width=200, height=100, focal=100.0, column=90.0, horizon=40.0, eye=2.0)

    def test_projects_by_similar_triangles(self):
        # 1 m aside at 10 m: 10 px; 2 m below the eye: 20 px; a point at eye height: the horizon.
        pixels = self.camera.project(np.array([(1.0, 0.0, 10.0), (-2.0, 2.0, 20.0)]))
        np.testing.assert_allclose(pixels, [(100, 60), (80, 40)])

    def test_points_behind_the_camera_stay_finite(self):
        assert np.isfinite(self.camera.project(np.array([(1.0, 0.0, -5.0)]))).all()

    def test_ground_inverts_the_projection(self):
        x, z = self.camera.ground(1)
        np.testing.assert_allclose((x[60, 100], z[60, 100]), (1.0, 10.0), rtol=1e-6)

    def test_pose_turns_clockwise_seen_from_above(self):
        point = np.array([(2.0, 1.0, 0.5)])  # 2 m ahead, 1 m to the right, 0.5 m up
        np.testing.assert_allclose(Pose(3, 10, 0.0)(point), [(4, 0.5, 12)])
        np.testing.assert_allclose(Pose(3, 10, np.pi / 2)(point), [(5, 0.5, 9)], atol=1e-12)

    def test_viewer_is_the_camera_in_local_coordinates(self):
        pose = Pose(3, 10, 0.7)
        along, aside, up = pose.viewer(1.5)
        np.testing.assert_allclose(pose(np.array([along, aside, up])), (0, 1.5, 0), atol=1e-12)

    def test_plane_faces_the_camera(self):
        np.testing.assert_allclose(Plane((5, 10), (5, 20)).normal, (-1, 0, 0))
        np.testing.assert_allclose(Plane((-5, 20), (5, 20)).normal, (0, 0, -1))


class TestSilhouette:
    def test_fills_exactly_the_covered_pixels(self):
        shape = silhouette(layer("car", square(2, 5)), SIZE)
        mask = np.zeros((128, 256), dtype=bool)
        mask[shape.window] = shape.mask
        expected = np.zeros((128, 256), dtype=bool)
        expected[2:6, 2:6] = True
        np.testing.assert_array_equal(mask, expected)

    def test_a_line_of_pixels_is_a_polygon_of_three_corners(self):
        line = layer("pole", [(2.5, 3.5), (3.5, 3.5), (3.5, 9.5), (2.5, 9.5)])
        (polygon,) = silhouette(line, SIZE).polygons
        assert polygon.shape == (3, 2)
        assert silhouette(line, SIZE).mask.sum() == 6

    def test_outside_the_picture_there_is_none(self):
        assert silhouette(layer("car", square(300, 320)), SIZE) is None

    def test_is_cut_at_the_border(self):
        (polygon,) = silhouette(layer("car", square(-4, 3)), SIZE).polygons
        np.testing.assert_array_equal(polygon.min(axis=0), (0, 0))
        np.testing.assert_array_equal(polygon.max(axis=0), (3, 3))

    def test_a_thing_keeps_its_largest_piece_and_stuff_all(self):
        for label, pieces in (("car", 1), ("pole", 2)):
            both = layer(label, square(2, 5))
            both.parts.append(Part(np.array(square(20, 30), dtype=float), (0, 0, 0)))
            shape = silhouette(both, SIZE)
            assert len(shape.polygons) == pieces
            np.testing.assert_array_equal(shape.polygons[0].min(axis=0), (20, 20))

    def test_parts_that_are_not_solid_do_not_count(self):
        lamp = layer("car", square(2, 5))
        lamp.parts.append(Part(np.array(square(5, 30), dtype=float), (0, 0, 0), solid=False))
        assert silhouette(lamp, SIZE).mask.sum() == 16


class TestOrder:
    def order(self, *layers):
        return [item.label for item in in_order(list(layers))]

    def test_nothing(self):
        assert in_order([]) == []

    def test_far_before_near_and_ranks_first(self):
        near = layer("car", square(0, 9), box=(0, 2, 10, 14))
        far = layer("bus", square(0, 9), box=(0, 2, 20, 24))
        hood = layer("ego vehicle", square(0, 9), rank=LENS)
        house = layer("building", square(0, 9), box=(0, 2, 5, 6), rank=BUILDINGS)
        assert self.order(hood, near, house, far) == ["building", "bus", "car", "ego vehicle"]

    def test_beside_a_long_vehicle_the_side_decides(self):
        # A tram along the left of the road: whoever stands between it and the camera's lane is
        # painted after it, whoever stands behind it before, though both are near its far end.
        tram = layer("train", square(10, 90), box=(-8, -5, 10, 40))
        inner = layer("person", square(85, 95), box=(-4, -3, 35, 36))
        outer = layer("rider", square(5, 15), box=(-10, -9, 12, 13))
        assert self.order(inner, tram, outer) == ["rider", "train", "person"]


class TestVisible:
    def shapes(self, *layers):
        return [silhouette(item, SIZE) for item in layers]

    def labels(self, shapes):
        return [shape.layer.label for shape in visible(shapes, SIZE)]

    def test_nothing(self):
        assert visible([], SIZE) == []

    def test_what_is_hidden_is_dropped(self):
        shapes = self.shapes(layer("pole", square(4, 6)), layer("car", square(0, 20)))
        assert self.labels(shapes) == ["car"]

    def test_things_of_which_a_sliver_shows_are_dropped_and_stuff_is_not(self):
        # 21² - 20² = 41 of 441 pixels show: more than the least area, less than the least share.
        cover = layer("car", square(0, 19))
        assert self.labels(self.shapes(layer("bus", square(0, 20)), cover)) == ["car"]
        assert self.labels(self.shapes(layer("wall", square(0, 20)), cover)) == ["wall", "car"]

    def test_a_dropped_thing_hides_nothing(self):
        shapes = self.shapes(
            layer("pole", square(20, 23)), layer("bus", square(0, 20)), layer("car", square(0, 19))
        )
        assert self.labels(shapes) == ["pole", "car"]


class TestPainter:
    def world(self, rng):
        city = make_city(0, "nowhere")
        street = make_street(rng, city, tram=False)
        return World(rng, make_camera(rng, *SIZE, high=False), make_light(rng), city, street)

    @pytest.mark.parametrize("seed", range(4))
    def test_the_picture_shows_what_the_polygons_say(self, seed):
        rng = np.random.default_rng(seed)
        sky = layer("sky", [(-0.5, -0.5), (255.5, -0.5), (255.5, 127.5), (-0.5, 127.5)], rank=SKY)
        sky.parts[0].colour = (120, 120, 120)
        shapes = [silhouette(item, SIZE) for item in (sky, layer("car", square(30, 60)))]
        image = Painter(self.world(rng), rng).paint(shapes).astype(int)
        red = image[..., 0] - image[..., 1] > 0.5 * (image[45, 45, 0] - image[45, 45, 1])
        expected = np.zeros_like(red)
        expected[30:61, 30:61] = True
        assert red[31:60, 31:60].all()
        assert (red != expected).sum() < 4 * 31 * 0.5  # of the outline, less than half

    def test_nothing_to_paint_is_a_sky(self):
        rng = np.random.default_rng(0)
        image = Painter(self.world(rng), rng).paint([])
        assert image.shape == (128, 256, 3) and image.dtype == np.uint8


class TestScene:
    def test_same_arguments_same_picture(self):
        first, second = (draw_scene(5, "val", 3, (96, 48)) for _ in range(2))
        np.testing.assert_array_equal(first[0], second[0])
        assert first[1] == second[1]

    def test_splits_share_nothing(self):
        train, val = (draw_scene(0, split, 0, (96, 48))[0] for split in ("train", "val"))
        assert (train != val).mean() > 0.5

    @pytest.mark.parametrize("size", [(64, 32), (131, 67), (60, 90)])
    def test_any_size(self, size):
        image, annotation = draw_scene(0, "train", 1, size)
        assert image.shape == (size[1], size[0], 3) and image.dtype == np.uint8
        assert annotation["objects"][0]["label"] == "sky"

    def test_one_picture_in_25_holds_no_thing(self):
        _, annotation = draw_scene(0, "train", 13, SIZE)
        things = [
            item["label"]
            for item in annotation["objects"]
            if name2label[item["label"].removesuffix("group")].hasInstances
        ]
        assert things == []

    def test_names_alternate_between_cities(self):
        assert stem("train", 4) == "birkenau_000004_000019"
        assert {stem("val", i).split("_")[0] for i in range(9)} == {"dornfurt", "eichhafen"}

    def test_few_pictures_hold_every_class_many_things_and_a_crowd(self):
        names = [
            [item["label"] for item in draw_scene(0, "val", index, SIZE)[1]["objects"]]
            for index in range(20)
        ]
        occurring = {name for scene in names for name in scene}
        assert {label.name for label in labels if not label.ignoreInEval} <= occurring
        assert any(name.endswith("group") for name in occurring)
        things = [
            sum(name in name2label and name2label[name].hasInstances for name in scene)
            for scene in names
        ]
        assert np.mean(things) > 8 and max(things) > 30
