// Sizes of production: zone-redundant storage, one scorer kept warm, ten years of anchors, people told.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param extraTags = { stage: 'prod' }
param maximumInstanceCount = 100
param instanceMemoryMB = 4096
param alwaysReady = [{ name: 'http', instanceCount: 1 }]
param durableTaskScheduler = bool(readEnvironmentVariable('DurableTaskScheduler', 'false'))
param storageSku = 'Standard_ZRS'
param softDeleteDays = 30
param predictionRetentionDays = 365
param ledgerRetentionDays = 3650
param logRetentionDays = 90
param dailyLogLimitGB = 10
param channelSecrets = ['ALERTS_TEAMS_URL']
param alertEmails = [readEnvironmentVariable('MLOPS_ALERT_EMAIL')]
param monthlyBudget = 200
param uploaders = empty(readEnvironmentVariable('AZURE_PRINCIPAL_ID', ''))
  ? []
  : [{ id: readEnvironmentVariable('AZURE_PRINCIPAL_ID', ''), type: readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User') }]
