"""The site's settings: from the environment only, parsed strictly.

`manage.py` sets DATABASE_URL and REDIS_URL to embedded servers where they are missing, so that a
checkout works by itself; any other way to start (gunicorn, celery) must be given both.
"""

import hashlib
import os
import re
from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

from leaderboard import logs, reports, storage
from leaderboard.environment import env, one_of, positive, redis_server, required, secret

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where things are -------------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
GROUND_TRUTH_ROOT = Path(env.str("GROUND_TRUTH_ROOT", default=str(DATA_DIR / "ground-truth")))
UPLOADS_ROOT = Path(env.str("UPLOADS_ROOT", default=str(DATA_DIR / "uploads")))
# What organizers may import in the browser lies in a folder for each challenge, named by its slug.
IMPORT_ROOT = Path(env.str("IMPORT_ROOT", default=str(DATA_DIR / "imports")))
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))
# A bucket for all that several machines share; then the folders above, but UPLOADS_ROOT and IMPORT_ROOT, stay
# empty, and what is read of it is kept for a while in a bounded scratch of each machine.
STORAGE_URL = env.str("STORAGE_URL", default="")
SCRATCH_ROOT = Path(env.str("SCRATCH_ROOT", default=str(DATA_DIR / "scratch")))

# --- Security ---------------------------------------------------------------------------------
# Unless it is denied, the servers refuse to start with settings that are unsafe: see checks.py.
PRODUCTION = env.bool("PRODUCTION", default=True)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required("SECRET_KEY", "any long random text; `make demo` makes one for itself.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": "/csp-reports/",
        "report-to": "csp",
    }
}
REPORTING_ENDPOINTS = 'csp="/csp-reports/"'

# --- Applications -----------------------------------------------------------------------------
INSTALLED_APPS = [
    "leaderboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "leaderboard.apps.StaticFiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
]
MIDDLEWARE = [
    "leaderboard.middleware.observed",
    "leaderboard.middleware.probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "leaderboard.middleware.without_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "leaderboard.middleware.viewer_time_zone",
    "leaderboard.middleware.organizers_second_factor",
    "leaderboard.middleware.same_eyes",
]
ROOT_URLCONF = "leaderboard.urls"
WSGI_APPLICATION = "leaderboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "leaderboard.context.site",
            ],
        },
    }
]

# --- Data -------------------------------------------------------------------------------------
_DATABASE_URL = required(
    "DATABASE_URL", "name a PostgreSQL database, or start through manage.py to have one embedded."
)
DATABASES = {"default": env.db_url_config(_DATABASE_URL, engine="django.db.backends.postgresql")}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgres://...")
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["PASSWORD"] = secret("DATABASE_PASSWORD") or DATABASES["default"]["PASSWORD"]
# What waits for a lock, or holds some and does nothing, for so long is broken: it ends, and its work is tried
# again. Slow work is done outside of transactions.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    "-c timezone=UTC -c lock_timeout=60s -c idle_in_transaction_session_timeout=300s"
)
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

