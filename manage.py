#!/usr/bin/env python
"""Django's command line; `make` calls it, and so may you: `.venv/bin/python manage.py help`."""

import os
import sys
from contextlib import ExitStack


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    from django.core.exceptions import ImproperlyConfigured

    from config.postgres.account import PostgresError
    from config.postgres.sessions import embedded_postgres, embedded_postgres_needed

    try:
        with ExitStack() as stack:
            if embedded_postgres_needed(sys.argv[1:]):
                stack.enter_context(embedded_postgres())
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except (PostgresError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
