"""Pictures: which there are, that they show what is scored, and that nothing is left over of what is gone."""

import gzip
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import psutil
import pytest
from django.core.cache import cache
from numpy.typing import NDArray
from PIL import Image
from pytest_django import Settings

from leaderboard.domain import pictures, ranking
from leaderboard.domain.evaluation import pictures as making
from leaderboard.domain.evaluation.painting import Painter
from leaderboard.enums import RenderingState
from leaderboard.folder import store
from leaderboard.models import Dataset, Entry, Evaluation, Phase, Picture, Rendering
from leaderboard.pictures import scales
from scoring.fields import Field
from scoring.spec import RULES, read_config
from tests.leaderboard import make
from tests.leaderboard.domain.conftest import Score
from tests.leaderboard.stack import Stack
from tests.scoring.phantom_l2r import write_learn2reg

DSC_PAIRS, TRE_PAIRS = 6, 2
# Kinds a plane: of a case with labels, with landmarks; before registration and of a field.
BEFORE = {"dice": 6, "tre": 4}
AFTER = {"dice": 7, "tre": 6}


@pytest.fixture(autouse=True)
def _store(settings: Settings, tmp_path: Path) -> None:
    cache.clear()
    settings.MEDIA_ROOT = tmp_path


def show(phase: Phase, public: bool = True) -> None:
    Dataset.objects.filter(phases=phase).update(public=public)


@pytest.fixture
def entry(phantom_phase: Phase, scored: Score) -> Entry:
    """An entry that stands on the board of a phase whose one dataset is public."""
    show(phantom_phase)
    entry = make.entry(make.team(phantom_phase.challenge), name="My method")
    scored(phantom_phase, entry)
    ranking.update_board(phantom_phase.pk)
    return entry


def files() -> set[str]:
    return {kept.name for kept in store("pictures").walk()}


def test_every_case_of_a_public_dataset_is_drawn_before_and_after(entry: Entry) -> None:
    pictures.order()
    assert Rendering.objects.count() == 2 * (DSC_PAIRS + TRE_PAIRS)
    for pk in pictures.waiting(100):
        making.render(pk)
    assert set(Rendering.objects.values_list("state", flat=True)) == {RenderingState.DONE}
    for rendering in Rendering.objects.select_related("case"):
        kinds = BEFORE if rendering.evaluation_id is None else AFTER
        count = kinds["tre" if rendering.case.config_index else "dice"]
        assert rendering.pictures.exclude(plane="").count() == 3 * count
    assert files() == {picture.path for picture in Picture.objects.select_related("rendering")}
    assert Picture.objects.filter(kind="morph").count() == DSC_PAIRS + TRE_PAIRS
    assert not pictures.waiting(100)


def test_nothing_is_ordered_or_drawn_for_a_hidden_dataset(
    phantom_phase: Phase, entry: Entry, tmp_path: Path
) -> None:
    show(phantom_phase, public=False)
    pictures.order()
    assert Rendering.objects.count() == 0
    hidden = Rendering.objects.create(case=phantom_phase.datasets.get().cases.all()[0], made_of="x")
    making.render(hidden.pk)
    assert pictures.waiting(10) == []
    assert files() == set()


@pytest.mark.parametrize("storage", ["folders", "bucket"], indirect=True)
def test_a_dataset_that_is_hidden_again_loses_rows_and_files(
    phantom_phase: Phase, entry: Entry, tmp_path: Path
) -> None:
    pictures.order()
    for pk in pictures.waiting(2):
        making.render(pk)
    assert files()
    show(phantom_phase, public=False)
    pictures.order()
    assert (Rendering.objects.count(), Picture.objects.count(), files()) == (0, 0, set())


def test_pictures_go_with_their_evaluation(entry: Entry, tmp_path: Path) -> None:
    pictures.order()
    rendering = Rendering.objects.exclude(evaluation=None)[0]
    making.render(rendering.pk)
    assert files()
    Evaluation.objects.all().delete()
    assert files() == set()
    assert not Rendering.objects.exclude(evaluation=None).exists()


