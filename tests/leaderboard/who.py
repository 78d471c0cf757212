"""The table of who may: for every address of the site, what each role is answered.

A new address needs a line in TABLE: its name, what GET is answered, and what POST is where that differs.
Answers stand in the order of ROLES; one alone is for all. `in`: led to the log-in page; `own`: what the
page does with its own form, any answer but these; otherwise the status.
"""

from dataclasses import dataclass
from fnmatch import fnmatch

# member: captain of the team whose objects the addresses name; other: of another team of the challenge.
ROLES = ("public", "unverified", "member", "other", "elsewhere", "organizer", "superuser")


@dataclass(frozen=True)
class Row:
    """What GET and POST are answered; POST as GET where it is not told."""

    get: tuple[str, ...]
    post: tuple[str, ...]


def row(get: str, post: str = "") -> Row:
    return Row(_spread(get), _spread(post or get))


def _spread(answers: str) -> tuple[str, ...]:
    each = answers.split()
    if len(each) not in (1, len(ROLES)):
        raise ValueError(f"{answers}: one answer, or one a role")
    return tuple(each if len(each) > 1 else each * len(ROLES))


#                     public unverified member other elsewhere organizer superuser
ALL = row("200")
READ = row("200", "405")
SIGNED_IN = row("     in in 200 200 200 200 200")
THE_TEAM = row("      404 404 200 404 404 200 200")
THE_TEAM_ACTS = row(" 404 404 200 404 404 404 404", "404 404 302 404 404 404 404")
ITS_CAPTAIN = row("   in in 200 404 404 200 200")
CAPTAIN_ACTS = row("  in in 200 404 404 200 200", "in in 302 404 404 302 302")
CAPTAIN_POSTS = row(" 405", "in in 302 404 404 302 302")
ORGANIZERS = row("    404 404 404 404 404 200 200")
ORGANIZERS_ACT = row("404 404 404 404 404 200 200", "404 404 404 404 404 302 302")
ORGANIZERS_IN = row(" in in 404 404 404 200 200")
STAFF = row("         in in in in in in own")
NOBODY = row("        in in in in in in 403")

