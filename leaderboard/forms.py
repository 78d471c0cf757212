"""Forms: what people type, checked before the domain sees it."""

import zoneinfo
from typing import Any, cast

from django import forms

from leaderboard.domain import people
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Entry, Membership, Profile, Team

CARD = ["kind", "instance_specific", "authors", "description", "paper_url", "code_url", "runtime", "hardware"]


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

    # All of it travels in one header where an upload begins, and servers take 8 KB of these.
    description = forms.CharField(
        required=False,
        max_length=1500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Up to 1,500 characters here; the entry's own page takes more.",
    )

    class Meta:
        model = Entry
        fields = ["name", *CARD]

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

    def method(self) -> dict[str, Any]:
        """The entry that was chosen, or None, and what makes a new one."""
        return {field: self.cleaned_data[field] for field in ("entry", "name", *CARD)}


class SubmitForm(EntryChoiceForm):
    """A file for an entry of the team, or for a new one that is named here."""

    file = forms.FileField(
        label="Zip of displacement fields",
        help_text="One disp_<fixed>_<moving>.nii.gz for each pair, at the top level or in one folder.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    field_order = ["file", "entry", "name", *CARD]


# --- People and teams ---------------------------------------------------------------------------


class DescribeTeamForm(forms.Form):
    name = forms.CharField(max_length=80, label="Team name", help_text="As it shall stand on the board.")
    affiliation = forms.CharField(max_length=200, required=False, help_text="University, company, or none.")


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail address", help_text="We mail a link that works once.")


class AcceptForm(forms.Form):
    """Terms to accept; the version that was read travels with the form."""

    terms = forms.BooleanField(label="I accept the challenge's terms")
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = challenge.terms_version
        if not challenge.terms:
            del self.fields["terms"]


class TeamForm(DescribeTeamForm, AcceptForm):
    """A new team, whose captain accepts the terms."""

    terms = forms.BooleanField(label="We accept the challenge's terms")
    field_order = ["name", "affiliation", "terms", "version"]


def _zones() -> list[tuple[str, str]]:
    named = sorted(name for name in zoneinfo.available_timezones() if "/" in name and "Etc/" not in name)
    return [("", "As my browser says"), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in named)]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    time_zone = forms.ChoiceField(
        choices=_zones, required=False, help_text="In it the site and its mails tell you every time."
    )

    class Meta:
        model = Profile
        fields = ["name", "affiliation", "orcid", "time_zone", "mail"]
        labels = {"mail": "Mail to me"}
        help_texts = {
            "name": "As your team and the organizers see it.",
            "orcid": "Sixteen characters, or the address at orcid.org.",
            "mail": "Invitations and what concerns your account are always mailed at once.",
        }

    orcid = forms.CharField(label="ORCID iD", required=False, max_length=60)

    def clean_orcid(self) -> str:
        text: str = self.cleaned_data["orcid"]
        try:
            return people.normal_orcid(text) if text else ""
        except Refused as refused:
            raise forms.ValidationError(str(refused), code=refused.code) from refused


class AnnounceForm(forms.Form):
    title = forms.CharField(max_length=160, help_text="It is the subject of the mail, too.")
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 10}), help_text="Markdown.")


class _ReasonForm(forms.Form):
    reason = forms.CharField(max_length=500, help_text="The members read it, and the log keeps it.")


class MergeForm(_ReasonForm):
    """Two teams of a challenge; the second becomes part of the first."""

    into = forms.ModelChoiceField(Team.objects.none(), label="Team that stays", empty_label="Choose a team")
    merged = forms.ModelChoiceField(
        Team.objects.none(), label="Team that becomes part of it", empty_label="Choose a team"
    )
    field_order = ["into", "merged", "reason"]

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("into", "merged"):
            choice = cast(forms.ModelChoiceField, self.fields[name])  # type: ignore[type-arg]
            choice.queryset = challenge.teams.filter(merged_into=None)


class MemberChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable when it runs
    def label_from_instance(self, obj: Membership) -> str:
        return f"{obj.user.get_username()}, now in {obj.team.name}"


class MoveForm(_ReasonForm):
    """A member of one team of a challenge, and the team to go to."""

    member = MemberChoice(Membership.objects.none(), empty_label="Choose a person")
    to = forms.ModelChoiceField(Team.objects.none(), label="To the team", empty_label="Choose a team")
    field_order = ["member", "to", "reason"]

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people_in = Membership.objects.filter(challenge=challenge).select_related("user", "team")
        cast(MemberChoice, self.fields["member"]).queryset = people_in.order_by("user__username")
        choice = cast(forms.ModelChoiceField, self.fields["to"])  # type: ignore[type-arg]
        choice.queryset = challenge.teams.filter(merged_into=None)
