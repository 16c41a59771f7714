using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Azure.Core.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Offline.Blobs;
using Microsoft.Azure.Functions.Worker.Offline.Http;
using Microsoft.Azure.Functions.Worker.Offline.Timers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The local runtime: settings and host.json in, one process out that serves HTTP, timers, blobs and what extensions bring.</summary>
internal sealed class LocalHost
{
    private readonly Func<IReadOnlyList<Assembly>> _functions;
    private readonly WebApplicationBuilder _web;
    private readonly IConfiguration _hostJson;
    private readonly Type[]? _only;
    private readonly bool _exitsOnFault;
    private readonly int _port;

    public LocalHost(string[] args, string folder, Func<IReadOnlyList<Assembly>> functions, WebApplicationBuilder web, Type[]? only, bool exitsOnFault)
    {
        (_functions, _web, _only, _exitsOnFault) = (functions, web, only, exitsOnFault);
        _hostJson = ReadHostJson(folder);
        AddLocalSettings(web.Configuration, Path.Combine(folder, "local.settings.json"));
        web.Logging.AddConfiguration(_hostJson.GetSection("logging"));
        web.Services.AddSingleton<IConfigureOptions<WorkerOptions>>(services => new ConfigureOptions<WorkerOptions>(options => options.Serializer =
            new JsonObjectSerializer(new JsonSerializerOptions(services.GetRequiredService<IOptions<JsonSerializerOptions>>().Value) { PropertyNameCaseInsensitive = true })));
        web.Services.AddOptions();
        web.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 100 * 1024 * 1024; // the host's limit
            kestrel.AddServerHeader = false;
        });
        _port = Port(args, web.Configuration);
        web.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        web.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    public IHost Build(MiddlewareList middleware)
    {
        IReadOnlyList<Assembly> assemblies = _functions();
        IReadOnlyList<OfflineFunction> functions = _only is null ? OfflineFunction.Discover(assemblies) : OfflineFunction.Discover(_only);
        IServiceCollection services = _web.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(middleware);
        var hostJson = new HostJson(_hostJson, _web.Configuration);
        services.AddSingleton(hostJson);
        services.AddSingleton<FunctionInvoker>();
        services.AddSingleton<TriggeredInvocations>();
        services.AddSingleton<OutputBindings>();
        services.AddSingleton<IOfflineParameterBinder, BlobInputBinder>();
        services.AddSingleton<IOfflineFunctionInvoker>(s => s.GetRequiredService<FunctionInvoker>());
        services.AddSingleton<HostStorage>();
        services.AddSingleton<IOfflineTriggerListener, TimerListener>();
        services.AddSingleton<IOfflineTriggerListener, BlobListener>();
        services.AddHostedService<ListenerService>();
        foreach (IOfflineExtension extension in Extensions(assemblies))
        {
            extension.Configure(services, _hostJson);
        }

        WebApplication app = _web.Build();
        FunctionInvoker invoker = app.Services.GetRequiredService<FunctionInvoker>();
        IOfflineTriggerListener[] listeners = [.. app.Services.GetServices<IOfflineTriggerListener>()];
        var http = new HttpFunctions(invoker, hostJson, app.Configuration, app.Services.GetRequiredService<TimeProvider>(), app.Services.GetRequiredService<ILogger<HttpFunctions>>());
        var faults = new List<string>();
        foreach (OfflineFunction function in functions)
        {
            if (IsDisabled(function.Name, app.Configuration))
            {
                continue;
            }

            if ((invoker.FindFault(function) ?? FindRetryFault(function)) is { } fault)
            {
                faults.Add(fault);
                continue;
            }

            try
            {
                if (function.TriggerAttribute is HttpTriggerAttribute)
                {
                    http.Map(app, function);
                }
                else if (listeners.FirstOrDefault(l => l.CanHandle(function)) is { } listener)
                {
                    listener.Register(function);
                }
                else
                {
                    faults.Add($"Function '{function.Name}': nothing here runs a {function.TriggerAttribute.GetType().Name}.");
                }
            }
            catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
            {
                faults.Add($"Function '{function.Name}': {e.Message}");
            }
        }

        return faults.Count == 0 ? new StartingHost(app, _port, _exitsOnFault) : throw new InvalidOperationException("The app has functions that cannot run:" + string.Concat(faults.Select(f => $"\n- {f}")));
    }

    /// <summary>Setting <c>AzureWebJobs.(name).Disabled</c>, or with two underscores for each dot.</summary>
    private static bool IsDisabled(string function, IConfiguration settings) =>
        (settings[$"AzureWebJobs.{function}.Disabled"] ?? settings[$"AzureWebJobs:{function}:Disabled"]) is { } text && (text == "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase));

    private static string? FindRetryFault(OfflineFunction function) => FunctionRetry.Of(function) is not null && function.TriggerAttribute is not TimerTriggerAttribute
        ? $"Function '{function.Name}' has a retry attribute, which its {function.TriggerAttribute.GetType().Name} does not support; of the triggers here only timers do."
        : null;

    /// <summary>The doubles of extension packages that the app's assemblies were built against, whether or not code of theirs has run yet.</summary>
    private static IEnumerable<IOfflineExtension> Extensions(IReadOnlyList<Assembly> assemblies) => assemblies
        .SelectMany(a => a.GetReferencedAssemblies())
        .Where(name => name.Name!.StartsWith("Microsoft.Azure.Functions.Worker.Extensions.", StringComparison.Ordinal))
        .DistinctBy(name => name.Name)
        .Select(Assembly.Load)
        .SelectMany(a => a.GetCustomAttributes<OfflineExtensionAttribute>())
        .Select(a => (IOfflineExtension)Activator.CreateInstance(a.ExtensionType)!);

    private static IConfiguration ReadHostJson(string folder)
    {
        string path = Path.Combine(folder, "host.json");
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"There is no host.json in {folder}; the app's project copies it to its output.");
        }

        return new ConfigurationBuilder().AddJsonFile(path, optional: false, reloadOnChange: false).Build();
    }

    /// <summary>Adds <c>Values</c> as settings below the environment's, and <c>Host</c> as section <c>Host</c>, as Core Tools reads them.</summary>
    private static void AddLocalSettings(IConfigurationManager configuration, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var values = new Dictionary<string, string?>();
        if (document.RootElement.TryGetProperty("Values", out JsonElement settings))
        {
            foreach (JsonProperty setting in settings.EnumerateObject())
            {
                values[setting.Name.Replace("__", ":", StringComparison.Ordinal)] = setting.Value.ToString();
            }
        }

        if (document.RootElement.TryGetProperty("Host", out JsonElement host))
        {
            foreach (JsonProperty setting in host.EnumerateObject())
            {
                values[$"Host:{setting.Name}"] = setting.Value.ToString();
            }
        }

        // First in the list is lowest: the environment and the command line win.
        var source = new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = values };
        ((IConfigurationBuilder)configuration).Sources.Insert(0, source);
    }

    private static int Port(string[] args, IConfiguration configuration)
    {
        int at = Array.FindIndex(args, a => a is "--port" or "-p");
        string? text = at >= 0 && at + 1 < args.Length ? args[at + 1] : configuration["Host:LocalHttpPort"];
        if (text is null)
        {
            return 7071;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= 65535
            ? port
            : throw new InvalidOperationException($"Port '{text}' is not a number from 0 (any free one) to 65535. Give another with --port, or Host.LocalHttpPort in local.settings.json.");
    }
}

/// <summary>Starts the listeners, and drains them when the app stops.</summary>
internal sealed partial class ListenerService(
    IEnumerable<IOfflineTriggerListener> listeners, HostJson hostJson, ILogger<ListenerService> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (hostJson.Unheeded() is { Count: > 0 } unheeded)
        {
            LogUnheeded(logger, string.Join(", ", unheeded));
        }

        foreach (IOfflineTriggerListener listener in listeners)
        {
            await listener.StartAsync(cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(listeners.Select(l => l.StopAsync(cancellationToken)));

    [LoggerMessage(31, LogLevel.Warning, "host.json says what Azure heeds and this local runtime does not: {Settings}")]
    private static partial void LogUnheeded(ILogger logger, string settings);
}
