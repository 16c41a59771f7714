// The one storage account: all state of the app. No shared keys, no public blobs; the tables are made by the app when it first needs them.

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Redundancy.')
param sku string

@description('Days for which deleted blobs can be brought back.')
param softDeleteDays int

@description('Days after which logged predictions are deleted.')
param predictionRetentionDays int

@description('Days for which an anchor of the ledger cannot be changed.')
param ledgerRetentionDays int

@description('Principal of the app\'s identity.')
param appPrincipalId string

@description('Who may drop files: [{ id, type }].')
param uploaders array

// Where the deployed code lies.
var packages = 'app-package'

// Written by people and by other systems; everything else is the app's own.
var dropContainers = ['pipelines', 'uploads', 'labels', 'scoring', 'models']
var ownContainers = ['datasets', 'predictions', 'lineage', 'monitoring', 'replays', packages]

// Blob Data Owner, since the host takes leases and the blob trigger reads properties; queues and tables for Durable, tables for the app's rows. Blob Delegator,
// to sign links for uploads (POST /api/pipelines/{p}/uploads): Owner includes it, and a narrower role in its place would not.
var blobDelegator = 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
var appRoles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  blobDelegator: blobDelegator
}
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

// Under models/ people may write below an incoming/ folder only: what is registered is the app's. Reading is not bound.
var blobActions = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var writesElsewhere = '!(ActionMatches{\'${blobActions}/write\'}) AND !(ActionMatches{\'${blobActions}/add/action\'}) AND !(ActionMatches{\'${blobActions}/move/action\'}) AND !(ActionMatches{\'${blobActions}/delete\'})'
var incomingOnly = '((${writesElsewhere}) OR (@Resource[${blobActions}:path] StringLike \'*/incoming/*\'))'

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
  }
}

resource drops 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [
  for container in dropContainers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource own 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [
  for container in ownContainers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

// The daily anchors of the ledger: written once, then nobody's to change. The policy is unlocked, so that a trial can be torn down; lock it for
// production (az storage container immutability-policy lock).
resource ledgerContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'ledger'
  properties: { publicAccess: 'None' }
}

resource ledgerPolicy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = {
  parent: ledgerContainer
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: ledgerRetentionDays
    allowProtectedAppendWrites: false
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: storage
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'predictions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['predictions/'] }
            actions: {
              baseBlob: union(
                { delete: { daysAfterModificationGreaterThan: predictionRetentionDays } },
                predictionRetentionDays > 30 ? { tierToCool: { daysAfterModificationGreaterThan: 30 } } : {}
              )
            }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

resource appAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(appRoles): {
    scope: storage
    name: guid(storage.id, appPrincipalId, role.value)
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
    }
  }
]

// One assignment for each uploader and each container to drop into: not the account, where data sets, predictions and the ledger lie.
resource uploaderAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for i in range(0, length(uploaders) * length(dropContainers)): {
    scope: drops[i % length(dropContainers)]
    name: guid(storage.id, dropContainers[i % length(dropContainers)], uploaders[i / length(dropContainers)].id, blobDataContributor)
    properties: {
      principalId: uploaders[i / length(dropContainers)].id
      principalType: uploaders[i / length(dropContainers)].type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
      condition: dropContainers[i % length(dropContainers)] == 'models' ? incomingOnly : null
      conditionVersion: dropContainers[i % length(dropContainers)] == 'models' ? '2.0' : null
    }
  }
]

// To sign a link for somebody else (user-delegation SAS) one needs a key of one's own, which only the account gives; it opens no more than the roles above.
resource delegatorAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for uploader in uploaders: {
    scope: storage
    name: guid(storage.id, uploader.id, blobDelegator)
    properties: {
      principalId: uploader.id
      principalType: uploader.type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDelegator)
    }
  }
]

output name string = storage.name
output packageContainer string = packages
