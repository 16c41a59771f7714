using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ServerlessMlops.Functions.Tests.Alerts;

/// <summary>A mail server on this machine (RFC 5321: as much as a client needs to hand over a message), which keeps what it is handed.</summary>
internal sealed class SmtpReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly List<Task> _sessions = [];
    private Task _accepting = Task.CompletedTask;

    /// <summary>Messages that were taken: envelope sender, recipients, and the text as it came.</summary>
    public ConcurrentQueue<(string From, IReadOnlyList<string> To, string Data)> Taken { get; } = new();

    /// <summary>Answers to the next RCPT commands instead of 250; empty: 250.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    /// <summary>Whether it accepts connections and then says nothing.</summary>
    public bool Hangs { get; set; }

    /// <summary>Connections so far.</summary>
    public int Connections { get; private set; }

    public string Url => $"smtp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/?from=mlops@example.com&to=ann@example.com,bob@example.com";

    public static SmtpReceiver Start()
    {
        var receiver = new SmtpReceiver();
        receiver._listener.Start();
        receiver._accepting = receiver.AcceptAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_sessions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_ended.Token);
            Connections++;
            _sessions.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            await using NetworkStream stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            await using var writer = new StreamWriter(stream, Encoding.ASCII) { NewLine = "\r\n", AutoFlush = true };
            if (Hangs)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _ended.Token);
            }

            await writer.WriteLineAsync("220 test ready");
            string from = "";
            var to = new List<string>();
            while (await reader.ReadLineAsync(_ended.Token) is { } line)
            {
                switch (line.Split(' ', ':')[0].ToUpperInvariant())
                {
                    case "MAIL":
                        (from, to) = (line[(line.IndexOf('<') + 1)..line.IndexOf('>')], []);
                        await writer.WriteLineAsync("250 ok");
                        break;
                    case "RCPT":
                        bool refused = Refusals.TryDequeue(out string? answer);
                        to.Add(line[(line.IndexOf('<') + 1)..line.IndexOf('>')]);
                        await writer.WriteLineAsync(refused ? answer : "250 ok");
                        break;
                    case "DATA":
                        await writer.WriteLineAsync("354 go on");
                        var data = new StringBuilder();
                        while (await reader.ReadLineAsync(_ended.Token) is { } text and not ".")
                        {
                            data.AppendLine(text);
                        }

                        Taken.Enqueue((from, to, data.ToString()));
                        await writer.WriteLineAsync("250 taken");
                        break;
                    case "QUIT":
                        await writer.WriteLineAsync("221 bye");
                        return;
                    default: // EHLO, HELO, RSET, NOOP
                        await writer.WriteLineAsync("250 test");
                        break;
                }
            }
        }
    }
}
