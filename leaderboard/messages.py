"""The words for every reason the site refuses something, by code.

What is wrong inside an uploaded file is worded by `scoring.errors`, the same on the command line.
"""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "phase_not_open": "{phase} takes submissions from {opens}. Come back then.",
    "phase_closed": "{phase} closed on {closes}. Its board stays readable.",
    "phase_paused": "{phase} is paused by the organizers. Nothing is lost; try again later.",
    "no_team": "You are in no team of {challenge} yet. Found one, then submit.",
    "entry_name_taken": "Another entry of {challenge} is called “{name}” already. Choose another name.",
    "team_name_taken": "A team of {challenge} is called “{name}” already. Choose another name.",
    "already_in_a_team": "You are in the team {team} already: one team a person and challenge.",
    "file_empty": "{name} is empty. Choose the zip with your displacement fields.",
    "file_too_large": "{name} has {size}, more than the {limit} allowed.",
    "too_many_uploads": "{uploading} uploads of your team are unfinished. Go on with them or discard one.",
    "too_many_begun": "You have begun {limit} uploads in an hour. Go on with one or come back later.",
    "no_room": "The server has no room for this file at the moment. Tell the organizers, or try again later.",
    "upload_offset": "The upload goes on at byte {offset}.",
    "upload_busy": "Another piece of this upload is just being stored. Try again.",
    "upload_checksum": "The piece was damaged on its way. Send it again.",
    "upload_too_long": "More bytes came than the {size} that were announced.",
    "upload_gone": "This upload was called off or has expired. Begin it again.",
    "upload_lost": "What had come of this upload is lost on the server. Begin it again; no attempt was used.",
    "upload_done": "This file is received already; what becomes of it is decided on its page.",
    "upload_request": "The request is not as tus 1.0 wants it: {what}.",
    "upload_phase": "There is no phase {name}. Name it as challenge/phase, such as lumir/validation.",
    "attempts_used": "Your team has used its {allowed} attempts within {window}. The next is free {next}.",
    "attempts_used_up": "Your team has used all {allowed} attempts of {phase}.",
    "invalid_used": "Your team has sent {allowed} invalid files within {window}. "
    "The next is free {next}. Check the file before with `python -m scoring check`.",
    "reason_missing": "Say why: the reason is kept and shown to the team.",
    "grant_of_nothing": "Give at least one attempt.",
    "too_many_running": "{running} of your submissions are still at work. Wait until one is finished.",
    "no_such_scheme": "There is no scheme {name}. Choose one of {known}.",
    "busy": "Other readers' rankings are being computed just now. Ask again in a few seconds.",
    "no_such_day": "{text} is no date. Write it as 2026-01-31, or 2026-01-31T18:00 for a time in UTC.",
    "no_such_dataset": "This board has no dataset {name}. Choose among {known}.",
    "no_such_metric": "The scheme does not rank by {name}, but by {known}.",
    "not_on_the_board": "No entry {name} is on this board. Choose one from the table.",
    "no_such_group": "This board has no group {name}. Choose one of {known}.",
    "datasets_hidden": "Results of single datasets are not shown here, nor rankings by some of them.",
    "no_weight": "{text} is no weight for {name}. Give a number from 0 to {largest}.",
    "no_metric_left": "Every metric has weight 0. Give one of them a weight.",
    "closes_before_it_opens": "The phase would close before it opens. Choose a later time to close.",
    "cannot_reinstate": "Only a disqualified submission can be reinstated; this one is {state}.",
    "cannot_retry": "Only a failed submission can be tried again; this one is {state}.",
    "cannot_release": "Only a submission at work can be given out anew; this one is {state}.",
    "cannot_choose": "Only a scored submission can stand on the board; this one is {state}.",
    "choice_closed": "{phase} closed on {closes}. What was chosen for its board by then stands.",
    "cannot_leave_the_board": "Only a scored submission can be taken off the board; this one is {state}.",
    "no_choice": "In this phase the board shows the {rule} submission of each entry.",
    "rescoring_undecided": "A rescoring of this phase is not decided yet. Apply or discard it first.",
    "rescoring_decided": "This rescoring is decided already.",
    "rescoring_unfinished": "{left} cases are not scored yet. Wait until they are.",
    "nothing_to_rescore": "None of these submissions is scored.",
    # People and teams.
    "no_such_person": "Nobody here has the user name or confirmed address {who}. They need an account first.",
    "last_organizer": "{challenge} has no other organizer. Add one before.",
    "not_in_team": "{who} is no member of {team}.",
    "captain_must_hand_over": "You are the captain. Make another member captain first, then leave.",
    "last_member": "You are the last member and {team} has submissions. Invite somebody to "
    "hand it over to, or ask the organizers to move you.",
    "team_full": "{team} has {limit} members, as many as {challenge} allows.",
    "already_captain": "{who} is the captain already.",
    "invited_already": "{email} has an invitation that is open until {until}. Revoke it to send another.",
    "too_many_invitations": "You have mailed {limit} invitations within 24 hours. "
    "Make a link and pass it on instead.",
    "invitation_used": "This invitation was used already; it works once. Ask the captain for another.",
    "invitation_expired": "This invitation has expired. Ask the captain for another.",
    "invitation_revoked": "This invitation was taken back. Ask the captain if you think that is a mistake.",
    "invitation_used_up": "An invitation that was used cannot be taken back. Remove the member instead.",
    "terms_changed": "The terms changed while you were reading. Read and accept them as they are now.",
    "terms_not_accepted": "The terms of {challenge} have changed. Accept them before you submit again.",
    "same_team": "Choose two different teams.",
    "other_challenge": "{team} belongs to another challenge.",
    "team_is_merged": "{team} was merged into {into} already.",
    "orcid_wrong": "This is no ORCID iD: it has 16 characters in groups of four, like 0000-0002-1825-0097, "
    "and the last one must fit the others.",
    "second_factor_missing": "Organizers log in with a second factor. Set it up first; it takes a minute.",
    "too_many_log_ins": "Too many failed tries. Wait five minutes, or reset the password.",
    "cannot_cancel": "This submission is {state} already and cannot be cancelled.",
    "not_scored_before": "Only a file that was called off because it was scored before can be scored again.",
    "file_gone": "The file is not kept any more. Upload it again.",
}

