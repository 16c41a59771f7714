// What the platform tells people of, beside the app's own alerts: those cannot be raised by an app that does not run. Log rules look every 15 minutes,
// which is the cheapest grain.

@description('Name of the environment, for subjects.')
param environmentName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Who is told.')
param emails array

@description('The Log Analytics workspace.')
param workspaceId string

@description('The Event Grid topic of blob events.')
param eventTopicName string

@description('Mean seconds of a scoring request from which an alert is raised.')
param latencySeconds string

resource topic 'Microsoft.EventGrid/systemTopics@2022-06-15' existing = {
  name: eventTopicName
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-mlops-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mlops'
    enabled: true
    emailReceivers: [
      for email in emails: {
        name: email
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var logRules = [
  {
    name: 'failed-executions'
    title: 'Executions or runs failed'
    severity: 2
    query: loadTextContent('../queries/alert-failed-executions.kql')
  }
  {
    name: 'poison-queue'
    title: 'A blob event was given up and moved to the poison queue'
    severity: 1
    query: loadTextContent('../queries/alert-poison-queue.kql')
  }
  {
    name: 'scoring-latency'
    title: 'Scoring is slow'
    severity: 2
    query: replace(loadTextContent('../queries/alert-scoring-latency.kql'), 'LATENCY_SECONDS', latencySeconds)
  }
]

// Each query returns rows only where something is wrong.
resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in logRules: {
    name: 'alert-mlops-${environmentName}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'mlops ${environmentName}: ${rule.title}'
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

// An event that nobody took within a day. The reconciler finds its blob all the same; that it must says that something is wrong.
resource dropped 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-mlops-${environmentName}-dropped-events'
  location: 'global'
  tags: tags
  properties: {
    description: 'Blob events could not be delivered to the app.'
    severity: 2
    enabled: true
    scopes: [topic.id]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dropped'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DroppedEventCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}
