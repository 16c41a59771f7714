using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ServerlessMlops.Offline.Tests.Worker;

/// <summary>How the local runtime reads settings, and what it refuses, in this process and without storage.</summary>
public sealed class LocalHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("functions").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LocalSettings_StandBelowTheEnvironmentAndCommandLine()
    {
        Write("host.json", """{ "version": "2.0" }""");
        Write("local.settings.json", """
            { // comments are allowed, as by Core Tools
              "Values": { "Given__Deep": "file", "Overridden": "file", "Number": 7 },
              "Host": { "LocalHttpPort": 7099 },
            }
            """);

        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(["--Overridden", "arguments"], _folder, [typeof(None)]);

        builder.Configuration["Given:Deep"].ShouldBe("file");
        builder.Configuration["Overridden"].ShouldBe("arguments");
        builder.Configuration["Number"].ShouldBe("7");
        builder.Configuration["Host:LocalHttpPort"].ShouldBe("7099");
    }

    [Fact]
    public void HostJson_WhenAbsent_IsAskedFor() =>
        Should.Throw<InvalidOperationException>(() => FunctionsApplication.CreateBuilder([], _folder, [typeof(None)])).Message.ShouldContain("host.json");

    [Theory]
    [InlineData("--port", "70000")]
    [InlineData("--port", "x")]
    public void Port_ThatIsNone_IsRefused(string name, string value)
    {
        Write("host.json", """{ "version": "2.0" }""");

        Should.Throw<InvalidOperationException>(() => FunctionsApplication.CreateBuilder([name, value], _folder, [typeof(None)])).Message.ShouldContain(value);
    }

    [Fact]
    public void Build_OfFunctionsThatCannotRun_NamesEachFault()
    {
        Write("host.json", """{ "version": "2.0" }""");
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(["--port", "0"], _folder, [typeof(Faulty)]);
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("AzureWebJobsStorage", (string?)"UseDevelopmentStorage=true")]);

        string message = Should.Throw<InvalidOperationException>(builder.Build).Message;

        message.ShouldContain("'NoBinding'");
        message.ShouldContain("'BadCron'");
        message.ShouldContain("'BadPath'");
        message.ShouldContain("'RetriedHttp'");
        message.ShouldContain("'UnknownToken'");
    }

    [Fact]
    public void Build_Twice_Throws()
    {
        Write("host.json", """{ "version": "2.0" }""");
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(["--port", "0"], _folder, [typeof(None)]);
        builder.Build().Dispose();

        Should.Throw<InvalidOperationException>(builder.Build);
    }

    /// <summary>What the file says is heeded, or named.</summary>
    [Fact]
    public void HostJson_OfSettingsWithoutEffectHere_NamesThem()
    {
        Write("host.json", """
            {
              "version": "2.0", "functionTimeout": "00:05:00", "telemetryMode": "OpenTelemetry",
              "logging": { "logLevel": { "default": "Warning", "My.Own": "Debug" }, "applicationInsights": { "samplingSettings": { "isEnabled": true } } },
              "concurrency": { "dynamicConcurrencyEnabled": true },
              "extensions": { "http": { "maxConcurrentRequests": 3, "hsts": { "isEnabled": true } }, "blobs": { "maxDegreeOfParallelism": 4 } }
            }
            """);
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(["--port", "0"], _folder, [typeof(None)]);
        using var host = builder.Build();
        var json = host.Services.GetRequiredService<HostJson>();

        json.FunctionTimeout.ShouldBe(TimeSpan.FromMinutes(5));
        json.MaxConcurrentRequests.ShouldBe(3);
        json.MaxBlobs.ShouldBe(4);
        json.Unheeded().ShouldBe(["concurrency.dynamicConcurrencyEnabled", "extensions.http.hsts.isEnabled"]);
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();
        loggers.CreateLogger("Other").IsEnabled(LogLevel.Information).ShouldBeFalse();
        loggers.CreateLogger("My.Own.Class").IsEnabled(LogLevel.Debug).ShouldBeTrue();
    }

    [Fact]
    public void Serializer_OfTheWorker_ReadsNamesWithoutRegardToCase()
    {
        Write("host.json", """{ "version": "2.0" }""");
        using var host = FunctionsApplication.CreateBuilder(["--port", "0"], _folder, [typeof(None)]).Build();

        var serializer = host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value.Serializer!;

        ((Point)serializer.Deserialize(BinaryData.FromString("""{"x":3}""").ToStream(), typeof(Point), default)!).X.ShouldBe(3);
    }

    /// <summary>Signing in by identity needs addresses; nothing goes over the network here.</summary>
    [Fact]
    public void StorageConnection_OfAddresses_IsSignedInToByIdentity()
    {
        IConfiguration settings = Settings(
            ("AzureWebJobsStorage:blobServiceUri", "https://a.blob.core.windows.net"), ("AzureWebJobsStorage:credential", "managedidentity"), ("Named:accountName", "b"));

        var given = StorageConnection.Read(settings, "AzureWebJobsStorage");
        var named = StorageConnection.Read(settings, "Named");

        given.ConnectionString.ShouldBeNull();
        given.Blobs().Uri.ShouldBe(new Uri("https://a.blob.core.windows.net/"));
        given.Credential.ShouldBeOfType<Azure.Identity.ManagedIdentityCredential>();
        named.Queues().Uri.ShouldBe(new Uri("https://b.queue.core.windows.net/"));
        named.Address("table").ShouldBe(new Uri("https://b.table.core.windows.net"));
        Should.Throw<InvalidOperationException>(given.Queues).Message.ShouldContain("AzureWebJobsStorage__queueServiceUri");
        Should.Throw<InvalidOperationException>(() => StorageConnection.Read(settings, "Absent")).Message.ShouldContain("Absent");
    }

    [Fact]
    public void StorageConnection_OfAConnectionString_IsFoundUnderItsThreeNames()
    {
        IConfiguration settings = Settings(("A", "UseDevelopmentStorage=true"), ("AzureWebJobsB", "UseDevelopmentStorage=true"), ("ConnectionStrings:C", "UseDevelopmentStorage=true"));

        foreach (string name in new[] { "A", "B", "C" })
        {
            StorageConnection.Read(settings, name).Blobs().Uri.Port.ShouldBe(10000);
        }
    }

    private static IConfiguration Settings(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build();

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    internal sealed record Point(int X);

    internal sealed class None;

    internal static class Faulty
    {
        [Function("NoBinding")]
        public static IActionResult NoBinding([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, Stream what) => new OkResult();

        [Function("BadCron")]
        public static void BadCron([TimerTrigger("0 0 0 * * 7")] TimerInfo timer)
        {
        }

        [Function("BadPath")]
        public static void BadPath([BlobTrigger("in/{*rest}")] string content)
        {
        }

        [Function("UnknownToken")]
        public static void UnknownToken([BlobTrigger("%NOT_SET%/{name}")] string content)
        {
        }

        [Function("RetriedHttp")]
        [FixedDelayRetry(1, "00:00:01")]
        public static IActionResult RetriedHttp([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => new OkResult();
    }
}
