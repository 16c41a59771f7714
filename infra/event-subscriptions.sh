#!/usr/bin/env sh
# Tells the app of blobs: one Event Grid subscription for each function with a blob trigger. Run after each deployment (azure.yaml, the deploy
# workflow), since the key of the app's blob webhook exists only once the code has run there. Making a subscription that is there already changes
# nothing. Needs the Azure CLI, signed in, and the outputs of main.bicep in the environment: resourceGroup, appName, eventTopic.
set -eu
: "${resourceGroup:?}" "${appName:?}" "${eventTopic:?}"

key=$(az functionapp keys list --resource-group "$resourceGroup" --name "$appName" --query systemKeys.blobs_extension --output tsv)
if [ -z "$key" ]; then
  echo "The app $appName has no blobs_extension key yet: its code has not started. Open https://$appName.azurewebsites.net/health once, and run this again." >&2
  exit 1
fi

# function, container, and a part of the path that an event must have where the function takes not the whole container
while read -r function container part; do
  set --
  if [ -n "$part" ]; then
    set -- --advanced-filter subject StringContains "$part"
  fi
  az eventgrid system-topic event-subscription create \
    --resource-group "$resourceGroup" --system-topic-name "$eventTopic" --name "$function" \
    --endpoint-type webhook \
    --endpoint "https://$appName.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.$function&code=$key" \
    --included-event-types Microsoft.Storage.BlobCreated \
    --subject-begins-with "/blobServices/default/containers/$container/blobs/" \
    "$@" \
    --output none </dev/null
  echo "$container ${part:-(all)} -> $function"
done <<'SUBSCRIPTIONS'
UploadArrived uploads
SpecArrived pipelines
LabelsArrived labels
ScoringFileArrived scoring
IncomingModelArrived models /incoming/
SUBSCRIPTIONS
