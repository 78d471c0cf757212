"""The WSGI application that gunicorn serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from leaderboard.checks import require_safe
from leaderboard.pace import paced

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
application = paced(get_wsgi_application(), settings.UPLOAD_SILENCE.total_seconds())
require_safe()
