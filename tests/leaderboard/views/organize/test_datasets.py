"""Datasets through their pages: an import asked for, followed, refused; facts changed."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from leaderboard.enums import ImportState
from leaderboard.models import Dataset, DatasetImport
from tests.leaderboard.views.organize.conftest import Place

NEW = "/organize/lumir/new-dataset/"
FACTS = {
    "name": "Phantom",
    "group": "zero-shot",
    "task": "inter-subject",
    "species": "human",
    "rules": "lumir24",
}


def config(name: str, content: bytes = b'{"name": "x"}') -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/json")


@pytest.fixture
def folder(place: Place, settings: Settings, tmp_path: Path) -> Path:
    settings.IMPORT_ROOT = tmp_path
    (tmp_path / "lumir" / "round-1" / "imagesVal").mkdir(parents=True)
    (tmp_path / "other" / "secret" / "imagesVal").mkdir(parents=True)
    return tmp_path


def test_an_import_is_asked_for_with_configs_in_the_order_of_their_names(
    organizer: Client, place: Place, folder: Path
) -> None:
    sent = FACTS | {"folder": "round-1", "phases": [place.phase.pk], "public": "on"}
    answer = organizer.post(NEW, sent | {"configs": [config("b.json", b'{"b": 1}'), config("a.json")]})
    asked = DatasetImport.objects.exclude(pk=place.asked.pk).get()
    assert answer["Location"] == f"/organize/lumir/imports/{asked.pk}/"
    assert [one["name"] for one in asked.configs] == ["a.json", "b.json"]
    assert asked.configs[1]["content"] == {"b": 1}
    assert (asked.slug, asked.folder, asked.rules, asked.by) == (
        "phantom",
        "round-1",
        "lumir24",
        place.organizer,
    )
    assert (asked.facts["group"], asked.facts["public"]) == ("zero-shot", True)
    assert list(asked.phases.all()) == [place.phase]
    page = organizer.get(answer["Location"]).content.decode()
    assert "Waiting" in page
    assert 'hx-trigger="every 2s"' in page
    part = organizer.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('\n<div id="import"')


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folder": "../other/secret"}, "Select a valid choice"),
        ({"folder": "secret"}, "Select a valid choice"),
        ({"folder": ""}, "one of the two"),
        ({"configs": []}, "This field is required"),
        ({"configs": [config("a.json", b"{")]}, "a.json is not JSON"),
        ({"name": "In domain"}, "Renew it from its own page"),
        ({"group": "elsewhere"}, "Select a valid choice"),
        ({"rules": "lumir23"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_imported_is_said_at_once(
    organizer: Client, place: Place, folder: Path, changes: dict[str, object], words: str
) -> None:
    sent = FACTS | {"folder": "round-1", "configs": [config("a.json")]} | changes
    answer = organizer.post(NEW, sent)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert DatasetImport.objects.get() == place.asked


def test_a_dataset_is_renewed_under_its_own_address(organizer: Client, place: Place, folder: Path) -> None:
    zipped = SimpleUploadedFile("gt.zip", b"PK", "application/zip")
    address = "/organize/lumir/datasets/in-domain/import/"
    organizer.post(address, FACTS | {"name": "In-domain T1w", "configs": [config("a.json")], "zip": zipped})
    asked = DatasetImport.objects.exclude(pk=place.asked.pk).get()
    assert (asked.slug, asked.folder, asked.facts["name"]) == ("in-domain", "", "In-domain T1w")


def test_all_that_is_wrong_stands_on_the_page_of_an_import(organizer: Client, place: Place) -> None:
    page = organizer.get(f"/organize/lumir/imports/{place.asked.pk}/").content.decode()
    assert "1 thing to mend; nothing was imported" in page
    assert "labelsVal/a.nii.gz" in page
    assert "hx-trigger" not in page
    DatasetImport.objects.update(state=ImportState.FAILED, problems=[], detail=json.dumps("boom"))
    assert "boom" in organizer.get(f"/organize/lumir/imports/{place.asked.pk}/").content.decode()


def test_another_try_of_an_import_leads_to_the_form_that_takes_it(organizer: Client, place: Place) -> None:
    again = f"/organize/lumir/imports/{place.asked.pk}/again/"
    assert again in organizer.get(f"/organize/lumir/imports/{place.asked.pk}/").content.decode()
    assert organizer.get(again)["Location"] == "/organize/lumir/datasets/in-domain/import/"
    DatasetImport.objects.update(state=ImportState.FAILED, slug="another")
    assert again in organizer.get("/organize/lumir/").content.decode()
    assert organizer.get(again)["Location"] == "/organize/lumir/new-dataset/"


def test_facts_are_changed_on_the_record(organizer: Client, place: Place) -> None:
    sent = {"name": "In-domain T1w", "group": "in-domain", "task": "inter-subject", "species": "human"}
    organizer.post("/organize/lumir/datasets/in-domain/", sent | {"public": "on", "reason": "Released."})
    dataset = Dataset.objects.get(slug="in-domain")
    assert (dataset.name, dataset.public) == ("In-domain T1w", True)
    log = Client().get("/challenges/lumir/changes/").content.decode()
    assert "In-domain: public" in log
    assert "Released." in log