def test_drawing_again_changes_nothing_and_clears_what_a_killed_worker_left(
    entry: Entry, tmp_path: Path
) -> None:
    pictures.order()
    pk = pictures.waiting(1)[0]
    name = Rendering.objects.get(pk=pk).name
    pictures.store().save(f"{name}/half-written", io.BytesIO(b"leftover"))
    making.render(pk)
    first = files()
    assert not any("half-written" in file for file in first)
    making.render(pk)  # done already: a doubled message
    assert Rendering.objects.get(pk=pk).tries == 1
    Rendering.objects.filter(pk=pk).update(state=RenderingState.PENDING)
    making.render(pk)
    assert files() == first


def test_new_ground_truth_makes_pictures_anew(phantom_phase: Phase, entry: Entry) -> None:
    pictures.order()
    making.render(pictures.waiting(1)[0])
    Dataset.objects.update(ground_truth_version="f" * 64)
    pictures.order()
    assert set(Rendering.objects.values_list("made_of", "state")) == {
        (f"{pictures.DRAWING}/{'f' * 64}", RenderingState.PENDING)
    }


def test_a_case_that_cannot_be_drawn_is_given_up_and_told(phantom_phase: Phase, settings: Settings) -> None:
    show(phantom_phase)
    settings.MAX_TRIES = 2
    Dataset.objects.update(ground_truth="nowhere")
    pictures.order()
    for _ in range(3):
        for pk in pictures.waiting(100):
            making.render(pk)
    pictures.order()
    assert set(Rendering.objects.values_list("state", "tries")) == {(RenderingState.FAILED, 2)}


def test_the_leading_entries_and_the_baselines_are_drawn(
    phantom_phase: Phase, scored: Score, settings: Settings
) -> None:
    settings.PICTURES_TOP = 1
    show(phantom_phase)
    evaluations = {}
    for name, baseline in (("Second", False), ("Base", True), ("Third", False)):
        entry = make.entry(make.team(phantom_phase.challenge), name=name, baseline=baseline)
        evaluations[name] = scored(phantom_phase, entry).evaluations.get().pk
    ranking.update_board(phantom_phase.pk)
    # Equal fields tie: the board's order decides which one leads.
    leading = pictures.leading(phantom_phase)
    assert len(leading) == 2
    assert leading[1] == evaluations["Base"]


def test_a_killed_process_leaves_nothing_undrawn(stack: Stack, entry: Entry, settings: Settings) -> None:
    """kill -9 of the process that draws, in the middle; the sweeper gives its case to another."""
    pictures.order()
    done = Rendering.objects.filter(state=RenderingState.DONE)
    stack.environment["MEDIA_ROOT"] = str(settings.MEDIA_ROOT)
    worker = stack.worker()
    stack.beat()
    stack.wait(lambda: done.count() >= 2, every=0.005)
    for child in psutil.Process(worker.pid).children():
        child.kill()
    assert done.count() < Rendering.objects.count()
    stack.wait(lambda: done.count() == Rendering.objects.count())
    folder = Path(settings.MEDIA_ROOT) / "pictures"
    kept = [folder / picture.path for picture in Picture.objects.select_related("rendering")]
    assert all(path.is_file() for path in kept)
    assert len(kept) > 100


def phantom_painter(folder: Path, field: Field) -> Painter:
    config = read_config(folder / "segmentation.json")
    return Painter(field, config.pairs[0], config, folder, RULES["lumir25"])


def pixels(painter: Painter, kind: str, plane: str) -> NDArray[np.uint8]:
    found = next(one for one in painter.pictures() if (one.kind, one.plane) == (kind, plane))
    return np.asarray(Image.open(io.BytesIO(found.content)).convert("RGB"))


