"""Django's admin: for superusers to look at rows; organizers use the site's own pages."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from leaderboard import models

# One way to log in, with its limits and its second factor: the admin's own form knows neither.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # one class serves every model
    """Rows to look at: what changes them here would go round rules, transitions and logs."""

    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


for model in (
    models.Challenge,
    models.Phase,
    models.Dataset,
    models.Team,
    models.Entry,
    models.Submission,
    models.RankingScheme,
):
    admin.site.register(model, ReadOnly)
