using System.CommandLine;
using ServerlessMlops.Cli.Local;

namespace ServerlessMlops.Cli.Commands;

/// <summary>The options of the verbs that run the app on this machine.</summary>
internal sealed class LocalRunOptions
{
    private readonly Option<int> _port = new("--port")
    {
        Description = "Port of the function app; 0 takes any free one.",
        DefaultValueFactory = _ => 7071,
    };

    private readonly Option<int> _storagePort = new("--storage-port")
    {
        Description = "First of the three ports of the storage emulator; 0 takes any free ones.",
        DefaultValueFactory = _ => StoragePorts.Default.Blob,
    };

    private readonly Option<bool> _noBuild = new("--no-build") { Description = "Start the app as it was built last." };

    private readonly Option<string> _configuration = new("--configuration", "-c")
    {
        Description = "Build configuration of the app.",
        DefaultValueFactory = _ => "Release",
    };

    public LocalRunOptions()
    {
        _port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65535)
            {
                result.AddError($"--port is {result.GetValueOrDefault<int>()}; expected 0 to 65535.");
            }
        });
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_port, _storagePort, _noBuild, _configuration])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What the command line says.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="connection">A storage account instead of the emulator, or null.</param>
    public LocalStackOptions Read(ParseResult parsed, string? connection) => new(
        parsed.GetValue(_port), parsed.GetValue(_storagePort), connection, !parsed.GetValue(_noBuild), parsed.GetValue(_configuration)!);
}
