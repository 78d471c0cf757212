"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from leaderboard.checks import require_safe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
application = get_wsgi_application()
require_safe()
