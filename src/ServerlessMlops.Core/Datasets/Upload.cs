namespace ServerlessMlops.Core.Datasets;

/// <summary>One version of an uploaded file: a path under the <c>uploads</c> container and the ETag of its content. Ingested once, for ever.</summary>
/// <param name="Path">Blob path without the container; its first segment is the pipeline.</param>
/// <param name="ETag">Storage's version mark of the content, without quotes.</param>
public sealed record Upload(string Path, string ETag)
{
    /// <summary>The pipeline it was dropped for, or <see cref="Pipelines.PipelineName.Unassigned"/> where the path names none.</summary>
    public string Pipeline => Pipelines.PipelineName.OfPath(Path) ?? Pipelines.PipelineName.Unassigned;

    /// <summary>Id of its ingestion run: the same version of a file never gets a second one.</summary>
    public string RunId => "ingest-" + ContentAddress.Short(ContentAddress.Of($"{Path}\n{ETag}"));
}
