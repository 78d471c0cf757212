"""What each web process counts by itself; `views.metrics` puts the processes' counts together."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "leaderboard_http_requests", "Requests answered.", ["view", "method", "status"], registry=None
)
SECONDS = Histogram(
    "leaderboard_http_request_seconds",
    "Seconds until a request was answered.",
    ["view"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
    registry=None,
)
CSP_REPORTS = Counter(
    "leaderboard_csp_reports", "Breaches of the content security policy, told by browsers.", registry=None
)
ALL = (REQUESTS, SECONDS, CSP_REPORTS)
