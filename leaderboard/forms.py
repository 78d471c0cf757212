"""Forms: what people type, checked before the domain sees it."""

from typing import Any, cast

from django import forms

from leaderboard.models import Challenge, Entry, Team

CARD = ["kind", "instance_specific", "authors", "description", "paper_url", "code_url", "runtime", "hardware"]


class TeamForm(forms.Form):
    name = forms.CharField(max_length=80, label="Team name", help_text="As it shall stand on the board.")
    affiliation = forms.CharField(max_length=200, required=False, help_text="University, company, or none.")
    terms = forms.BooleanField(label="We accept the challenge's terms")

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not challenge.terms:
            del self.fields["terms"]


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """The card of an entry."""

    class Meta:
        model = Entry
        fields = ["name", *CARD]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class EntryChoiceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An entry of the team, or the card of a new one."""

    entry = forms.ModelChoiceField(
        Entry.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label="A new method",
        help_text="The method that made the fields.",
    )

    class Meta:
        model = Entry
        fields = ["name", *CARD]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False
        self.fields["name"].label = "Name of the new method"
        cast(forms.ModelChoiceField, self.fields["entry"]).queryset = team.entries.all()  # type: ignore[type-arg]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("entry") and not cleaned.get("name"):
            self.add_error("name", "Choose one of your methods above or name a new one here.")
        return cleaned


class SubmitForm(EntryChoiceForm):
    """A file for an entry of the team, or for a new one that is named here."""

    file = forms.FileField(
        label="Zip of displacement fields",
        help_text="One disp_<fixed>_<moving>.nii.gz for each pair, at the top level or in one folder.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    field_order = ["file", "entry", "name", *CARD]
