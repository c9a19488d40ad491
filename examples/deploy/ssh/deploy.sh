#!/usr/bin/env bash
# Build, migrate, start, verify, alert: with ssh, tar and curl, and nothing else.
#
#     DEPLOY_TO=deploy@example.org HEALTH_URL=https://example.org/health/database \
#         deploy/ssh/deploy.sh
#
# From the folder that has the application and its migrations.  On the server, in
# /srv/household (or DEPLOY_PATH):
#
#     env             DATABASE_URL=postgresql://..., for this user's eyes only
#     venv/           Python with what requirements.txt asks for
#     releases/NAME/  one for each release;  current -> the one that runs
#
# SSH has options for ssh ("-p 2222"), RESTART is the command that starts the new code
# there, and ALERT_WEBHOOK, if set, is told of a failure.
set -euo pipefail

: "${DEPLOY_TO:?the server, user@host}" "${HEALTH_URL:?the address that says healthy}"
path=${DEPLOY_PATH:-/srv/household}
release=${RELEASE:-$(date -u +%Y%m%dT%H%M%SZ)}
restart=${RESTART:-sudo systemctl restart household}
step='' previous=''
package=$(mktemp)

say() {
  step=$1
  printf '\n== %s\n' "$step"
}

# Runs a few lines of sh on the server, in the folder there.
on_server() {
  # shellcheck disable=SC2086,SC2029 # options are words; the line is made here
  ssh ${SSH:-} "$DEPLOY_TO" "set -eu; cd $(printf '%q' "$path"); $1"
}

switch_to() {
  on_server "ln -s -f -n $1 current.new; mv -T current.new current; $restart"
}

# Whatever ended this, and wherever: with the code that it ended with.
finish() {
  code=$?
  set +e
  rm -f "$package"
  if [ "$code" != 0 ]; then
    printf '\nfailed: %s, release %s\n' "$step" "$release" >&2
    # The code goes back, the schema does not: the code before works with it.
    case $step in Start | Verify) [ -z "$previous" ] || switch_to "$previous" ;; esac
    [ -z "${ALERT_WEBHOOK:-}" ] || curl --fail --silent --show-error --retry 3 \
      --json "{\"text\": \"household, release $release: $step failed\"}" "$ALERT_WEBHOOK"
  fi
  exit "$code"
}
trap finish EXIT

say Build
tar --create --gzip --file="$package" fastapi_app.py household/migrations

say Ship
on_server "mkdir -p releases/$release; tar -x -z -f - -C releases/$release" < "$package"

# If this fails, nothing below happens: the code that runs goes on as it is.
say Migrate
on_server "set -a; . ./env; exec venv/bin/st44-migrate up releases/$release/household/migrations"

say Start
previous=$(on_server 'readlink current || true')
switch_to "releases/$release"

say Verify
answer=$(curl --fail --silent --show-error \
  --retry "${HEALTH_TRIES:-30}" --retry-delay 1 --retry-all-errors "$HEALTH_URL")
printf '%s\n' "$answer"
grep --quiet --extended-regexp '"status": *"healthy"' <<< "$answer"

printf '\nrelease %s runs\n' "$release"
