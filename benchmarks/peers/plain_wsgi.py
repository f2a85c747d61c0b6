"""`gunicorn benchmarks.peers.plain_wsgi`: the model is loaded before it serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.peers.plain_settings")
application = get_wsgi_application()

from benchmarks.peers.plain import scorer_loaded  # noqa: E402 -- its tables need the settings

scorer_loaded()
