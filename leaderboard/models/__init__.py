"""Fields, constraints and one-line properties; the verbs are in `domain`, the questions in `queries`."""

from leaderboard.models.challenges import Case, Challenge, Dataset, Phase
from leaderboard.models.ranking import RankingScheme, Snapshot, SnapshotPart
from leaderboard.models.submissions import CaseResult, Evaluation, Submission, SubmissionEvent
from leaderboard.models.teams import Entry, Membership, Team

__all__ = [
    "Case",
    "CaseResult",
    "Challenge",
    "Dataset",
    "Entry",
    "Evaluation",
    "Membership",
    "Phase",
    "RankingScheme",
    "Snapshot",
    "SnapshotPart",
    "Submission",
    "SubmissionEvent",
    "Team",
]
