#!/bin/sh
# Looks for secrets in the image, starts it as production does (read-only, without rights) beside a
# fresh PostgreSQL, runs its release step, and lets deploy.smoke try it. Needs a Docker engine.
set -eu
image=${IMAGE:-futurisys-energy}

# Whoever pulls an image reads its variables and its files.
found=$(
    docker image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$image" |
        sed -n 's/^\([^=]*\(SECRET\|TOKEN\|PASSWORD\|DATABASE_URL\|DSN\)[^=]*\)=.*/\1/p'
    docker run --rm --entrypoint find "$image" /app /data \
        \( -name '.env*' -o -name '*.env' -o -name '*.key' -o -name '*.pem' -o -name secret_key \)
)
if [ -n "$found" ]; then
    printf 'the image holds secrets: %s\n' "$found" >&2
    exit 1
fi

network=futurisys-smoke-$$
secret=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
cleanup() {
    docker rm --force "$network-web" "$network-postgres" >/dev/null 2>&1 || true
    docker network rm "$network" >/dev/null 2>&1 || true
    docker volume rm "$network-data" >/dev/null 2>&1 || true
}
trap cleanup EXIT INT TERM

run() {
    docker run --rm --network "$network" --read-only --tmpfs /tmp --cap-drop ALL \
        --security-opt no-new-privileges --volume "$network-data:/data" \
        --env SECRET_KEY="$secret$secret" --env ALLOWED_HOSTS=localhost,127.0.0.1 \
        --env SECURE_SSL_REDIRECT=false \
        --env DATABASE_URL="postgres://futurisys_app:$secret@$network-postgres:5432/futurisys" "$@"
}

docker network create "$network" >/dev/null
docker run --detach --name "$network-postgres" --network "$network" \
    --env POSTGRES_PASSWORD="$secret" postgres:18-bookworm >/dev/null
until docker exec "$network-postgres" pg_isready --quiet --host 127.0.0.1 --username postgres; do sleep 1; done

owner="postgres://futurisys_owner:$secret@$network-postgres:5432/futurisys"
run --env ADMIN_DATABASE_URL="postgres://postgres:$secret@$network-postgres:5432/postgres" \
    --env OWNER_DATABASE_URL="$owner" \
    --env DATABASE_OWNER_PASSWORD="$secret" --env DATABASE_APP_PASSWORD="$secret" \
    --env DATABASE_AUDITOR_PASSWORD="$secret" --env DATABASE_LOADER_PASSWORD="$secret" \
    "$image" sh deploy/release.sh
run --detach --name "$network-web" --publish 127.0.0.1:0:7860 "$image" >/dev/null
SMOKE_TOKEN=$(run "$image" python manage.py create_token smoke --quiet)
export SMOKE_TOKEN
python3 -m deploy.smoke "http://$(docker port "$network-web" 7860)" --patience 60
docker image inspect --format '{{.Size}}' "$image" | awk '{ printf "image: %.0f MB\n", $1 / 1e6; exit $1 > 600e6 }'