# Why a submission did or did not cost an attempt, by its state.
LEDGER: Mapping[str, str] = {
    "uploading": "Still being uploaded; counted when it is complete.",
    "received": "Taken in; waits for its check.",
    "checking": "Being checked; given back if the file is not in order.",
    "invalid": "The file was not in order: no attempt, but one of the invalid ones.",
    "queued": "In order, waits to be scored.",
    "scoring": "Being scored.",
    "scored": "Scored.",
    "failed": "Failed for a reason of ours: given back.",
    "cancelled": "Cancelled before a case was scored: given back.",
    "cancelled_late": "Cancelled after cases had been scored.",
    "same_file": "The very file was scored before: not scored again, given back.",
    "withdrawn": "Scored, then withdrawn.",
    "disqualified": "Scored, then disqualified.",
    "grant": "Given by the organizers: {reason}",
    "brought": "Sent by {who} for another team before: an attempt follows whoever sent it.",
}

# What people are told, in the site and by mail: title and text. Results stay on the pages.
NOTICES: Mapping[str, tuple[str, str]] = {
    "scored": ("{entry} is scored", "All cases of {filename} are scored for {phase}."),
    "invalid": (
        "{entry}: the file is not in order",
        "{filename} for {phase} has {count}, all listed on its page. No attempt was used.",
    ),
    "failed": (
        "{entry}: scoring failed, attempt given back",
        "We could not score {filename} for {phase}. The fault is ours: the attempt is given back, "
        "the organizers are told, and they can try again without a new upload unless the file is lost.",
    ),
    "failed-organizers": (
        "Failed: {entry} in {phase}",
        "{filename} of {team} could not be scored. The log has the details.",
    ),
    "same-file": (
        "{entry}: this very file was scored before",
        "{filename} is not scored a second time for {phase} and used no attempt. Its page leads to the "
        "earlier results, and can have it scored again.",
    ),
    "rescored": (
        "{phase}: submissions were scored anew",
        "The new values count from now on, and the board follows them. Why: {reason}",
    ),
    "no-room": (
        "No room for uploads",
        "An upload of {name}, {size}, was refused: only {free} are free where uploads lie. Make room there; "
        "nobody can submit until then. You are told of this once an hour.",
    ),
    "invitation": ("{who} invites you to the team {team}", "Read the terms of {challenge} and join."),
    "joined": ("{who} has joined {team}", ""),
    "left": ("{who} has left {team}", ""),
    "removed": ("You are no longer in the team {team}", "Its captain removed you from it."),
    "captain": ("You are the captain of {team}", "{who} handed it over to you."),
    "organizer": ("You organize {challenge} now", "{who} made you one of its organizers."),
    "merged": ("{merged} is now part of {team}", "The organizers merged the teams: {reason}"),
    "moved": ("{who} is now in the team {team}", "Moved by the organizers: {reason}"),
    "disqualified": (
        "{entry}: a submission is disqualified",
        "The organizers took {filename} off the board of {phase}: {reason}",
    ),
    "reinstated": (
        "{entry}: a submission is back on the board",
        "The organizers reinstated {filename} in {phase}: {reason}",
    ),
    "grant": (
        "{team} has been given attempts",
        "Further attempts for {phase}: {valid} valid, {invalid} invalid. Why: {reason}",
    ),
    "phase-opened": ("{phase} is open", "{challenge} takes submissions to it{until}."),
    "phase-closing": ("{phase} closes soon", "It takes submissions until {closes}."),
    "rule-change": ("Rules of {what} have changed", "{changes}"),
}

