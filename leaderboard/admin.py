"""Django's admin: for superusers to look at rows; organizers use the site's own pages."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from leaderboard import models

# One way to log in, with its limits and its second factor: the admin's own form knows neither.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ReadMostly(admin.ModelAdmin):  # type: ignore[type-arg]  # one class serves every model
    list_per_page = 50


for model in (
    models.Challenge,
    models.Phase,
    models.Dataset,
    models.Team,
    models.Entry,
    models.Submission,
    models.RankingScheme,
):
    admin.site.register(model, ReadMostly)
