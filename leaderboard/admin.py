"""Django's admin: for superusers to look at rows; organizers use the site's own pages."""

from django.contrib import admin

from leaderboard import models


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