# How a job in the cage can come to no answer.
BROKEN: Mapping[str, str] = {
    "cage_time": "it took longer than the {seconds} seconds that it may take",
    "cage_memory": "it needed more than the {memory} MiB of memory that it may take",
    "cage_died": "the process that was at it came to an end ({signal})",
    "cage_error": "an error of ours came up",
    "file_gone": "a file that it needs is not there any more",
}

# Lines of a submission's log.
EVENTS: Mapping[str, str] = {
    "upload_begun": "The upload of {name}, {size}, has begun.",
    "upload_waits": "The file has come whole. It waits until the organizers let the phase go on.",
    "upload_refused": "The file has come whole, but was not taken and is deleted: {reason}",
    "upload_expired": "The upload was not gone on with and is deleted; {come} had come. No attempt was used.",
    "upload_lost": "What had come is lost on the server, and the upload is called off. No attempt was used.",
    "received": "Received {name}, {size}.",
    "storage_away": "The storage of files does not answer. Nothing is lost; it goes on when that is back.",
    "file_missing": "The file is not where it was left. It is looked for again.",
    "checking": "Checking the file.",
    "invalid": "The file has {count}. No attempt was used.",
    "queued": "The file is in order. {cases} wait to be scored.",
    "scoring": "Scoring has begun.",
    "scored": "All {cases} are scored. The board is being computed anew.",
    "failed": "Scoring failed for a reason of ours. The attempt is given back and the organizers are told.",
    "case_error": "Case {case} of {dataset} stumbled: {why}. It is tried again.",
    "case_given_up": "Case {case} of {dataset} is given up: {why}.",
    "end_error": "All cases are scored, but the end stumbled: {why}. It is tried again.",
    "check_error": "The check stumbled: {why}. It is tried again.",
    "check_given_up": "The check is given up: {why}.",
    "lease_lost": "A worker was lost while at work on {what}; another one takes over.",
    "cancelled": "Cancelled by {who}.",
    "same_file": "This very file was scored before for your team: it is not scored a second time. "
    "No attempt was used.",
    "scored_again": "{who} wants this file scored again, though it was scored before.",
    "withdrawn": "Withdrawn by {who}. It stands on the board no longer.",
    "disqualified": "Disqualified by the organizers ({who}): {reason}",
    "reinstated": "Reinstated by the organizers ({who}): {reason}",
    "rescored": "Scored anew; the new values count from now on: {reason}",
    "released": "Given out anew by {who}; what was scored is kept.",
    "retried": "Tried again by {who}; what was scored is kept.",
    "chosen": "Chosen for the board by {who}.",
}


class Refused(Exception):
    """A request that the rules do not allow; its text is for the person who asked."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(WORDS[code].format(**facts))


def event(code: str, **facts: object) -> str:
    return EVENTS[code].format(**facts)


def notice(code: str, **facts: object) -> tuple[str, str]:
    """Title and text of what people are told."""
    title, text = NOTICES[code]
    return title.format(**facts), text.format(**facts)
