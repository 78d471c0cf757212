"""The site's addresses; others rely on them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from leaderboard.views import health, public, submissions, teams, uploads

_phase = "challenges/<slug:challenge>/phases/<slug:phase>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    path("challenges/<slug:challenge>/", public.challenge, name="challenge"),
    path("challenges/<slug:challenge>/data/", public.data, name="data"),
    path("challenges/<slug:challenge>/datasets/<slug:dataset>/", public.dataset, name="dataset"),
    path("challenges/<slug:challenge>/entries/<slug:entry>/", public.entry, name="entry"),
    path("challenges/<slug:challenge>/entries/<slug:entry>/edit/", teams.edit_entry, name="entry_edit"),
    path("challenges/<slug:challenge>/teams/new/", teams.create, name="team_create"),
    path(_phase, public.leaderboard, name="leaderboard"),
    path(f"{_phase}leaderboard.json", public.leaderboard_json, name="leaderboard_json"),
    path(f"{_phase}leaderboard.csv", public.leaderboard_csv, name="leaderboard_csv"),
    path(f"{_phase}pairs.csv", submissions.pairs_csv, name="pairs_csv"),
    path(f"{_phase}sample.zip", submissions.sample_zip, name="sample_zip"),
    path(f"{_phase}configs.zip", submissions.configs_zip, name="configs_zip"),
    path(f"{_phase}preflight.json", submissions.preflight, name="preflight"),
    path(f"{_phase}submit/", submissions.submit, name="submit"),
    path("submissions/<uuid:submission>/", submissions.detail, name="submission"),
    path("submissions/<uuid:submission>/progress/", submissions.progress, name="submission_progress"),
    path("submissions/<uuid:submission>/cancel/", submissions.cancel, name="submission_cancel"),
    path("uploads/", uploads.create, name="uploads"),
    path("uploads/<uuid:upload>/", uploads.piece, name="upload"),
    path("teams/<slug:team>/", teams.detail, name="team"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
