"""Datasets: their facts, and imports of their ground truth."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from leaderboard import incoming
from leaderboard.domain import datasets
from leaderboard.domain.evaluation import imports
from leaderboard.models import Dataset, DatasetImport
from leaderboard.queries import challenges
from leaderboard.views import access
from leaderboard.views.organize import found
from leaderboard.views.organize.dataset_forms import DatasetForm, ImportForm
from leaderboard.views.people import signed_in

IMPORTS_SHOWN = 20


def listed(request: HttpRequest, challenge: str) -> HttpResponse:
    """All datasets with their version of the ground truth, and the last imports."""
    shown = access.organized_or_404(request, challenge)
    context = {
        "challenge": shown,
        "datasets": challenges.datasets_of(shown).prefetch_related("phases"),
        "imports": DatasetImport.objects.filter(challenge=shown).select_related("by")[:IMPORTS_SHOWN],
    }
    return render(request, "organize/datasets.html", context)


def edit(request: HttpRequest, challenge: str, dataset: str) -> HttpResponse:
    """Change the facts of a dataset; its ground truth changes by another import."""
    shown = found.dataset_or_404(request, challenge, dataset)
    name = shown.name
    form = DatasetForm(request.POST or None, instance=shown)
    if form.is_valid():
        changed = datasets.edit(shown, signed_in(request), form.changes(), form.cleaned_data["reason"])
        messages.success(request, f"Changed: {', '.join(changed)}." if changed else "Nothing was changed.")
        return redirect("organize_datasets", challenge)
    context = {"challenge": shown.challenge, "dataset": shown, "name": name, "form": form}
    return render(request, "organize/dataset_form.html", context)


def begin_import(request: HttpRequest, challenge: str, dataset: str = "") -> HttpResponse:
    """Have a new dataset imported, or renew one that is there."""
    owner = access.organized_or_404(request, challenge)
    renewed = found.dataset_or_404(request, challenge, dataset) if dataset else Dataset(challenge=owner)
    form = ImportForm(request.POST or None, request.FILES or None, instance=renewed, challenge=owner)
    if request.method == "POST" and (refused := incoming.why_without_file(request, owner)):
        form.errors.clear()  # fields behind the file were not read
        form.add_error(None, str(refused))
    elif form.is_valid():
        given = form.cleaned_data
        asked = imports.ask(
            owner,
            signed_in(request),
            form.slug(),
            given["configs"],
            given["folder"] or given["zip"],
            given["rules"],
            list(given["phases"]),
            **form.facts(),
        )
        return redirect("organize_import", challenge, asked.pk)
    context = {"challenge": owner, "dataset": renewed if dataset else None, "form": form}
    return render(request, "organize/import_form.html", context)


def imported(request: HttpRequest, challenge: str, pk: int) -> HttpResponse:
    """What became of an import: waiting, what was found, or all that is wrong."""
    shown = found.import_or_404(request, challenge, pk)
    name = "organize/_import.html" if request.headers.get("HX-Request") else "organize/import.html"
    return render(request, name, {"challenge": shown.challenge, "asked": shown})


def import_again(request: HttpRequest, challenge: str, pk: int) -> HttpResponse:
    """To the form for another try: of a dataset that is there a renewal, else a new one."""
    shown = found.import_or_404(request, challenge, pk)
    if shown.challenge.datasets.filter(slug=shown.slug).exists():
        return redirect("organize_dataset_renew", challenge, shown.slug)
    return redirect("organize_dataset_new", challenge)
