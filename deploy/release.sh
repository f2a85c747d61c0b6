#!/bin/sh
# What has to be true of the database before this release serves. Safe to run again and beside the
# former release, which is still serving.
#   ADMIN_DATABASE_URL  if set: makes the database and its roles (docs/how-to/database-roles.md)
#   OWNER_DATABASE_URL  who migrates; unset: DATABASE_URL
set -eu
app_url=$DATABASE_URL
if [ -n "${ADMIN_DATABASE_URL:-}" ]; then
    # The passwords are those of the environment, so nothing has to be kept of what it prints.
    python manage.py create_database --no-migrate >/dev/null
fi
export DATABASE_URL="${OWNER_DATABASE_URL:-$app_url}"
python manage.py migrate --no-input
if [ -n "${OWNER_DATABASE_URL:-}" ]; then
    python manage.py create_database --grants-only
fi
python manage.py register_shipped_model
python manage.py seed_groups
