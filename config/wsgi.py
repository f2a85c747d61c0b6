"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from config.limits import STATEMENT_TIMEOUT_MS

# Without a word about the settings, the strict ones: they stop where a secret is missing.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
# A request that waits longer than this for one statement fails; commands have no such limit.
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_MS", str(STATEMENT_TIMEOUT_MS))

application = get_wsgi_application()
