"""A participant scores on an own machine, with what the site hands out, and gets the site's numbers."""

import csv
import html
import io
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from leaderboard.domain.evaluation import handouts
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import SubmissionState
from leaderboard.models import CaseResult, Dataset, Phase, Submission
from scoring.metrics import METRICS
from scoring.spec import read_config
from tests.leaderboard import make
from tests.leaderboard.stack import Stack

CONFIGS = ("segmentation.json", "landmark.json")


@pytest.fixture
def phase(phantom_folder: Path, tmp_path: Path, transactional_db: None) -> Phase:
    """Two public datasets whose files have the same names and other contents, and one that is not public."""
    turned = tmp_path / "turned"
    shutil.copytree(phantom_folder, turned)
    for path in (turned / "labelsVal").iterdir():
        image = nibabel.load(path)
        nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj)[::-1], image.affine, image.header), path)
    made = make.phase(rules="lumir24")
    for slug, folder, public in (
        ("straight", phantom_folder, True),
        ("turned", turned, True),
        ("hidden", turned, False),
    ):
        given = [folder / name for name in CONFIGS]
        facts = {"name": slug.title(), "group": "in-domain", "public": public}
        made.datasets.add(import_dataset(made.challenge, slug, given, folder, made.rules, **facts).dataset)
    return made


def unpack(answer: Client, address: str, folder: Path) -> None:
    packed = answer.get(address)
    assert packed.status_code == 200, address
    content = packed.getvalue()
    if "Content-Length" in packed.headers:
        assert len(content) == int(packed["Content-Length"])
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)


def same_as_ours(scorer: Path) -> Path:
    """Our own folder, whose kernels are compiled already; what was unpacked holds the same modules."""
    root = Path(settings.BASE_DIR)
    ours = {path.relative_to(root): path.read_bytes() for path in (root / "scoring").rglob("*.py")}
    assert {path.relative_to(scorer): path.read_bytes() for path in scorer.rglob("*.py")} == ours
    return root


def site_values(submission: Submission) -> dict[tuple[str, str, str], str]:
    """dataset and config, case, metric -> the number as the site keeps it."""
    found = {}
    for result in CaseResult.objects.filter(evaluation__submission=submission).select_related(
        "case__dataset"
    ):
        case = result.case
        kinds = read_config(case.dataset.configs[case.config_index]).kinds
        table = f"{case.dataset.slug}-{case.config_index + 1}"
        for name, value in result.values.items():
            found[table, case.key, METRICS[kinds[name]].short] = repr(value)
    return found


def test_the_command_of_the_submissions_page_gives_the_sites_numbers(
    stack: Stack, phase: Phase, phantom_folder: Path, tmp_path: Path
) -> None:
    captain: User = make.user()
    entry = make.entry(make.team(phase.challenge, captain))
    client, anyone = Client(), Client()
    client.force_login(captain)
    with (phantom_folder / "submission.zip").open("rb") as file:
        address = reverse("submit", args=[phase.challenge.slug, phase.slug])
        answer = client.post(address, {"entry": entry.slug, "kind": "learning", "file": file})
    assert answer.status_code == 302, answer.content.decode()
    submission = Submission.objects.get()
    stack.worker()
    stack.wait(lambda: Submission.objects.get().state == SubmissionState.SCORED)

    page = client.get(submission.get_absolute_url()).content.decode()
    shown = re.search(r'<pre class="command"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    install, command = html.unescape(shown[1]).splitlines()
    assert install == f"pip install http://testserver{reverse('scorer_zip')}"
    folder = tmp_path / "own machine"
    for link in re.findall(r'href="([^"]+(?:configs|ground-truth)\.zip)"', page):
        unpack(anyone, link, folder)
    unpack(anyone, reverse("scorer_zip"), folder)
    scorer = same_as_ours(folder / "scorer")
    shutil.copy(phantom_folder / "submission.zip", folder)
    python, *arguments = shlex.split(command)
    assert python == "python"
    environment = {"PYTHONPATH": str(scorer)}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, capture_output=True)

    rows = csv.DictReader((folder / "scores.csv").read_text().splitlines())
    own = {(row["dataset"], row["case"], row["metric"]): row["value"] for row in rows if not row["item"]}
    known = {key: value for key, value in site_values(submission).items() if not key[0].startswith("hidden")}
    assert own == known
    assert own["straight-1", "3456_3455", "DSC"] != own["turned-1", "3456_3455", "DSC"]


def test_ground_truth_that_is_not_public_is_handed_out_to_nobody(phase: Phase) -> None:
    organizer = make.user(is_superuser=True)
    client = Client()
    client.force_login(organizer)
    answer = client.get(reverse("ground_truth_zip", args=[phase.challenge.slug, "hidden"]))
    assert answer.status_code == 404
    with pytest.raises(PermissionError):
        handouts.ground_truth_zip(Dataset.objects.get(slug="hidden"))
    assert "hidden" not in handouts.score_command(phase)


def test_without_a_public_dataset_no_command_is_promised(db: None) -> None:
    phase = make.phase()
    phase.datasets.add(make.dataset(phase.challenge))
    assert handouts.score_command(phase) == ""


def test_the_scorer_alone_is_the_scoring_package_and_nothing_of_the_site(tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(handouts.scorer_zip())).extractall(tmp_path)
    assert not (tmp_path / "scorer" / "leaderboard").exists()
    told = "import scoring.__main__, sys; print('django' in sys.modules, scoring.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", told],
        env={"PYTHONPATH": str(tmp_path / "scorer")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == ["False", str(tmp_path / "scorer" / "scoring" / "__init__.py")]
