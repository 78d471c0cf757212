"""Fields, constraints and one-line properties; the verbs are in `domain`, the questions in `queries`."""

from leaderboard.models.challenges import Case, Challenge, Dataset, GroundTruth, Phase
from leaderboard.models.imports import DatasetImport
from leaderboard.models.people import (
    Announcement,
    AttemptGrant,
    AuditEvent,
    Invitation,
    Letter,
    Notification,
    Profile,
    TermsAcceptance,
    Worker,
)
from leaderboard.models.pictures import Picture, Rendering
from leaderboard.models.ranking import LAYOUT, Completion, RankingScheme, Snapshot, SnapshotPart
from leaderboard.models.submissions import (
    CaseResult,
    Evaluation,
    Rescoring,
    Submission,
    SubmissionEvent,
    Upload,
)
from leaderboard.models.teams import Entry, Membership, Team

__all__ = [
    "LAYOUT",
    "Announcement",
    "AttemptGrant",
    "AuditEvent",
    "Case",
    "CaseResult",
    "Challenge",
    "Completion",
    "Dataset",
    "DatasetImport",
    "Entry",
    "Evaluation",
    "GroundTruth",
    "Invitation",
    "Letter",
    "Membership",
    "Notification",
    "Phase",
    "Picture",
    "Profile",
    "RankingScheme",
    "Rendering",
    "Rescoring",
    "Snapshot",
    "SnapshotPart",
    "Submission",
    "SubmissionEvent",
    "Team",
    "TermsAcceptance",
    "Upload",
    "Worker",
]
