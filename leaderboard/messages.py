"""The words for every reason the site refuses something, by code.

What is wrong inside an uploaded file is worded by `scoring.errors`, the same on the command line.
"""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "phase_not_open": "{phase} takes submissions from {opens}. Come back then.",
    "phase_closed": "{phase} closed on {closes}. Its board stays readable.",
    "phase_paused": "{phase} is paused by the organizers. Nothing is lost; try again later.",
    "no_team": "You are in no team of {challenge} yet. Found one, then submit.",
    "not_your_entry": "This entry belongs to another team. Choose one of your own or name a new one.",
    "entry_name_taken": "Another entry of {challenge} is called “{name}” already. Choose another name.",
    "team_name_taken": "A team of {challenge} is called “{name}” already. Choose another name.",
    "already_in_a_team": "You are in the team {team} already: one team a person and challenge.",
    "file_empty": "{name} is empty. Choose the zip with your displacement fields.",
    "file_too_large": "{name} has {size}, more than the {limit} allowed.",
    "attempts_used": "Your team has used its {allowed} attempts of the last {window}. "
    "The next is free {next}.",
    "attempts_used_up": "Your team has used all {allowed} attempts of {phase}.",
    "invalid_used": "Your team has sent {allowed} invalid files in the last {window}. "
    "The next is free {next}. Check the file before with `python -m scoring check`.",
    "reason_missing": "Say why: the reason is kept and shown to the team.",
    "grant_of_nothing": "Give at least one attempt.",
    "too_many_running": "{running} of your submissions are still at work. Wait until one is finished.",
    "no_such_scheme": "There is no scheme {name}. Choose one of {known}.",
    "no_such_dataset": "This board has no dataset {name}. Choose among {known}.",
    "no_such_metric": "The scheme does not rank by {name}, but by {known}.",
    "not_on_the_board": "No entry {name} is on this board. Choose one from the table.",
    "no_such_group": "This board has no group {name}. Choose one of {known}.",
    "no_weight": "{text} is no weight for {name}. Give a number from 0 to {largest}.",
    "no_metric_left": "Every metric has weight 0. Give one of them a weight.",
    "closes_before_it_opens": "The phase would close before it opens. Choose a later time to close.",
    "cannot_reinstate": "Only a disqualified submission can be reinstated; this one is {state}.",
    "cannot_retry": "Only a failed submission can be tried again; this one is {state}.",
    "cannot_choose": "Only a scored submission can stand on the board; this one is {state}.",
    "cannot_leave_the_board": "Only a scored submission can be taken off the board; this one is {state}.",
    "no_choice": "In this phase the board shows the {rule} submission of each entry.",
    "rescoring_undecided": "A rescoring of this phase is not decided yet. Apply or discard it first.",
    "rescoring_decided": "This rescoring is decided already.",
    "rescoring_unfinished": "{left} cases are not scored yet. Wait until they are.",
    "nothing_to_rescore": "None of these submissions is scored.",
    "cannot_cancel": "This submission is {state} already and cannot be cancelled.",
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
    "withdrawn": "Scored, then withdrawn.",
    "disqualified": "Scored, then disqualified.",
    "grant": "Given by the organizers until {until}: {reason}",
}

# Lines of a submission's log.
EVENTS: Mapping[str, str] = {
    "received": "Received {name}, {size}.",
    "checking": "Checking the file.",
    "invalid": "The file has {count}. No attempt was used.",
    "queued": "The file is in order. {cases} wait to be scored.",
    "scoring": "Scoring has begun.",
    "scored": "All {cases} are scored. The board is being computed anew.",
    "failed": "Scoring failed for a reason of ours. The attempt is given back and the organizers are told.",
    "case_error": "Case {case} of {dataset} stumbled; it is tried again.",
    "check_error": "The check stumbled; it is tried again.",
    "lease_lost": "A worker was lost while at work on {what}; another one takes over.",
    "cancelled": "Cancelled by {who}.",
    "withdrawn": "Withdrawn by {who}. It stands on the board no longer.",
    "disqualified": "Disqualified by the organizers ({who}): {reason}",
    "reinstated": "Reinstated by the organizers ({who}): {reason}",
    "rescored": "Scored anew; the new values count from now on: {reason}",
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
