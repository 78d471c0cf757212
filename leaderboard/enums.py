"""The closed lists of the product's words, and the one table of a submission's legal moves."""

from collections.abc import Mapping

from django.db.models import TextChoices

# A table of labels and their names that may lie in a ground-truth folder.
NAMES_FILE = "label-names.csv"


class PhaseKind(TextChoices):
    VALIDATION = "validation", "Validation"
    TEST = "test", "Test"


class BoardRule(TextChoices):
    """Which scored submission of an entry stands on the board."""

    BEST = "best", "best"
    LATEST = "latest", "latest"
    CHOSEN = "chosen", "chosen by the team"


class DatasetGroup(TextChoices):
    IN_DOMAIN = "in-domain", "In-domain"
    ZERO_SHOT = "zero-shot", "Zero-shot"


class RegistrationTask(TextChoices):
    INTER_SUBJECT = "inter-subject", "Inter-subject"
    ATLAS_TO_SUBJECT = "atlas-to-subject", "Atlas to subject"
    SUBJECT_TO_ATLAS = "subject-to-atlas", "Subject to atlas"


class EntryKind(TextChoices):
    LEARNING = "learning", "Learning"
    OPTIMISATION = "optimisation", "Optimisation"


class Role(TextChoices):
    CAPTAIN = "captain", "Captain"
    MEMBER = "member", "Member"


class Aspect(TextChoices):
    """What of a phase's results can be shown or hidden by itself."""

    AGGREGATES = "aggregates", "Aggregates"
    PER_DATASET = "per-dataset", "Per dataset"
    PER_CASE = "per-case", "Per case"
    PICTURES = "pictures", "Pictures"
    LOGS = "logs", "Logs"
    NAMES = "names", "Names"
    DOWNLOADS = "downloads", "Downloads"


class Audience(TextChoices):
    """For whom; organizers always see everything."""

    PUBLIC = "public", "Public"
    PARTICIPANTS = "participants", "Participants"
    OWN_TEAM = "own-team", "Own team"
    ORGANIZERS = "organizers", "Organizers"


class MailChoice(TextChoices):
    EACH = "each", "at once"
    DIGEST = "digest", "once a day, together"
    OFF = "off", "never"


class NotificationKind(TextChoices):
    """What people are told of."""

    SCORED = "scored", "Scored"
    INVALID = "invalid", "Invalid file"
    FAILED = "failed", "Failed and given back"
    SAME_FILE = "same-file", "Scored before"
    RESCORED = "rescored", "Scored anew"
    NO_ROOM = "no-room", "No room on disk"
    INVITATION = "invitation", "Invitation"
    TEAM = "team", "Your team"
    PHASE_OPENED = "phase-opened", "Phase opened"
    PHASE_CLOSING = "phase-closing", "Phase closes soon"
    RULE_CHANGE = "rule-change", "Rule change"
    ANNOUNCEMENT = "announcement", "Announcement"


class SubmissionState(TextChoices):
    UPLOADING = "uploading", "Uploading"
    RECEIVED = "received", "Received"
    CHECKING = "checking", "Checking"
    INVALID = "invalid", "Invalid"
    QUEUED = "queued", "Queued"
    SCORING = "scoring", "Scoring"
    SCORED = "scored", "Scored"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    WITHDRAWN = "withdrawn", "Withdrawn"
    DISQUALIFIED = "disqualified", "Disqualified"


class ImportState(TextChoices):
    """The life of an import of ground truth; `refused`: the files or configs are not in order."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Imported"
    REFUSED = "refused", "Not in order"
    FAILED = "failed", "Failed"


class CaseState(TextChoices):
    """The life of one case of an evaluation; the row is the queue of record."""

    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    DONE = "done", "Done"


class RenderingState(TextChoices):
    """The life of a case's pictures; the row is the queue of record."""

    PENDING = "pending", "Pending"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class PictureKind(TextChoices):
    """What a picture shows; the last four are volumes for the viewer in the page."""

    FIXED = "fixed", "Fixed"
    WARPED = "warped", "Warped"
    DIFFERENCE = "difference", "Difference"
    FIXED_LABELS = "fixed-labels", "Fixed labels"
    LABELS = "labels", "Propagated labels"
    MISMATCH = "mismatch", "Label mismatch"
    LANDMARKS = "landmarks", "Landmarks"
    GRID = "grid", "Deformation grid"
    MAGNITUDE = "magnitude", "Displacement"
    JACOBIAN = "jacobian", "Jacobian determinant"
    FIXED_VOLUME = "fixed-volume", "Fixed, volume"
    FIXED_LABELS_VOLUME = "fixed-labels-volume", "Fixed labels, volume"
    MORPH = "morph", "From moving to warped, volumes"
    LABELS_VOLUME = "labels-volume", "Propagated labels, volume"


_S = SubmissionState

TRANSITIONS: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    _S.UPLOADING: frozenset({_S.RECEIVED, _S.CANCELLED}),
    _S.RECEIVED: frozenset({_S.CHECKING, _S.FAILED, _S.CANCELLED}),
    _S.CHECKING: frozenset({_S.INVALID, _S.QUEUED, _S.FAILED, _S.CANCELLED}),
    _S.INVALID: frozenset(),
    _S.QUEUED: frozenset({_S.SCORING, _S.FAILED, _S.CANCELLED}),
    _S.SCORING: frozenset({_S.SCORED, _S.FAILED, _S.CANCELLED}),
    _S.SCORED: frozenset({_S.WITHDRAWN, _S.DISQUALIFIED}),
    _S.FAILED: frozenset({_S.RECEIVED, _S.QUEUED}),
    _S.CANCELLED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.DISQUALIFIED: frozenset({_S.SCORED}),
}

# No worker will touch a submission in one of these again by itself.
FINAL_STATES = frozenset({_S.INVALID, _S.SCORED, _S.FAILED, _S.CANCELLED, _S.WITHDRAWN, _S.DISQUALIFIED})
# A worker has something to do for a submission in one of these.
WORKING_STATES = frozenset({_S.RECEIVED, _S.CHECKING, _S.QUEUED, _S.SCORING})
# No valid attempt was used: the file was not in order, the fault was ours, or it was called off.
FREE_STATES = frozenset({_S.INVALID, _S.FAILED, _S.CANCELLED})
