"""`manage.py import_dataset`: official evaluation configs and their ground truth become a dataset."""

from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat

from leaderboard.domain.evaluation.ground_truth import UnusableGroundTruth, import_dataset
from leaderboard.domain.phases import set_datasets
from leaderboard.enums import DatasetGroup, RegistrationTask
from leaderboard.models import Challenge, Phase

WORDS = ("contrast", "population", "species", "resolution", "source", "description")
FACTS = ("name", "group", "task", "public", *WORDS)


class Command(BaseCommand):
    help = "Import a dataset: evaluation configs as they are, with a folder in the Learn2Reg layout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("challenge", help="slug of the challenge")
        parser.add_argument("dataset", help="slug of the dataset; one that is there is renewed")
        parser.add_argument("--config", action="append", required=True, type=Path, metavar="FILE")
        parser.add_argument("--ground-truth", required=True, type=Path, metavar="DIR")
        parser.add_argument("--phase", action="append", default=[], help="slug of a phase that takes it up")
        parser.add_argument("--rules", default="lumir25", help="named rules of scoring (lumir25)")
        parser.add_argument(
            "--public",
            action=BooleanOptionalAction,
            default=None,
            help="images and labels may be shown to all",
        )
        parser.add_argument("--name", required=True)
        parser.add_argument("--group", required=True, choices=DatasetGroup.values)
        parser.add_argument("--task", choices=RegistrationTask.values)
        for fact in WORDS:
            parser.add_argument(f"--{fact}", help="of a dataset that is renewed: as it is, where not given")

    def handle(self, *args: Any, **options: Any) -> None:
        challenge = Challenge.objects.filter(slug=options["challenge"]).first()
        if challenge is None:
            raise CommandError(f"There is no challenge {options['challenge']}.")
        phases = list(Phase.objects.filter(challenge=challenge, slug__in=options["phase"]))
        missing = set(options["phase"]) - {phase.slug for phase in phases}
        if missing:
            raise CommandError(f"{challenge} has no phase {', '.join(sorted(missing))}.")
        try:
            report = import_dataset(
                challenge,
                options["dataset"],
                options["config"],
                options["ground_truth"],
                options["rules"],
                **{fact: options[fact] for fact in FACTS if options[fact] is not None},
            )
        except UnusableGroundTruth as unusable:
            count = len(unusable.problems)
            raise CommandError(f"Nothing was imported; {count} to mend:\n{unusable}") from None
        for phase in phases:
            set_datasets(phase, None, {*phase.datasets.all(), report.dataset})
        version = (
            f"{'new' if report.new_version else 'same'} version {report.dataset.ground_truth_version[:16]}"
        )
        found = f"{report.cases} cases, {report.files} files, {filesizeformat(report.bytes)}"
        self.stdout.write(f"{report.dataset.name}: {found}, {version}")
