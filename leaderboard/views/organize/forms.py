"""What organizers type. It lies beside the pages that show it: nothing else has a use for it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from leaderboard.domain import phases
from leaderboard.domain.evaluation import imports
from leaderboard.enums import Aspect, Audience, DatasetGroup, SubmissionState
from leaderboard.messages import WORDS
from leaderboard.models import Challenge, Dataset, Entry, Phase, RankingScheme, Submission, Team

OTHERS = [choice for choice in Audience.choices if choice[0] != Audience.ORGANIZERS]
SEE = "see_"
A_YEAR_IN_HOURS = 366 * 24


class MinuteField(forms.DateTimeField):
    """A time to the minute, in the viewer's zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """The seconds of what is stored are not typed: they alone are no change."""
        typed = self.to_python(data) if data else None
        if initial is None or typed is None:
            return bool(initial != typed)
        return bool(_minute(initial) != _minute(typed))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


class HoursField(forms.FloatField):
    """A span of time, typed in hours."""

    widget = forms.NumberInput(attrs={"step": "any", "min": 0})

    def prepare_value(self, value: Any) -> Any:
        return f"{value.total_seconds() / 3600:g}" if isinstance(value, timedelta) else value

    def clean(self, value: Any) -> Any:
        hours = super().clean(value)
        return None if hours is None else timedelta(hours=hours)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


class PhaseForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Everything that is set of a phase, its datasets and who sees what among it."""

    opens_at = MinuteField(label="Opens")
    closes_at = MinuteField(label="Closes", required=False, help_text="Empty: stays open.")
    freeze_at = MinuteField(
        label="Freezes",
        required=False,
        help_text="From then on others than organizers see the board of then.",
    )
    publish_at = MinuteField(
        label="Publishes", required=False, help_text="Until then only organizers see results; empty: at once."
    )
    grace = HoursField(
        label="Grace in hours",
        min_value=0,
        max_value=A_YEAR_IN_HOURS,
        help_text="For uploads begun before the phase closed.",
    )
    window = HoursField(label="Window of the limits in hours", min_value=0.1, max_value=A_YEAR_IN_HOURS)
    rules = forms.ChoiceField(choices=[(name, name) for name in imports.RULE_NAMES], label="Rules of scoring")
    reason = forms.CharField(
        max_length=300,
        required=False,
        label="Why you change it",
        help_text="Stands beside each change in the public log.",
    )

    class Meta:
        model = Phase
        fields = [
            *("name", "kind", "description", "opens_at", "closes_at", "grace", "freeze_at", "publish_at"),
            *("datasets", "rules", "scheme", "board_rule", "window", "attempts_per_window"),
            *("attempts_total", "invalid_per_window", "concurrent_submissions"),
        ]
        widgets = {
            "description": forms.Textarea(attrs={"rows": 2}),
            "datasets": forms.CheckboxSelectMultiple,
        }
        labels = {
            "datasets": "Datasets that it is scored on",
            "scheme": "Ranking scheme",
            "board_rule": "On the board stands an entry's submission that is",
            "attempts_per_window": "Valid attempts in a window",
            "attempts_total": "Valid attempts in all",
            "invalid_per_window": "Invalid files in a window",
            "concurrent_submissions": "Submissions at work at once",
        }
        help_texts = {"attempts_total": "Empty: as many as the windows give.", "datasets": ""}

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schemes = RankingScheme.objects.filter(challenge=None) | challenge.schemes.all()
        _choice(self.fields["scheme"]).queryset = schemes
        _choice(self.fields["datasets"]).queryset = challenge.datasets.all()
        self.fields["scheme"].label_from_instance = lambda scheme: scheme.title  # type: ignore[attr-defined]
        for aspect in Aspect:
            self.fields[SEE + aspect] = forms.MultipleChoiceField(
                choices=OTHERS,
                required=False,
                label=aspect.label,
                widget=forms.CheckboxSelectMultiple,
                initial=self.instance.visibility.get(aspect, []),
            )
        zone = timezone.get_current_timezone_name()
        for name in ("opens_at", "closes_at", "freeze_at", "publish_at"):
            self.fields[name].label = f"{self.fields[name].label} ({zone})"

    @property
    def matrix(self) -> list[forms.BoundField]:
        """The rows of the visibility matrix."""
        return [self[SEE + aspect] for aspect in Aspect]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        opens, closes = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", WORDS["closes_before_it_opens"])
        return cleaned

    def changes(self) -> dict[str, Any]:
        """Field -> new value of what was changed, the matrix among it."""
        plain = set(self._meta.fields or ()) - {"datasets"}
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name in plain}
        if any(name.startswith(SEE) for name in self.changed_data):
            changed["visibility"] = self.visibility()
        return changed

    def visibility(self) -> dict[str, list[str]]:
        return phases.checked_visibility({aspect: self.cleaned_data[SEE + aspect] for aspect in Aspect})

    def facts(self) -> dict[str, Any]:
        """All fields of a new phase but its name."""
        names = set(self._meta.fields or ()) - {"datasets", "name"}
        return {name: self.cleaned_data[name] for name in names} | {"visibility": self.visibility()}


class NameForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name of the new phase")


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
        phases_ = _choice(self.fields["phases"])
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


class GrantForm(forms.Form):
    phase = forms.ModelChoiceField(Phase.objects.none(), empty_label=None)
    valid = forms.IntegerField(min_value=0, max_value=1000, initial=1, label="Further valid attempts")
    invalid = forms.IntegerField(min_value=0, max_value=1000, initial=0, label="Further invalid files")
    reason = forms.CharField(
        max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept, and shown to the team."
    )

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phases_ = _choice(self.fields["phase"])
        phases_.queryset = challenge.phases.all()
        phases_.label_from_instance = lambda phase: phase.name  # type: ignore[method-assign,assignment]


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """How an entry is marked on the board."""

    reason = forms.CharField(
        max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the log."
    )

    class Meta:
        model = Entry
        fields = ["baseline", "in_competition"]


class RescoreForm(forms.Form):
    """Which submissions of a phase are scored anew, and why; none ticked: all of them."""

    submissions = forms.ModelMultipleChoiceField(
        Submission.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 2}), label="Why")

    def __init__(self, *args: Any, phase: Phase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scored = Submission.objects.filter(phase=phase, state=SubmissionState.SCORED)
        found = _choice(self.fields["submissions"])
        found.queryset = scored.select_related("entry__team").order_by("entry__name", "-created_at")
        found.label_from_instance = _told  # type: ignore[method-assign,assignment]


def _told(submission: Any) -> str:
    return f"{submission.entry.name} ({submission.entry.team.name}), {submission.filename}"


class FilterForm(forms.Form):
    """Which submissions are listed."""

    phase = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *SubmissionState.choices])
    team = forms.ChoiceField(required=False)
    q = forms.CharField(required=False, max_length=100)

    def __init__(self, data: Mapping[str, Any], phases: Sequence[Phase], teams: Sequence[Team]) -> None:
        super().__init__(data)
        named: dict[str, tuple[str, Sequence[Phase | Team]]]
        named = {"phase": ("Any phase", phases), "team": ("Any team", teams)}
        for name, (nothing, rows) in named.items():
            choices = [("", nothing), *((row.slug, row.name) for row in rows)]
            cast(forms.ChoiceField, self.fields[name]).choices = choices

    def chosen(self) -> dict[str, str]:
        """What of it is asked for; a word that is none of the choices is left out."""
        self.is_valid()
        found = {"phase": "", "state": "", "team": "", "q": ""} | self.cleaned_data
        return {"search" if name == "q" else name: value for name, value in found.items()}


def _choice(field: forms.Field) -> forms.ModelChoiceField:  # type: ignore[type-arg]
    return cast(forms.ModelChoiceField, field)  # type: ignore[type-arg]
