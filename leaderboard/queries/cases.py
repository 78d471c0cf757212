"""A case for its page: its values, its pictures, its neighbours; and the worst cases of an entry."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, F, IntegerField, Q, QuerySet
from django.db.models.functions import Cast

from leaderboard.enums import Aspect, PictureKind, RegistrationTask, RenderingState
from leaderboard.models import Case, CaseResult, Challenge, Dataset, Phase, Rendering, Snapshot
from leaderboard.queries import families, snapshots
from leaderboard.queries.boards import Board, Metric, Row
from leaderboard.queries.values import CaseValues

_K = PictureKind
# The picture that shows best what a metric measures.
TELLING: Mapping[str, PictureKind] = {
    "DSC": _K.MISMATCH,
    "HD95": _K.MISMATCH,
    "TRE": _K.LANDMARKS,
    "NDV": _K.JACOBIAN,
    "SDlogJ": _K.JACOBIAN,
}


OF_CASES = (Aspect.PER_CASE, Aspect.PICTURES)


@dataclass(frozen=True)
class CaseEntry:
    """One entry on a case: its row on the board, its values by metric and the state of its pictures.

    evaluation: None where single cases are hidden of it; may_be_seen: whether its pictures are shown;
    replaced: whether another evaluation, or none, stands on the board by now.
    """

    row: Row
    evaluation: int | None
    values: Mapping[str, float | None]
    rendering: Rendering | None
    may_be_seen: bool
    replaced: bool = False

    @property
    def slug(self) -> str:
        return self.row.entry

    @property
    def is_drawn(self) -> bool:
        return self.rendering is not None and self.rendering.state == RenderingState.DONE


def cases_named(challenge: Challenge, key: str) -> QuerySet[Case]:
    """The cases of that key: one a dataset."""
    named = Case.objects.filter(dataset__challenge=challenge, key=key)
    return named.select_related("dataset__challenge").order_by("dataset__position", "dataset_id")


def evaluations_of(board: Board) -> dict[str, int]:
    """Entry, by the slug that it is shown by, -> the evaluation whose values stand on the board."""
    shown = board.veil.entries
    counted = _counted(board.pk)
    return {shown[entry]: evaluation for entry, evaluation in counted.items() if entry in shown}


def drawn_of(board: Board, evaluations: Mapping[str, int]) -> dict[str, int]:
    """Those of a board's evaluations whose pictures are shown: of an earlier board those that still stand."""
    if not board.at:
        return dict(evaluations)
    newest = snapshots.shown(board.phase, board.veil.sight)
    standing = set(_counted(newest.pk).values()) if newest else set()
    return {entry: evaluation for entry, evaluation in evaluations.items() if evaluation in standing}


def _counted(snapshot: int) -> dict[str, int]:
    """Entry -> the evaluation that a snapshot counts."""
    found = Snapshot.objects.filter(pk=snapshot).values_list("inputs__evaluations", flat=True).first()
    return {one["entry"]: one["evaluation"] for one in found or []}


def entries_on(board: Board, case: Case, values: CaseValues | None) -> list[CaseEntry]:
    """The entries of which the viewer may see something on a case, in the order of the page."""
    evaluations = evaluations_of(board)
    standing = drawn_of(board, evaluations)
    drawn: dict[int | None, Rendering] = {
        rendering.evaluation_id: rendering
        for rendering in Rendering.objects.filter(
            case=case, evaluation__in=standing.values()
        ).prefetch_related("pictures")
    }
    found = []
    for row in board.rows:
        pk = evaluations.get(row.entry)
        seen, told = board.sees(Aspect.PICTURES, row), board.sees(Aspect.PER_CASE, row)
        of_one = values.of(row.entry, case.key) if values is not None and told else {}
        rendering = drawn.get(pk) if seen else None
        replaced = pk is not None and row.entry not in standing
        found.append(CaseEntry(row, pk if told else None, of_one, rendering, seen, replaced))
    return found


def first_of(dataset: Dataset) -> Case | None:
    """The first case of a dataset; of a public one the first that is drawn, where one is."""
    drawn = example_renderings([dataset]).get(dataset.pk)
    return drawn.case if drawn else dataset.cases.select_related("dataset__challenge").first()


def own_rendering(case: Case) -> Rendering | None:
    """The pictures of the case before registration."""
    return Rendering.objects.filter(case=case, evaluation=None).prefetch_related("pictures").first()


