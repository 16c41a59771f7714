// Sizes of development: what `azd up` deploys, and the workflow to dev. Nothing runs while nothing happens, nobody is woken.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param extraTags = { stage: 'dev' }
param maximumInstanceCount = 40
param instanceMemoryMB = 2048
param durableTaskScheduler = bool(readEnvironmentVariable('DurableTaskScheduler', 'false'))
param storageSku = 'Standard_LRS'
param softDeleteDays = 7
param predictionRetentionDays = 90
param ledgerRetentionDays = 1
param dailyLogLimitGB = 1
param alertEmails = empty(readEnvironmentVariable('MLOPS_ALERT_EMAIL', '')) ? [] : [readEnvironmentVariable('MLOPS_ALERT_EMAIL', '')]
param monthlyBudget = 20
param uploaders = empty(readEnvironmentVariable('AZURE_PRINCIPAL_ID', ''))
  ? []
  : [{ id: readEnvironmentVariable('AZURE_PRINCIPAL_ID', ''), type: readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User') }]