def test_a_translation_shows_the_moving_image_shifted(phantom_folder: Path) -> None:
    config = read_config(phantom_folder / "segmentation.json")
    u = np.zeros((*config.expected_shape[:3], 3), np.float32)
    u[..., 1] = 2  # fixed y shows moving y + 2
    still, moved = (phantom_painter(phantom_folder, Field.from_values(v)) for v in (0 * u, u))
    before, after = (pixels(one, "warped", "axial") for one in (still, moved))
    zoom = still.frame.zoom("axial")[0]
    # y runs upwards in the picture: what stood 2 voxels higher has come down. Between voxels it is smoothed.
    apart = after[4 * zoom : -3 * zoom].astype(int) - before[2 * zoom : -5 * zoom]
    assert abs(apart).max() <= 1
    assert before[2 * zoom : -5 * zoom].max() > 200
    assert not after[: 2 * zoom - zoom // 2 - 4].any()
    magnitude = pixels(moved, "magnitude", "axial")
    spacing = moved.frame.spacing_mm[1]
    assert (magnitude == scales.MAGNITUDE.colours(np.array([2 * spacing]))[0]).all()


def test_folds_of_a_field_are_marked_in_its_picture(phantom_folder: Path) -> None:
    config = read_config(phantom_folder / "segmentation.json")
    u = np.zeros((*config.expected_shape[:3], 3), np.float32)
    u[10:, ..., 0] = -2 * (np.arange(10, u.shape[0]) - 9)[:, None, None]  # turns round at x = 9
    painter = phantom_painter(phantom_folder, Field.from_values(u))
    picture = pixels(painter, "jacobian", "axial")
    zoom = painter.frame.zoom("axial")[1]
    marked = (picture == scales.rgb(scales.FOLD)).all(axis=2)
    x = [column // zoom for column in np.flatnonzero(marked[marked.shape[0] // 2])]
    turned = bool(painter.frame.known) and painter.frame.turned[2]
    voxels = sorted({u.shape[0] - 1 - v if not turned else v for v in x})
    assert voxels == list(range(9, u.shape[0] - 1))


def test_the_way_from_moving_to_warped_begins_and_ends_there(phantom_folder: Path) -> None:
    config = read_config(phantom_folder / "segmentation.json")
    u = np.zeros((*config.expected_shape[:3], 3), np.float32)
    u[..., 2] = 3
    painter = phantom_painter(phantom_folder, Field.from_values(u))
    morph = next(one for one in painter.volumes() if one.kind == "morph")
    series = np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(morph.content)).dataobj)
    white = painter.whites[0]
    moving = (np.clip(painter.moving / white, 0, 1) * 255).round().astype(np.uint8).T
    assert series.shape == (*moving.shape, 7)
    assert np.array_equal(series[..., 0], moving)
    assert np.array_equal(series[..., :-3, -1], moving[..., 3:])
    # A true morph: half way it is warped by half the field.
    half = (painter.moving[1:-1].astype(float) + painter.moving[2:]) / 2
    expected = (np.clip(half / white, 0, 1) * 255).round().astype(np.uint8).T
    assert np.array_equal(series[..., : expected.shape[2] - 1, 3], expected[..., :-1])


def test_landmarks_of_tables_are_drawn_over_the_moving_image(tmp_path: Path) -> None:
    """Learn2Reg's tables: a fixed point goes by u at its place; the truth is the moving point."""
    write_learn2reg(tmp_path)
    config = read_config(tmp_path / "task.json")
    u = np.zeros((*config.expected_shape[:3], 3), np.float32)
    u[..., 0] = 3
    painter = Painter(Field.from_values(u), config.pairs[0], config, tmp_path, RULES["l2r"])
    x, y, z = 6, 8, painter.middle[0]
    tables = {"0000": (x, y, z), "0001": (x + 3, y + 7, z)}
    for modality, point in tables.items():
        table = tmp_path / "landmarksTr" / f"TASK_0001_{modality}.csv"
        table.write_text(",".join(map(str, point)) + "\n", encoding="utf-8")
    picture = pixels(painter, "landmarks", "axial")
    down, along = painter.frame.zoom("axial")
    wide, high = config.expected_shape[:2]

    def at(point: tuple[float, float]) -> tuple[int, int]:
        """Row and column of a voxel's middle: y runs upwards, x to the left."""
        return round((high - point[1] - 0.5) * down), round((wide - point[0] - 0.5) * along)

    assert picture[at((x + 3, y))].tolist() == list(scales.rgb(scales.CARRIED))
    row, column = at((x + 3, y + 7))
    ring = picture[row, max(column - 24, 0) : column + 24].astype(int)
    assert abs(ring - scales.rgb(scales.TARGET)).sum(axis=1).min() < 60
    # What lies under the points is the moving image, which differs from the fixed one.
    likeness = [
        np.corrcoef(np.kron(image[z, ::-1, ::-1], np.ones((down, along))).ravel(), picture[..., 0].ravel())
        for image in (painter.moving, painter.fixed)
    ]
    assert likeness[0][0, 1] > 0.9 > likeness[1][0, 1]
    before = Painter(None, config.pairs[0], config, tmp_path, RULES["l2r"])
    assert pixels(before, "landmarks", "axial")[at((x, y))].tolist() == list(scales.rgb(scales.CARRIED))
