using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>A span as it came over the wire; ids in lower-case hexadecimal, <see cref="ParentId"/> empty for a root.</summary>
internal sealed record CollectedSpan(string Source, string Name, string TraceId, string SpanId, string ParentId);

/// <summary>
/// A collector that takes OTLP over HTTP (binary protobuf, opentelemetry-proto 1.x) and keeps the spans and the names of metrics. Field numbers are
/// those of <c>trace/v1/trace.proto</c>, <c>metrics/v1/metrics.proto</c> and the two collector services.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentBag<CollectedSpan> _spans = [];
    private readonly ConcurrentDictionary<string, bool> _metrics = new();
    private readonly ConcurrentBag<byte[]> _bodies = [];
    private readonly ConcurrentDictionary<string, bool> _signals = new();

    private OtlpCollector(WebApplication app) => _app = app;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public IReadOnlyCollection<CollectedSpan> Spans => _spans;

    public IReadOnlyCollection<string> Metrics => [.. _metrics.Keys];

    /// <summary>What was sent so far: <c>traces</c>, <c>metrics</c>, <c>logs</c>.</summary>
    public IReadOnlyCollection<string> Signals => [.. _signals.Keys];

    /// <summary>Everything that was sent, as it was sent: traces, metrics and logs.</summary>
    public IReadOnlyCollection<byte[]> Bodies => _bodies;

    public static async Task<OtlpCollector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        var collector = new OtlpCollector(app);
        app.MapPost("/v1/{signal}", collector.TakeAsync);
        await app.StartAsync();
        return collector;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http, string signal)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        _bodies.Add(body.ToArray());
        _signals[signal] = true;
        if (signal == "traces")
        {
            // ExportTraceServiceRequest.resource_spans = 1, ResourceSpans.scope_spans = 2
            Each(body.ToArray(), 1, resource => Each(resource, 2, ReadScope));
        }
        else if (signal == "metrics")
        {
            // resource_metrics = 1, scope_metrics = 2, metrics = 2, name = 1
            Each(body.ToArray(), 1, resource => Each(resource, 2, scope => Each(scope, 2, metric => Each(metric, 1, name => _metrics[Text(name)] = true))));
        }

        http.Response.ContentType = "application/x-protobuf";
    }

    private void ReadScope(byte[] scopeSpans)
    {
        string source = "";

        // ScopeSpans.scope = 1 (InstrumentationScope.name = 1), spans = 2
        Each(scopeSpans, 1, scope => Each(scope, 1, name => source = Text(name)));
        Each(scopeSpans, 2, span =>
        {
            string trace = "", id = "", parent = "", name = "";
            Each(span, 1, value => trace = Convert.ToHexStringLower(value));
            Each(span, 2, value => id = Convert.ToHexStringLower(value));
            Each(span, 4, value => parent = Convert.ToHexStringLower(value));
            Each(span, 5, value => name = Text(value));
            _spans.Add(new CollectedSpan(source, name, trace, id, parent));
        });
    }

    private static string Text(byte[] value) => System.Text.Encoding.UTF8.GetString(value);

    private static void Each(byte[] message, int field, Action<byte[]> take)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                take(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }
    }
}
