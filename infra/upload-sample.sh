#!/usr/bin/env sh
# Drops the sample's spec, so that there is a pipeline to upload data to; one that is there already stays. MLOPS_SAMPLE=none leaves it out.
# Needs the Azure CLI, signed in as one of main.bicep's uploaders, and its output storageAccount in the environment.
set -eu
: "${storageAccount:?}"
if [ "${MLOPS_SAMPLE:-birdstrikes}" = none ]; then
  exit 0
fi

spec="$(dirname "$0")/../samples/birdstrikes/birdstrikes.yaml"
there=$(az storage blob exists --account-name "$storageAccount" --auth-mode login --container-name pipelines --name birdstrikes.yaml --query exists --output tsv)
if [ "$there" = true ]; then
  echo "pipelines/birdstrikes.yaml is there already."
  exit 0
fi

az storage blob upload --account-name "$storageAccount" --auth-mode login --container-name pipelines --name birdstrikes.yaml --file "$spec" --output none
echo "pipelines/birdstrikes.yaml uploaded; data goes to uploads/birdstrikes/."
