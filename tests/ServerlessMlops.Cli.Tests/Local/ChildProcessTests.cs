using System.ComponentModel;
using ServerlessMlops.Cli.Local;

namespace ServerlessMlops.Cli.Tests.Local;

public sealed class ChildProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => Path.Combine(_folder.Path, "logs", "child.log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_ProgramThatEnds_GivesItsExitCodeAndOutput()
    {
        await using ChildProcess child = Start("console.log('one'); console.error('two'); process.exitCode = 7");

        (await child.Exit).ShouldBe(7);
        (await child.SettledLinesAsync()).ShouldBe(["one", "two"], ignoreOrder: true);
    }

    [Fact]
    public async Task Start_LogOfAnEarlierRun_IsKeptBesideIt()
    {
        await using (ChildProcess first = Start("console.log('first')"))
        {
            await first.SettledLinesAsync();
        }

        await using (ChildProcess second = Start("console.log('second')"))
        {
            await second.SettledLinesAsync();
        }

        File.ReadAllText(Log).Trim().ShouldBe("second");
        File.ReadAllText(Log + ".1").Trim().ShouldBe("first");
    }

    [Fact]
    public async Task Stop_ProgramThatCleansUp_IsGivenTheTime()
    {
        var ready = new TaskCompletionSource();
        ChildProcess child = Start(
            "process.on('SIGTERM', () => { console.log('flushed'); process.exit(3); }); setInterval(() => {}, 1000); console.log('ready')",
            line => ready.TrySetResult());
        await using (child)
        {
            await ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await child.StopAsync();

            (await child.Exit).ShouldBe(3);
            (await child.SettledLinesAsync()).ShouldContain("flushed");
        }
    }

    [Fact]
    public async Task Stop_ProgramThatIgnoresIt_IsKilledAfterThePatience()
    {
        var ready = new TaskCompletionSource();
        ChildProcess child = Start(
            "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')", line => ready.TrySetResult(), TimeSpan.FromMilliseconds(200));
        await using (child)
        {
            await ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await child.StopAsync();

            (await child.Exit).ShouldBe(128 + 9);
        }
    }

    [Fact]
    public void Start_NoSuchProgram_Throws()
    {
        if (OperatingSystem.IsLinux())
        {
            // There the program is started through another one, so callers look for it on the PATH first.
            Tool.Find("no-such-program-of-ours").ShouldBeNull();
            return;
        }

        Should.Throw<Win32Exception>(() => ChildProcess.Start(
            ["no-such-program-of-ours"], _folder.Path, new Dictionary<string, string>(), Log, TimeSpan.FromSeconds(5), TimeProvider.System));
    }

    [Fact]
    public void Tail_StackTrace_LeavesTheFramesToTheLog() =>
        Tool.Tail(["first", "Unhandled exception. Boom", "   at Some.Method()", "   --- End of inner exception stack trace ---", ""], 2)
            .ShouldBe("first\n  Unhandled exception. Boom");

    [Fact]
    public void Tail_NothingPrinted_SaysSo() => Tool.Tail([" "], 5).ShouldBe("(it printed nothing)");

    private ChildProcess Start(string script, Action<string>? onLine = null, TimeSpan? patience = null) => ChildProcess.Start(
        [Tool.Find("node")!, "-e", script], _folder.Path, new Dictionary<string, string>(), Log, patience ?? TimeSpan.FromSeconds(20), TimeProvider.System, onLine);
}
