using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Local;
using ServerlessMlops.Cli.Storage;

namespace ServerlessMlops.Cli.Commands;

/// <summary>The options that every verb takes, and what follows from them: where the app is, where the storage is, how to print.</summary>
internal sealed class GlobalOptions
{
    /// <summary>Where the app listens when nobody says otherwise: the port of local.settings.sample.json.</summary>
    public const string DefaultUrl = "http://127.0.0.1:7071";

    private const string UrlVariable = "MLOPS_URL";
    private const string KeyVariable = "MLOPS_KEY";
    private const string ConnectionVariable = "AzureWebJobsStorage";

    public Option<string?> Url { get; } = new("--url")
    {
        Description = $"Base address of the function app. Default: {UrlVariable}, else the app that 'mlops up' runs here, else {DefaultUrl}.",
        Recursive = true,
    };

    public Option<string?> Key { get; } = new("--key")
    {
        Description = $"Function key, where the app asks for one. Default: {KeyVariable}.",
        Recursive = true,
    };

    public Option<string?> Connection { get; } = new("--connection")
    {
        Description = $"Connection string of the storage account. Default: {ConnectionVariable}, else the emulator that 'mlops up' runs here.",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print facts as JSON instead of tables.",
        Recursive = true,
    };

    public Option<string?> Root { get; } = new("--root")
    {
        Description = "Folder of the repository, for what runs locally. Default: the one around the working folder.",
        Recursive = true,
    };

    public Option<string?> State { get; } = new("--state")
    {
        Description = "Folder for what runs locally: emulator data, logs, lock. Default: .mlops in the repository.",
        Recursive = true,
    };

    public void AddTo(Command root)
    {
        foreach (Option option in (Option[])[Url, Key, Connection, Json, Root, State])
        {
            root.Options.Add(option);
        }
    }

    /// <summary>A client of the app's control plane.</summary>
    public ControlPlaneClient CreateClient(ParseResult parsed, CliContext context)
    {
        string url = parsed.GetValue(Url) ?? NonEmpty(context.Variable(UrlVariable)) ?? FindRunning(parsed, context)?.Url ?? DefaultUrl;
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            throw CliException.Usage($"--url is '{url}'; expected an absolute http or https address such as {DefaultUrl}.");
        }

        return new ControlPlaneClient(
            address,
            parsed.GetValue(Key) ?? NonEmpty(context.Variable(KeyVariable)),
            NonEmpty(context.Variable("USER")) ?? NonEmpty(context.Variable("USERNAME")),
            context.Time);
    }

    /// <summary>The storage account that was named, or null: then it is the local emulator's.</summary>
    public string? NamedConnection(ParseResult parsed, CliContext context) =>
        (parsed.GetValue(Connection) ?? NonEmpty(context.Variable(ConnectionVariable))) is { } named && !IsEmulator(named) ? named : null;

    /// <summary>The container client for uploads.</summary>
    public UploadContainer CreateUploads(ParseResult parsed, CliContext context, string container = UploadContainer.Name) => UploadContainer.Connect(
        NamedConnection(parsed, context) ?? FindRunning(parsed, context)?.Storage?.ConnectionString ?? StoragePorts.Default.ConnectionString, container);

    /// <summary>The folders of the repository that the command works in.</summary>
    /// <exception cref="CliException">There is none around the working folder.</exception>
    public LocalFolders FindFolders(ParseResult parsed, CliContext context) =>
        LocalFolders.Find(parsed.GetValue(Root), parsed.GetValue(State), context.WorkingDirectory);

    private RunningInstance? FindRunning(ParseResult parsed, CliContext context) =>
        LocalFolders.TryFind(parsed.GetValue(Root), parsed.GetValue(State), context.WorkingDirectory) is { } folders
            ? RunningInstance.TryRead(folders.RunningFile) is { } running && running.IsAlive ? running : null
            : null;

    private static bool IsEmulator(string connection) => connection.Trim().TrimEnd(';') == "UseDevelopmentStorage=true";

    private static string? NonEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
