// What the app needs on Azure, in one resource group: README.md beside this file says what is decided and what each part is for.
targetScope = 'resourceGroup'

@description('Name of the environment (azd environment, or stage of the workflow); names of resources are made from it.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of all resources.')
param location string = resourceGroup().location

@description('Further tags of every resource, such as an owner or a cost centre.')
param extraTags object = {}

@description('Most instances per group of functions (all HTTP functions are one group, Durable is another), not of the whole app.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Memory of an instance, in MB. The largest training has to fit; see src/decisions/0052.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Instances kept running per group, as [{ name: \'http\', instanceCount: 1 }]. Empty: nothing runs, and nothing is paid, while nothing happens.')
param alwaysReady array = []

@description('Redundancy of the storage account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Days for which deleted blobs can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Days after which logged predictions are deleted; after 30 days they move to the cool tier.')
@minValue(1)
param predictionRetentionDays int = 365

@description('Days for which an anchored head of the ledger cannot be changed or deleted, by anybody.')
@minValue(1)
@maxValue(146000)
param ledgerRetentionDays int = 3650

@description('When models are trained again, as a six-field NCRONTAB expression in UTC.')
param retrainSchedule string = '0 0 2 * * *'

@description('When live traffic is checked.')
param monitorSchedule string = '0 0 * * * *'

@description('When lost uploads are looked for.')
param reconcileSchedule string = '0 */5 * * * *'

@description('Further settings of the app by name, such as { Scoring__MaxQueue: \'64\' }. No secrets: those belong into channelSecrets.')
param extraSettings object = {}

@description('Names of the settings that hold addresses and secrets of alert channels, such as ALERTS_TEAMS_URL. Each is read from the Key Vault, from the secret of that name with dashes for underscores; a person sets its value there.')
param channelSecrets array = []

@description('Web origins that a browser may call the app from. Empty: none.')
param corsOrigins array = []

@description('Who may drop specs, data, labels and models and sign links for others: [{ id: object id in Entra, type: \'User\' | \'Group\' | \'ServicePrincipal\' }].')
param uploaders array = []

@description('Whether orchestrations are kept by the Durable Task Scheduler instead of the storage account.')
param durableTaskScheduler bool = false

@description('Where alerts of the platform and the budget go. Empty: no alert rules, which cost a little each month.')
param alertEmails array = []

@description('Mean seconds of a scoring request, over 15 minutes, from which an alert is raised; as text, since Bicep has no fractions.')
param latencyAlertSeconds string = '0.5'

@description('Days for which logs and traces are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day at most, 0 for no limit.')
@minValue(0)
param dailyLogLimitGB int = 1

@description('Amount of the monthly budget of the resource group, in the currency of the subscription; 0 for none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month in which the budget begins (yyyy-MM-01). Stays the same afterwards, so that a deployment changes nothing.')
param budgetStart string = '2026-12-01'

var token = uniqueString(subscription().id, resourceGroup().id, environmentName)
var tags = union(extraTags, { 'azd-env-name': environmentName, application: 'serverless-mlops' })
var vaultName = 'kv-mlops-${token}'

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: 'id-mlops-${token}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: 'stmlops${token}'
    location: location
    tags: tags
    sku: storageSku
    softDeleteDays: softDeleteDays
    predictionRetentionDays: predictionRetentionDays
    ledgerRetentionDays: ledgerRetentionDays
    appPrincipalId: identity.outputs.principalId
    uploaders: uploaders
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  params: {
    name: 'evgt-mlops-${token}'
    location: location
    tags: tags
    storageAccountName: storage.outputs.name
  }
}

module telemetry 'modules/telemetry.bicep' = {
  name: 'telemetry'
  params: {
    workspaceName: 'log-mlops-${token}'
    insightsName: 'appi-mlops-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyLimitGB: dailyLogLimitGB
    appPrincipalId: identity.outputs.principalId
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: tags
    workspaceId: telemetry.outputs.workspaceId
  }
}

module secrets 'modules/secrets.bicep' = if (!empty(channelSecrets)) {
  name: 'secrets'
  params: {
    name: vaultName
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableTaskScheduler) {
  name: 'scheduler'
  params: {
    name: 'dts-mlops-${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: 'func-mlops-${token}'
    planName: 'plan-mlops-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    insightsConnectionString: telemetry.outputs.connectionString
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    alwaysReady: alwaysReady
    corsOrigins: corsOrigins
    retrainSchedule: retrainSchedule
    monitorSchedule: monitorSchedule
    reconcileSchedule: reconcileSchedule
    extraSettings: extraSettings
    vaultName: vaultName
    channelSecrets: channelSecrets
    schedulerEndpoint: scheduler.?outputs.endpoint ?? ''
    taskHub: scheduler.?outputs.taskHub ?? ''
  }
  dependsOn: [secrets]
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmails)) {
  name: 'alerts'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    emails: alertEmails
    workspaceId: telemetry.outputs.workspaceId
    eventTopicName: events.outputs.name
    latencySeconds: latencyAlertSeconds
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0 && !empty(alertEmails)) {
  name: 'budget'
  params: {
    name: 'budget-mlops-${environmentName}'
    amount: monthlyBudget
    startDate: budgetStart
    emails: alertEmails
  }
}

output appName string = app.outputs.name
output appUrl string = app.outputs.url
output storageAccount string = storage.outputs.name
output eventTopic string = events.outputs.name
output keyVault string = empty(channelSecrets) ? '' : vaultName
output resourceGroup string = resourceGroup().name
