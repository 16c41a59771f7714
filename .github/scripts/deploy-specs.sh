#!/usr/bin/env bash
# Puts pipeline specs into force and asks for trainings, then waits until each has ended; a training that failed or was rejected fails the step. A pipeline
# that has no data yet is trained when some arrives.
# Usage: MLOPS_URL=... MLOPS_KEY=... deploy-specs.sh FILE...   (DEADLINE: seconds to wait for a training, 3600; INTERVAL: seconds between looks, 10)
set -euo pipefail
: "${MLOPS_URL:?}"
actor="git:${GITHUB_SHA:-$(git rev-parse HEAD)}"

# The key goes by a file of its own, not on the command line, where other processes could read it.
config=$(mktemp)
trap 'rm -f "$config"' EXIT
printf 'header = "x-functions-key: %s"\nheader = "X-Actor: %s"\n' "${MLOPS_KEY:-}" "$actor" >"$config"

call() { curl --silent --show-error --fail-with-body --retry 3 --config "$config" "$@"; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

status=0
for spec in "$@"; do
  pipeline=$(basename "$spec" .yaml)
  if ! answer=$(call --request PUT --header 'content-type: text/yaml' --data-binary "@$spec" "$MLOPS_URL/api/pipelines/$pipeline"); then
    echo "$pipeline: refused: $answer" >&2
    status=1
    continue
  fi

  echo "$pipeline: $answer"
  if call "$MLOPS_URL/api/pipelines/$pipeline/datasets" | tr -d ' \n' | grep -q '"items":\[\]' \
    && ! call "$MLOPS_URL/api/pipelines/$pipeline/runs" | grep -q '"kind": *"ingestion"'; then
    echo "$pipeline: no data yet; it is trained when some arrives."
    continue
  fi

  run=$(call --request POST "$MLOPS_URL/api/pipelines/$pipeline/train" | field runId)
  end=$((SECONDS + ${DEADLINE:-3600}))
  state=
  while [ "$SECONDS" -lt "$end" ]; do
    # The run is listed once it has begun: until then this is a 404.
    state=$(call "$MLOPS_URL/api/pipelines/$pipeline/runs/$run" 2>/dev/null | field status || true)
    case "$state" in succeeded | rejected | failed | cancelled) break ;; esac
    sleep "${INTERVAL:-10}"
  done

  echo "$pipeline: $run ${state:-has not begun}"
  if [ "$state" != succeeded ]; then
    status=1
  fi
done
exit "$status"
