"""What organizers type of a phase: its dates, limits and who sees what."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from leaderboard.domain import phases
from leaderboard.domain.evaluation import imports
from leaderboard.enums import Aspect, Audience
from leaderboard.messages import WORDS
from leaderboard.models import Challenge, Phase, RankingScheme
from leaderboard.views.organize.forms import choice

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
        choice(self.fields["scheme"]).queryset = schemes
        choice(self.fields["datasets"]).queryset = challenge.datasets.all()
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