required("REDIS_URL", "name a Redis-protocol server, or start through manage.py for an embedded one.")
REDIS_URL = redis_server("REDIS_URL")
# A server that may forget: pages that are kept must not take the room of messages.
CACHE_URL = redis_server("CACHE_URL") or REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "leaderboard.broker.Cache",
        "LOCATION": CACHE_URL,
        # What was signed by another key is not there, rather than refused.
        "KEY_PREFIX": hashlib.sha256(f"cache:{SECRET_KEY}".encode()).hexdigest()[:8],
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Background work --------------------------------------------------------------------------
# A task that is killed comes back: late acknowledgement, no prefetching, and the visibility
# timeout above the hard limit of a case. Checks and imports may take longer: their message is handed
# out again meanwhile, and ends at once at the lease of the worker that is at it.
SCORING_SOFT_LIMIT = timedelta(seconds=positive("SCORING_SOFT_LIMIT_SECONDS", 540))
SCORING_HARD_LIMIT = SCORING_SOFT_LIMIT + timedelta(seconds=60)
LEASE = timedelta(seconds=positive("LEASE_SECONDS", 20))
SWEEP_EVERY = timedelta(seconds=positive("SWEEP_SECONDS", 5))
MAX_TRIES = positive("MAX_TRIES", 5)
# What a caged process may take for one case, and for one file of a check; after so many jobs it is renewed.
CAGE_MEMORY_MIB = positive("CAGE_MEMORY_MIB", 2048)
CAGE_SECONDS = positive("CAGE_SECONDS", 200)
CAGE_JOBS = positive("CAGE_JOBS", 200)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": int(SCORING_HARD_LIMIT.total_seconds()) + 300,
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    # Never retry_on_timeout: a worker whose line broke would read on in a new one, to which nobody speaks.
    "queue_order_strategy": "priority",
}
# Read in this order: a thousand waiting cases must not keep a check or a board from being made.
CELERY_TASK_QUEUES = [
    # Each with an exchange and a key of its own: by default all would share one and get every message.
    Queue(name, Exchange(name), routing_key=name)
    for name in ("sweeping", "mailing", "boards", "storing", "checking", "scoring", "pictures")
]
CELERY_TASK_DEFAULT_QUEUE = "checking"
CELERY_TASK_ROUTES = {
    "leaderboard.tasks.sweep": {"queue": "sweeping"},
    "leaderboard.tasks.tell_of_phases": {"queue": "sweeping"},
    "leaderboard.tasks.tidy": {"queue": "sweeping"},
    "leaderboard.tasks.send_mail": {"queue": "mailing"},
    "leaderboard.tasks.update_board": {"queue": "boards"},
    "leaderboard.tasks.complete_board": {"queue": "checking"},
    "leaderboard.tasks.check_submission": {"queue": "checking"},
    # What has to do with files that lie beside the web server: uploads on their way into a bucket, imports.
    "leaderboard.tasks.store_upload": {"queue": "storing"},
    "leaderboard.tasks.import_ground_truth": {"queue": "storing"},
    "leaderboard.tasks.score_case": {"queue": "scoring"},
    "leaderboard.tasks.order_pictures": {"queue": "pictures"},
    "leaderboard.tasks.render_pictures": {"queue": "pictures"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = int(SCORING_SOFT_LIMIT.total_seconds())
CELERY_TASK_TIME_LIMIT = int(SCORING_HARD_LIMIT.total_seconds())
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.int("WORKER_MAX_KIB_PER_CHILD", default=1_500_000)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Mail that is written to the console looks like mail, not like warnings.
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# None of them expires: that would be told by the clocks of two machines. See `tasks.is_due`.
ORDER_EVERY, TELL_EVERY = timedelta(seconds=15), timedelta(seconds=60)
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "leaderboard.tasks.sweep", "schedule": SWEEP_EVERY.total_seconds()},
    "order-pictures": {"task": "leaderboard.tasks.order_pictures", "schedule": ORDER_EVERY.total_seconds()},
    "tidy": {"task": "leaderboard.tasks.tidy", "schedule": crontab(hour=4, minute=10)},
    "tell-of-phases": {"task": "leaderboard.tasks.tell_of_phases", "schedule": TELL_EVERY.total_seconds()},
}
CELERY_BEAT_SCHEDULER = "leaderboard.beat:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# --- Pictures ---------------------------------------------------------------------------------
# Of how many entries, beside the baselines, the cases of public datasets are drawn.
PICTURES_TOP = env.int("PICTURES_TOP", default=5)

# --- Uploads ----------------------------------------------------------------------------------
MAX_UPLOAD_BYTES = positive("MAX_UPLOAD_BYTES", 8 * 1024**3)
SCRATCH_BYTES = positive("SCRATCH_BYTES", 4 * MAX_UPLOAD_BYTES)
if STORAGE_URL and SCRATCH_BYTES < 2 * MAX_UPLOAD_BYTES:
    raise ImproperlyConfigured(
        "SCRATCH_BYTES is at least twice MAX_UPLOAD_BYTES: two cases may need two uploads."
    )
# Uploads are refused that would leave less of the uploads' disk free.
MIN_FREE_BYTES = positive("MIN_FREE_BYTES", 2 * 1024**3)
# One person begins so many uploads in an hour at most.
UPLOADS_PER_HOUR = positive("UPLOADS_PER_HOUR", 120)
# An unfinished upload is kept for so long after its last byte ...
UPLOAD_EXPIRY = timedelta(hours=positive("UPLOAD_EXPIRY_HOURS", 48))
# ... and a sender holds a thread of the web server for so long without another 64 KiB of any body.
UPLOAD_SILENCE = timedelta(seconds=positive("UPLOAD_SILENCE_SECONDS", 30))
# What a zip of fields may cost, where it shall differ from the engine's own limits.
FIELD_LIMITS = {
    name: positive(f"FIELDS_{name.upper()}", 1)
    for name in ("members", "total_bytes", "member_bytes", "ratio", "directory_bytes")
    if f"FIELDS_{name.upper()}" in os.environ
}
# On the same file system as the uploads: the finished file is renamed, never copied.
FILE_UPLOAD_TEMP_DIR = UPLOADS_ROOT / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["leaderboard.incoming.GuardedHandler"]

