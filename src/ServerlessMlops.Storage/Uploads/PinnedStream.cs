using Azure;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Storage.Uploads;

/// <summary>A read-only stream over one version of a blob that says so when the version was replaced half-way.</summary>
internal sealed class PinnedStream(Stream inner, Upload upload) : ReadThroughStream(inner)
{
    protected override Exception? Translate(Exception fault) => fault is RequestFailedException { Status: 404 or 412 }
        ? new SupersededException($"Upload '{upload.Path}' was overwritten or deleted while version {upload.ETag} was being read.", fault)
        : null;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
