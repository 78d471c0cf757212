"""The addresses below /organize/<challenge>/; organizers look at nothing below another."""

from django.urls import path

from leaderboard.views.organize import (
    challenge,
    cockpit,
    datasets,
    downloads,
    log,
    people,
    phases,
    rescoring,
    submissions,
)

_phase = "phases/<slug:phase>/"

urlpatterns = [
    path("", cockpit.index, name="organize"),
    path("live/", cockpit.live, name="organize_live"),
    path("challenge/", challenge.edit, name="organize_challenge"),
    path("organizers/", challenge.add_organizer, name="organize_organizer_add"),
    path("organizers/<int:user>/remove/", challenge.remove_organizer, name="organize_organizer_remove"),
    path("phases/", phases.listed, name="organize_phases"),
    path("new-phase/", phases.create, name="organize_phase_new"),
    path(_phase, phases.detail, name="organize_phase"),
    path(f"{_phase}edit/", phases.edit, name="organize_phase_edit"),
    path(f"{_phase}clone/", phases.clone, name="organize_phase_clone"),
    path(f"{_phase}up/", phases.order, name="organize_phase_up"),
    path(f"{_phase}rescore/", rescoring.start, name="organize_rescore"),
    path(f"{_phase}<slug:verb>/", phases.act, name="organize_phase_act"),
    path("datasets/", datasets.listed, name="organize_datasets"),
    path("datasets/<slug:dataset>/", datasets.edit, name="organize_dataset"),
    path("datasets/<slug:dataset>/import/", datasets.begin_import, name="organize_dataset_renew"),
    path("new-dataset/", datasets.begin_import, name="organize_dataset_new"),
    path("imports/<int:pk>/", datasets.imported, name="organize_import"),
    path("imports/<int:pk>/again/", datasets.import_again, name="organize_import_again"),
    path("submissions/", submissions.listed, name="organize_submissions"),
    path("submissions/<uuid:submission>/<slug:verb>/", submissions.act, name="organize_submission_act"),
    path("entries/<slug:entry>/", submissions.mark_entry, name="organize_entry"),
    path("teams/<slug:team>/grant/", submissions.grant, name="organize_grant"),
    path("participants/", people.participants, name="organize_participants"),
    path("rescorings/", rescoring.listed, name="organize_rescorings"),
    path("rescorings/<int:pk>/", rescoring.detail, name="organize_rescoring"),
    path("rescorings/<int:pk>/apply/", rescoring.apply, name="organize_rescoring_apply"),
    path("rescorings/<int:pk>/discard/", rescoring.discard, name="organize_rescoring_discard"),
    path("rescorings/<int:pk>/release/", rescoring.release, name="organize_rescoring_release"),
    path("log/", log.audit, name="organize_log"),
    path("downloads/", downloads.listed, name="organize_downloads"),
    path("downloads/<slug:name>.csv", downloads.table, name="organize_download"),
]