# --- People -----------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["leaderboard.accounts.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Required of everyone who organizes, before any page under /organize/ or /admin/.
REQUIRE_ORGANIZER_MFA = env.bool("REQUIRE_ORGANIZER_MFA", default=False)
ACCOUNT_ADAPTER = "leaderboard.accounts.Adapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
# The page is the same whether an address has an account or not; only its mailbox learns which.
ACCOUNT_PREVENT_ENUMERATION = True
# How often, counted in the cache that all web processes share: per address of the network (ip), per
# account that is tried (key), per person (user).
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "10/m/ip,100/d/ip",
    "reset_password": "10/m/ip,3/m/key",
    "manage_email": "10/m/user",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "upload": f"{UPLOADS_PER_HOUR}/h/user",
}
# How many of our own proxies add to X-Forwarded-For; 0 does not read it, for anybody can send it.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Registration leaderboard"
# Where links in mails lead to: what sends them has no request to ask.
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")
EMAIL_CONFIG = env.email_url_config(secret("EMAIL_URL") or "consolemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_CONFIG.get("EMAIL_HOST", "localhost")
EMAIL_PORT = EMAIL_CONFIG.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL_CONFIG.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = EMAIL_CONFIG.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="leaderboard@localhost")

# --- Pages ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/htmx", NODE_MODULES / "htmx.org" / "dist"),
    ("vendor/tus", NODE_MODULES / "tus-js-client" / "dist"),
    ("vendor/noble-hashes", NODE_MODULES / "@noble" / "hashes"),
    ("vendor/niivue", NODE_MODULES / "@niivue" / "niivue" / "dist"),
    ("vendor/plotly", NODE_MODULES / "plotly.js-cartesian-dist-min"),
    ("vendor/plex-sans", NODE_MODULES / "@fontsource" / "ibm-plex-sans" / "files"),
    ("vendor/plex-mono", NODE_MODULES / "@fontsource" / "ibm-plex-mono" / "files"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    **storage.backends(STORAGE_URL, secret("S3_ACCESS_KEY"), secret("S3_SECRET_KEY")),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Where the proxy finds MEDIA_ROOT, and nobody from outside: it sends private files after a view let them go.
ACCEL_REDIRECT = env.str("ACCEL_REDIRECT", default="")
if ACCEL_REDIRECT and not re.fullmatch(r"/[a-z][a-z0-9-]*/", ACCEL_REDIRECT):
    raise ImproperlyConfigured(
        f"ACCEL_REDIRECT is {ACCEL_REDIRECT}; it is one word between slashes: /private/"
    )
if ACCEL_REDIRECT and STORAGE_URL:
    raise ImproperlyConfigured(
        "ACCEL_REDIRECT is for files in folders; with STORAGE_URL the site sends them."
    )
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- For operators ----------------------------------------------------------------------------
# Who may read /metrics; without it only the machine itself, and not through a proxy.
METRICS_TOKEN = secret("METRICS_TOKEN")
# /readyz calls it a fault when work waits and none was finished for so long.
QUEUE_LIMIT = timedelta(seconds=positive("QUEUE_LIMIT_SECONDS", 900))
# So long one answer of /readyz is given to all who ask.
READY_KEPT = timedelta(seconds=env.int("READY_KEPT_SECONDS", default=2))
LOG_FORMAT = one_of("LOG_FORMAT", "json", "plain")
LOGGING = logs.config(LOG_FORMAT, env.str("LOG_LEVEL", default="INFO"))
# What the janitor leaves lying for a while: files of invalid and cancelled submissions, boards with a later
# one of the same day, mails that could not be sent.
KEEP_INVALID = timedelta(days=positive("KEEP_INVALID_DAYS", 30))
KEEP_SNAPSHOTS = timedelta(days=positive("KEEP_SNAPSHOTS_DAYS", 30))
KEEP_LETTERS = timedelta(days=positive("KEEP_LETTERS_DAYS", 14))
reports.begin(secret("SENTRY_DSN"), env.str("RELEASE", default=""))
