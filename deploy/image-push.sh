#!/bin/sh
# Pushes IMAGE as ghcr.io/REPOSITORY:RELEASE and prints `image=name@sha256:…`, by which it is deployed.
set -eu
name="ghcr.io/$(printf '%s' "$GITHUB_REPOSITORY" | tr '[:upper:]' '[:lower:]')"
{
    printf '%s' "$TOKEN" | docker login ghcr.io --username "$ACTOR" --password-stdin
    docker tag "$IMAGE" "$name:$RELEASE"
    docker push "$name:$RELEASE"
    docker logout ghcr.io
} >&2
echo "image=$(docker inspect --format '{{index .RepoDigests 0}}' "$name:$RELEASE")"
