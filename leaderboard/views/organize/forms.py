"""What organizers type of entries, attempts and submissions. It lies beside the pages that show it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms

from leaderboard.enums import SubmissionState
from leaderboard.models import Challenge, Entry, Phase, Submission, Team


def choice(field: forms.Field) -> forms.ModelChoiceField:  # type: ignore[type-arg]
    return cast(forms.ModelChoiceField, field)  # type: ignore[type-arg]


class GrantForm(forms.Form):
    phase = forms.ModelChoiceField(Phase.objects.none(), empty_label=None)
    valid = forms.IntegerField(min_value=0, max_value=1000, initial=1, label="Further valid attempts")
    invalid = forms.IntegerField(min_value=0, max_value=1000, initial=0, label="Further invalid files")
    reason = forms.CharField(
        max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept, and shown to the team."
    )

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phases_ = choice(self.fields["phase"])
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
        found = choice(self.fields["submissions"])
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
