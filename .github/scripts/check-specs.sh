#!/usr/bin/env bash
# Checks pipeline specs as the app would: each file, and for NAME.yaml the rows in NAME/*.csv against it. All are checked before it ends with a fault.
# Usage: check-specs.sh FILE...   (MLOPS: how to start the command line)
set -uo pipefail
cd "$(dirname "$0")/../.."
read -ra mlops <<<"${MLOPS:-dotnet run --project src/ServerlessMlops.Cli --configuration Release --no-build --}"

status=0
for spec in "$@"; do
  name=$(basename "$spec" .yaml)
  if ! [[ $name =~ ^[a-z0-9][a-z0-9-]{1,62}$ ]]; then
    echo "$spec: '$name' cannot be the name of a pipeline; expected 2 to 63 lower-case letters, digits and hyphens, starting with a letter or digit." >&2
    status=1
  fi

  "${mlops[@]}" check "$spec" || status=1
  for rows in "${spec%.yaml}"/*.csv; do
    if [ -e "$rows" ]; then
      "${mlops[@]}" check "$rows" --spec "$spec" || status=1
    fi
  done
done
exit "$status"