def other_tasks(case: Case, phase: Phase | None) -> list[Case]:
    """Of each task that has images of the same kind, one case, in the order of the tasks; with this one.

    Of another task's cases it is the one that shares most subjects with this one. Nothing where there is no
    other task, or where neither contrast nor population is told. phase: whose datasets count (default: the
    challenge's).
    """
    family = _in_other_tasks(case.dataset, phase)
    subjects = {case.fixed_subject, case.moving_subject}
    shared = _is_one("fixed_subject", subjects) + _is_one("moving_subject", subjects)
    found = Case.objects.filter(dataset__in=family).annotate(shared=shared).select_related("dataset")
    order = ("dataset__task", F("shared").desc(), "dataset__position", "dataset", "position")
    others = list(found.order_by(*order).distinct("dataset__task"))
    return sorted([case, *others], key=lambda one: _place_of(one.dataset)) if others else []


def task_by_task(dataset: Dataset, phase: Phase | None) -> list[Dataset]:
    """The same of datasets: of each task that has images of the same kind the first, with this one."""
    found = _in_other_tasks(dataset, phase).order_by("task", "position", "pk").distinct("task")
    return sorted([dataset, *others], key=_place_of) if (others := list(found)) else []


def _place_of(dataset: Dataset) -> int:
    return RegistrationTask.values.index(dataset.task)


def _in_other_tasks(dataset: Dataset, phase: Phase | None) -> QuerySet[Dataset]:
    if not (dataset.contrast or dataset.population):
        return Dataset.objects.none()
    facts = families.facts_of(dataset.challenge)
    alike = [slug for slug, of_one in facts.items() if of_one == facts[dataset.slug]]
    family = Dataset.objects.filter(
        challenge_id=dataset.challenge_id, slug__in=alike, group=dataset.group
    ).exclude(task=dataset.task)
    return family if phase is None else family.filter(phases=phase)


def _is_one(field: str, subjects: set[str]) -> Cast:
    """1 where a field names one of the subjects, else 0."""
    return Cast(ExpressionWrapper(Q(**{f"{field}__in": subjects}), BooleanField()), IntegerField())


@dataclass(frozen=True)
class Item:
    """One structure or landmark of a case: its name and its value for each of the entries shown."""

    number: int
    name: str
    values: tuple[float | None, ...]


def items_on(
    case: Case,
    evaluations: Sequence[int | None],
    metric: str,
    numbers: Sequence[int],
    name_of: Callable[[int], str],
) -> list[Item]:
    """The values that a metric's case value is the mean of, by label or landmark; NaN is None.

    metric: its name in the dataset's config. numbers: of the labels, in the config's order; landmarks are
    numbered from 1 where there are none.
    """
    told = [pk for pk in evaluations if pk is not None]
    rows = CaseResult.objects.filter(case=case, evaluation__in=told).values_list("evaluation_id", "items")
    by_evaluation: dict[int | None, Sequence[float]] = {pk: items.get(metric, []) for pk, items in rows}
    columns = [by_evaluation.get(pk, []) for pk in evaluations]
    count = max((len(column) for column in columns), default=0)
    known = numbers if len(numbers) == count else range(1, count + 1)
    return [
        Item(number, name_of(number), tuple(_finite(column, at) for column in columns))
        for at, number in enumerate(known)
    ]


def _finite(column: Sequence[float], at: int) -> float | None:
    return column[at] if at < len(column) and math.isfinite(column[at]) else None


def worst(values: CaseValues, metric: Metric, entry: str, most: int) -> list[tuple[str, float | None]]:
    """An entry's worst cases by a metric: missing values first, then the worst of the rest."""
    of_one = values.values.get(metric.name, {}).get(entry)
    if of_one is None:
        return []
    sign = 1 if metric.direction == "higher" else -1
    pairs = list(zip(values.cases, of_one, strict=True))
    return sorted(pairs, key=lambda pair: (pair[1] is not None, sign * (pair[1] or 0)))[:most]


def renderings_of(evaluation: int, dataset: Dataset, keys: Iterable[str]) -> dict[str, Rendering]:
    """Finished renderings of an evaluation's cases by their keys, with their pictures."""
    found = Rendering.objects.filter(
        evaluation=evaluation, case__dataset=dataset, case__key__in=list(keys), state=RenderingState.DONE
    )
    return {one.case.key: one for one in found.select_related("case").prefetch_related("pictures")}


def example_renderings(datasets: Iterable[Dataset]) -> dict[int, Rendering]:
    """The first finished case of each public dataset, with its pictures, by the dataset's primary key."""
    done = Rendering.objects.filter(
        evaluation=None,
        state=RenderingState.DONE,
        case__dataset__in=list(datasets),
        case__dataset__public=True,
    )
    first = done.order_by("case__dataset_id", "case__position").distinct("case__dataset_id")
    return {
        one.case.dataset_id: one for one in first.select_related("case__dataset").prefetch_related("pictures")
    }
