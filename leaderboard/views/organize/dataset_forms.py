"""What organizers type of a dataset, and what they import."""

import json
from typing import Any

from django import forms
from django.utils.text import slugify

from leaderboard.domain.evaluation import imports
from leaderboard.enums import DatasetGroup
from leaderboard.models import Challenge, Dataset, Phase
from leaderboard.views.organize.forms import choice

FACTS = [
    "name",
    "group",
    "task",
    "contrast",
    "population",
    "species",
    "resolution",
    "source",
    "description",
    "public",
]


class DatasetForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """The facts of a dataset beside its ground truth."""

    group = forms.ChoiceField(choices=DatasetGroup.choices)
    reason = forms.CharField(
        max_length=300, required=False, label="Why you change it", help_text="Stands in the public log."
    )

    class Meta:
        model = Dataset
        fields = FACTS
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}
        labels = {"public": "Images, labels and landmarks may be shown to all"}
        help_texts = {"public": "Leave it unticked for test data: they then never leave the server."}

    field_order = [*FACTS, "reason"]

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in FACTS}


class Files(forms.FileInput):
    allow_multiple_selected = True


class ConfigsField(forms.FileField):
    """Evaluation configs, in the order of their names: `{"name", "content"}` of each."""

    widget = Files(attrs={"multiple": True, "accept": ".json,application/json"})

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = [super(ConfigsField, self).clean(file, initial) for file in data or [None]]
        return [self._read(file) for file in sorted(files, key=lambda file: str(file.name))]

    def _read(self, file: Any) -> dict[str, Any]:
        try:
            content = json.loads(file.read())
        except ValueError as error:
            raise forms.ValidationError(f"{file.name} is not JSON: {error}") from error
        return {"name": file.name, "content": content}


class ImportForm(DatasetForm):
    """An import: the facts, the configs, and where the files are."""

    configs = ConfigsField(
        label="Official evaluation configs (JSON)",
        help_text="One or several, in the order of their names; a pair in two keeps the later one's metrics.",
    )
    folder = forms.ChoiceField(required=False, label="A folder of the server")
    zip = forms.FileField(
        required=False,
        label="or a zip of the files",
        help_text="With imagesXx, labelsXx, landmarksXx, masksXx at the top level or in one folder.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    rules = forms.ChoiceField(
        choices=[(name, name) for name in imports.RULE_NAMES],
        initial="lumir25",
        label="Rules of scoring",
        help_text="They decide whether landmarks are volumes or tables.",
    )
    phases = forms.ModelMultipleChoiceField(
        Phase.objects.none(),
        required=False,
        label="Phases that take it up",
        widget=forms.CheckboxSelectMultiple,
    )
    reason = None  # type: ignore[assignment]  # an import is its own reason

    field_order = ["configs", "folder", "zip", "rules", *FACTS, "phases"]

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.challenge = challenge
        folders = imports.folders_of(challenge)
        self.fields["folder"] = forms.ChoiceField(
            choices=[("", "No folder"), *((name, name) for name in folders)],
            required=False,
            label="A folder of the server",
            help_text=f"Below the folder {challenge.slug} of IMPORT_ROOT: for data too large for a browser.",
        )
        self.order_fields(self.field_order)
        phases_ = choice(self.fields["phases"])
        phases_.queryset = challenge.phases.all()
        phases_.label_from_instance = lambda phase: phase.name  # type: ignore[method-assign,assignment]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("folder")) == bool(cleaned.get("zip")):
            self.add_error("zip", "Choose a folder of the server or upload a zip: one of the two.")
        if not self.instance.pk and self._is_taken(cleaned.get("name", "")):
            self.add_error("name", "A dataset of that name is there already. Renew it from its own page.")
        return cleaned

    def _is_taken(self, name: str) -> bool:
        return self.challenge.datasets.filter(slug=slugify(name)[:50]).exists()

    def slug(self) -> str:
        """Of the dataset that is renewed, or of a new one after its name."""
        return self.instance.slug or slugify(self.cleaned_data["name"])[:50] or "dataset"

    def facts(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FACTS}
