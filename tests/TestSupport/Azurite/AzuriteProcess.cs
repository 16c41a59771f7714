using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace ServerlessMlops.TestSupport.Azurite;

/// <summary>
/// One running storage emulator (blob, queue and table) on ports of the system's choosing, in a temporary folder of its own. The ports
/// are read from what this very process prints once it listens, so another emulator can never be mistaken for it. It ends when disposed,
/// and also when the process that started it dies.
/// </summary>
public sealed partial class AzuriteProcess : IAsyncDisposable
{
    /// <summary>The account of the emulator's documentation.</summary>
    public const string AccountName = "devstoreaccount1";

    /// <summary>The well-known development key of the emulator's documentation; it protects nothing.</summary>
    public const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly string _folder;
    private readonly bool _ownsFolder;
    private readonly StringBuilder _log = new();
    private readonly Dictionary<string, Uri> _endpoints = [];
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    private AzuriteProcess(Process process, string folder, bool ownsFolder)
    {
        _process = process;
        _folder = folder;
        _ownsFolder = ownsFolder;
    }

    /// <summary>For example <c>http://127.0.0.1:40001/devstoreaccount1</c>.</summary>
    public Uri BlobEndpoint => _endpoints["Blob"];

    /// <summary>For example <c>http://127.0.0.1:40002/devstoreaccount1</c>.</summary>
    public Uri QueueEndpoint => _endpoints["Queue"];

    /// <summary>For example <c>http://127.0.0.1:40003/devstoreaccount1</c>.</summary>
    public Uri TableEndpoint => _endpoints["Table"];

    /// <summary>The operating system's id of the emulator's process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>A storage connection string with the explicit endpoints of this emulator.</summary>
    public string ConnectionString =>
        $"DefaultEndpointsProtocol={BlobEndpoint.Scheme};AccountName={AccountName};AccountKey={AccountKey};" +
        $"BlobEndpoint={BlobEndpoint};QueueEndpoint={QueueEndpoint};TableEndpoint={TableEndpoint};";

    /// <summary>What the emulator has printed so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts an emulator and waits until all three services listen.</summary>
    /// <param name="dataFolder">Where it keeps its data, kept on disposal; null keeps everything in memory.</param>
    /// <param name="inPlaceOf">One that has ended, whose ports it takes; null takes free ones.</param>
    /// <param name="certificate">With a private key: it speaks https, and takes Entra tokens (of which it looks at times, issuer and audience, not at the signature).</param>
    /// <param name="cancellationToken">Gives up waiting, and ends the emulator.</param>
    /// <exception cref="InvalidOperationException">It could not be installed or did not start; the message carries what it printed.</exception>
    public static async Task<AzuriteProcess> StartAsync(
        string? dataFolder = null, AzuriteProcess? inPlaceOf = null, X509Certificate2? certificate = null, CancellationToken cancellationToken = default)
    {
        var installation = await AzuriteInstallation.EnsureAsync(cancellationToken);
        var folder = dataFolder ?? Directory.CreateTempSubdirectory("mlops-azurite-").FullName;
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "--require", Path.Combine(installation, "exit-with-parent.cjs"),
                Path.Combine(installation, "node_modules", "azurite", "dist", "src", "azurite.js"),
                "--blobHost", "127.0.0.1", "--blobPort", PortOf(inPlaceOf?.BlobEndpoint),
                "--queueHost", "127.0.0.1", "--queuePort", PortOf(inPlaceOf?.QueueEndpoint),
                "--tableHost", "127.0.0.1", "--tablePort", PortOf(inPlaceOf?.TableEndpoint),
                "--silent", "--disableTelemetry", "--skipApiVersionCheck",
            },
        };
        if (dataFolder is null)
        {
            start.ArgumentList.Add("--inMemoryPersistence");
        }
        else
        {
            start.ArgumentList.Add("--location");
            start.ArgumentList.Add(dataFolder);
        }

        if (certificate is not null)
        {
            string cert = Path.Combine(folder, "tls-cert.pem");
            string key = Path.Combine(folder, "tls-key.pem");
            using RSA rsa = certificate.GetRSAPrivateKey() ?? throw new ArgumentException("The certificate has no RSA key.", nameof(certificate));
            await File.WriteAllTextAsync(cert, certificate.ExportCertificatePem(), cancellationToken);
            await File.WriteAllTextAsync(key, rsa.ExportPkcs8PrivateKeyPem(), cancellationToken);
            foreach (string argument in (string[])["--oauth", "basic", "--cert", cert, "--key", key])
            {
                start.ArgumentList.Add(argument);
            }
        }

        var azurite = new AzuriteProcess(
            ToolProcess.Start(start, "Azurite runs on Node.js 20 or later; install it and put it on the PATH"), folder, dataFolder is null);
        try
        {
            await azurite.WaitUntilListeningAsync(cancellationToken);
            return azurite;
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the emulator at once, as a power cut would: what it has not flushed is lost.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks the emulator to end, then makes it; removes the temporary folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            using var deadline = new CancellationTokenSource(StopDeadline);
            try
            {
                await _process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                await KillAsync();
            }
        }

        _process.Dispose();
        if (_ownsFolder)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static string PortOf(Uri? endpoint) => (endpoint?.Port ?? 0).ToString(CultureInfo.InvariantCulture);

    private async Task WaitUntilListeningAsync(CancellationToken cancellationToken)
    {
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartDeadline);
        var exited = _process.WaitForExitAsync(deadline.Token);
        if (await Task.WhenAny(_listening.Task, exited) == _listening.Task)
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw new InvalidOperationException(exited.IsCompletedSuccessfully
            ? $"Azurite ended with exit code {_process.ExitCode} before it listened. It printed: {Log}"
            : $"Azurite did not listen within {StartDeadline.TotalMinutes:0} minutes. It printed: {Log}");
    }

    private void OnLine(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            _log.AppendLine(line);
            if (ListeningLine().Match(line) is { Success: true } match)
            {
                _endpoints[match.Groups["service"].Value] = new Uri($"{match.Groups["address"].Value}/{AccountName}");
                if (_endpoints.Count == 3)
                {
                    _listening.TrySetResult();
                }
            }
        }
    }

    [GeneratedRegex("^Azurite (?<service>Blob|Queue|Table) service is successfully listening at (?<address>https?://[0-9.:]+)$")]
    private static partial Regex ListeningLine();
}
