// The operators' page in Application Insights: the queries of ../queries as tables and charts.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('The Log Analytics workspace.')
param workspaceId string

var charts = [
  { title: 'Runs: how many, how they ended, how long they took', visualization: 'table', query: loadTextContent('../queries/runs.kql') }
  { title: 'Runs that failed', visualization: 'table', query: loadTextContent('../queries/failed-runs.kql') }
  { title: 'Uploads: rows kept and rejected', visualization: 'table', query: loadTextContent('../queries/ingestion.kql') }
  { title: 'Uploads: seconds until they were seen', visualization: 'timechart', query: loadTextContent('../queries/upload-lag.kql') }
  { title: 'Scoring: requests, errors, seconds', visualization: 'table', query: loadTextContent('../queries/scoring.kql') }
  { title: 'Scoring: rows by version', visualization: 'timechart', query: loadTextContent('../queries/predictions.kql') }
  { title: 'Monitors: what they found', visualization: 'table', query: loadTextContent('../queries/monitors.kql') }
  { title: 'Monitors: effect by subject', visualization: 'timechart', query: loadTextContent('../queries/drift.kql') }
  { title: 'Alerts', visualization: 'table', query: loadTextContent('../queries/alerts.kql') }
  { title: 'Executions and exceptions', visualization: 'table', query: loadTextContent('../queries/failures.kql') }
  { title: 'Storage calls', visualization: 'table', query: loadTextContent('../queries/storage-calls.kql') }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'serverless-mlops')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'ServerlessMlops'
    category: 'workbook'
    sourceId: toLower(workspaceId)
    serializedData: string({
      version: 'Notebook/1.0'
      items: map(charts, chart => {
        type: 3
        name: chart.title
        content: {
          version: 'KqlItem/1.0'
          title: chart.title
          query: chart.query
          size: 0
          timeContext: { durationMs: 86400000 }
          queryType: 0
          resourceType: 'microsoft.operationalinsights/workspaces'
          visualization: chart.visualization
        }
      })
    })
  }
}