TABLE: dict[str, Row] = {
    # What everybody may read.
    "home": ALL,
    "challenge": ALL,
    "data": ALL,
    "dataset": ALL,
    "entry": ALL,
    "score": ALL,
    "score_json": ALL,
    "entry_cases_csv": ALL,
    "dataset_cases_csv": ALL,
    "compare": ALL,
    # Without two entries there is none; `views.test_computed` holds it against the matrix.
    "compare_csv": row("404"),
    "leaderboard": ALL,
    "leaderboard_json": ALL,
    "leaderboard_csv": ALL,
    "leaderboard_latex": ALL,
    "significance": ALL,
    "heatmap": ALL,
    "stability": ALL,
    "pairs_csv": ALL,
    "sample_zip": ALL,
    "configs_zip": ALL,
    "preflight": ALL,
    "scorer_zip": ALL,
    "announcements": ALL,
    "changes": ALL,
    "cases": ALL,
    "case": ALL,
    "tasks": ALL,
    # Of a dataset that is not public; `views.cases` holds those of public ones against the matrix.
    "ground_truth_zip": row("404"),
    "picture": row("404"),
    # Operations; no worker runs in this test.
    "healthz": ALL,
    "readyz": row("503"),
    "csp_reports": row("405", "415"),  # whatever browsers do not send so
    "metrics": ALL,  # on the machine itself
    # Taking part.
    "team_create": row("in in 302 302 200 200 200"),
    "submit": row("in in 200 200 302 302 302"),
    "terms": SIGNED_IN,
    "entry_edit": row("in in 200 404 404 404 404"),
    "submission": THE_TEAM,
    "submission_progress": THE_TEAM,
    "submission_cancel": row("404 404 200 404 404 404 404"),  # it is scored: said so
    "submission_withdraw": THE_TEAM_ACTS,
    "submission_choose": row("404 404 200 404 404 404 404"),  # the phase shows the latest: said so
    "submission_again": row("405", "404 404 302 404 404 404 404"),
    "uploads": row("401 401 405 405 405 405 405", "401 401 400 400 400 400 400"),
    "upload": row("401 401 405 404 404 404 404"),
    # Teams and people.
    "team": THE_TEAM,
    "team_edit": ITS_CAPTAIN,
    "team_leave": CAPTAIN_ACTS,
    "team_remove": CAPTAIN_ACTS,
    "team_captain": CAPTAIN_ACTS,
    "team_invite": CAPTAIN_POSTS,
    "team_link": CAPTAIN_POSTS,
    "team_revoke": CAPTAIN_POSTS,
    "invitation": row("200 200 302 200 200 200 200"),
    "notifications": SIGNED_IN,
    "notifications_read": row("405", "in in 302 302 302 302 302"),
    "notification": row("in in 302 404 404 404 404"),
    "profile": SIGNED_IN,
    # Organizers' pages.
    "organize": ORGANIZERS,
    "organize_live": ORGANIZERS,
    "organize_challenge": ORGANIZERS,
    "organize_organizer_add": row("405", "404 404 404 404 404 200 200"),
    "organize_organizer_remove": ORGANIZERS_ACT,
    "challenge_create": row("404 404 404 404 404 404 200"),
    "organize_phases": ORGANIZERS,
    "organize_phase_new": ORGANIZERS,
    "organize_phase": ORGANIZERS,
    "organize_phase_edit": ORGANIZERS,
    "organize_phase_clone": ORGANIZERS,
    "organize_phase_up": row("405", "404 404 404 404 404 302 302"),
    "organize_phase_act": ORGANIZERS_ACT,
    "organize_rescore": ORGANIZERS,
    "organize_datasets": ORGANIZERS,
    "organize_dataset": ORGANIZERS,
    "organize_dataset_renew": ORGANIZERS,
    "organize_dataset_new": ORGANIZERS,
    "organize_import": ORGANIZERS,
    "organize_import_again": row("404 404 404 404 404 302 302"),
    "organize_submissions": ORGANIZERS,
    "organize_submission_act": ORGANIZERS,
    "organize_entry": ORGANIZERS,
    "organize_grant": ORGANIZERS,
    "organize_participants": ORGANIZERS,
    "organize_rescorings": ORGANIZERS,
    "organize_rescoring": ORGANIZERS,
    "organize_rescoring_apply": ORGANIZERS,
    "organize_rescoring_discard": ORGANIZERS,
    "organize_rescoring_release": ORGANIZERS,
    "organize_log": ORGANIZERS,
    "organize_downloads": ORGANIZERS,
    "organize_download": ORGANIZERS,
    "announce": ORGANIZERS_IN,
    "teams_merge": ORGANIZERS_IN,
    "teams_move": ORGANIZERS_IN,
    # Accounts.
    "account_login": row("200 200 302 302 302 302 302"),
    "account_logout": row("302 302 200 200 200 200 200", "302"),
    "account_inactive": READ,
    "account_signup": row("200 200 302 302 302 302 302"),
    "account_reauthenticate": SIGNED_IN,
    "account_email": row("in in 200 200 200 200 200", "in in 302 302 302 302 302"),
    "account_email_verification_sent": READ,
    "account_change_password": SIGNED_IN,
    "account_set_password": row("in in 302 302 302 302 302"),
    "account_reset_password": ALL,
    "account_confirm_login_code": row("302"),
    "account_confirm_email": row("200", "404"),  # of a key that there is not
    "account_reset_password_from_key_done": READ,
    "account_reset_password_from_key": ALL,
    "account_reset_password_done": READ,
    "mfa_index": row("in in 200 200 200 200 200", "in in 405 405 405 405 405"),
    "mfa_authenticate": row("302"),
    "mfa_reauthenticate": row("in in 302 302 302 302 302"),
    "mfa_activate_totp": row("in in 302 302 302 302 302"),  # after the password once more
    "mfa_deactivate_totp": row("in in 404 404 404 404 404"),
    "mfa_view_recovery_codes": row("in in 404 404 404 404 404", "in in 405 405 405 405 405"),
    "mfa_generate_recovery_codes": row("in in 302 302 302 302 302"),
    "mfa_download_recovery_codes": row("in in 404 404 404 404 404"),
    # The admin: whatever is in it, for staff alone.
    "admin:leaderboard_*_add": NOBODY,
    "admin:leaderboard_*_delete": NOBODY,
    "admin:*": STAFF,
    "admin:login": row("in in 403 403 403 403 own"),
    "admin:logout": row("302 302 302 302 302 302 own"),
    "admin:autocomplete": row("in in in in in in 403"),  # without a field that it is for
}

# What tus asks of an unfinished upload beside; whoever did not begin it is told that there is none.
UPLOAD_METHODS: dict[str, tuple[str, ...]] = {
    "HEAD": _spread("401 401 200 404 404 404 404"),
    "PATCH": _spread("401 401 204 404 404 404 404"),
    "DELETE": _spread("401 401 204 404 404 404 404"),
}

# What an address does is the last word of some.
VERBS = {
    "organize_phase_act": ("pause", "resume", "freeze", "publish", "recompute"),
    "organize_submission_act": ("retry", "release", "cancel", "disqualify", "reinstate"),
    "organize_download": ("submissions", "results", "participants"),
}


# What pages show besides by their query: of boards, of two entries, of a part. Each is answered as its page
# is; names in braces are those of `test_who_may.Site`.
QUERIES: dict[str, tuple[str, ...]] = {
    "leaderboard": (
        "?scheme=mean-rank",
        "?datasets=t1&weights=DSC:2",
        "?q=net&columns=interval,DSC&sort=-DSC",
        "?at=2100-01-01",
        "?at=2001-01-01",
    ),
    "heatmap": ("?scheme=mean-rank",),
    "compare": ("?a={entry}&b={leader}", "?a={entry}&b={entry}"),
    "cases": ("?entry={entry}&metric=DSC",),
    "case": ("?dataset=t1&entry={entry}&beside={leader}",),
}


def row_of(name: str) -> Row:
    found = next((key for key in (name, *TABLE) if key in TABLE and fnmatch(name, key)), None)
    if found is None:
        raise AssertionError(
            f"The address “{name}” has no row. Say who may what there: "
            "add it to TABLE in tests/leaderboard/who.py."
        )
    return TABLE[found]
