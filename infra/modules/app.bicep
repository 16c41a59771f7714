// The function app on Flex Consumption: .NET 10, isolated worker, code from a container of the storage account, everything by identity.

@description('Name of the app.')
param name string

@description('Name of the plan.')
param planName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('The storage account.')
param storageAccountName string

@description('Container of the deployed code.')
param packageContainer string

@description('Connection string of Application Insights; it names the endpoint and opens nothing, since local authentication is off.')
param insightsConnectionString string

@description('Most instances per group of functions.')
param maximumInstanceCount int

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('Instances kept running per group.')
param alwaysReady array

@description('Web origins that a browser may call from.')
param corsOrigins array

@description('NCRONTAB of the nightly training.')
param retrainSchedule string

@description('NCRONTAB of the monitors.')
param monitorSchedule string

@description('NCRONTAB of the search for lost uploads.')
param reconcileSchedule string

@description('Further settings by name.')
param extraSettings object

@description('The Key Vault of the channel secrets.')
param vaultName string

@description('Settings that are read from the Key Vault.')
param channelSecrets array

@description('Endpoint of the Durable Task Scheduler; empty where orchestrations are kept in the storage account.')
param schedulerEndpoint string

@description('Task hub of the scheduler.')
param taskHub string

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccountName
}

var secretSettings = [
  for setting in channelSecrets: {
    name: setting
    value: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${replace(setting, '_', '-')})'
  }
]
var furtherSettings = [for setting in items(extraSettings): { name: setting.key, value: setting.value }]

// host.json keeps orchestrations in the storage account; these settings overrule it.
var schedulerSettings = empty(schedulerEndpoint)
  ? []
  : [
      { name: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING', value: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}' }
      { name: 'AzureFunctionsJobHost__extensions__durableTask__hubName', value: taskHub }
      { name: 'AzureFunctionsJobHost__extensions__durableTask__storageProvider__type', value: 'azureManaged' }
      { name: 'AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName', value: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING' }
    ]

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      cors: { allowedOrigins: corsOrigins, supportCredentials: false }
      appSettings: concat(
        [
          { name: 'AzureWebJobsStorage__blobServiceUri', value: storage.properties.primaryEndpoints.blob }
          { name: 'AzureWebJobsStorage__queueServiceUri', value: storage.properties.primaryEndpoints.queue }
          { name: 'AzureWebJobsStorage__tableServiceUri', value: storage.properties.primaryEndpoints.table }
          { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
          { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
          { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insightsConnectionString }
          { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${identityClientId};Authorization=AAD' }
          { name: 'AzureWebJobsDisableHomepage', value: 'true' }
          { name: 'RETRAIN_SCHEDULE', value: retrainSchedule }
          { name: 'MONITOR_SCHEDULE', value: monitorSchedule }
          { name: 'RECONCILE_SCHEDULE', value: reconcileSchedule }
        ],
        schedulerSettings,
        secretSettings,
        furtherSettings
      )
    }
  }
}

// Code comes by identity only: no user names and passwords for deployment.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [
  for endpoint in ['scm', 'ftp']: {
    parent: app
    name: endpoint
    properties: { allow: false }
  }
]

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
