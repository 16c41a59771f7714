using ServerlessMlops.Cli.Local;

namespace ServerlessMlops.Cli.Tests.Local;

public sealed class RunningInstanceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private LocalFolders Folders => new(_folder.Path, Path.Combine(_folder.Path, ".mlops"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_ThenRead_GivesTheSame()
    {
        Directory.CreateDirectory(Folders.State);
        var instance = new RunningInstance(ProcessMark.OfThis(), "http://127.0.0.1:7071/", StoragePorts.Default, ProcessMark.OfThis(), null);

        instance.Write(Folders.RunningFile);

        RunningInstance.TryRead(Folders.RunningFile).ShouldBe(instance);
        RunningInstance.TryRead(Folders.RunningFile)!.IsAlive.ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"url\": 7}")]
    [InlineData("not json")]
    public void TryRead_FileThatIsNone_GivesNull(string text) =>
        RunningInstance.TryRead(_folder.Write("running.json", text)).ShouldBeNull();

    [Fact]
    public void IsAlive_IdIsAnotherProcessByNow_IsFalse()
    {
        ProcessMark self = ProcessMark.OfThis();
        var instance = new RunningInstance(self, null, null, self with { StartedAt = self.StartedAt.AddHours(-1) }, null);

        instance.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task EndLeftovers_ProcessStillRuns_EndsIt()
    {
        await using ChildProcess left = ChildProcess.Start(
            [Tool.Find("node")!, "-e", "setInterval(() => {}, 1000)"],
            _folder.Path,
            new Dictionary<string, string>(),
            Path.Combine(_folder.Path, "left.log"),
            TimeSpan.FromSeconds(20),
            TimeProvider.System);
        var instance = new RunningInstance(ProcessMark.OfThis(), null, null, ProcessMark.Of(left), null);

        IReadOnlyList<string> ended = await instance.EndLeftoversAsync(TimeProvider.System, CancellationToken.None);

        ended.ShouldBe([$"function app (process {left.Id})"]);
        await left.Exit.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Take_SecondInstance_IsToldAboutTheFirst()
    {
        using InstanceLock first = InstanceLock.Take(Folders);
        new RunningInstance(ProcessMark.OfThis(), "http://127.0.0.1:7099/", null, null, null).Write(Folders.RunningFile);

        CliException problem = Should.Throw<CliException>(() => InstanceLock.Take(Folders));

        problem.ExitCode.ShouldBe(ExitCode.Environment);
        problem.Message.ShouldContain($"(process {Environment.ProcessId}, app at http://127.0.0.1:7099/)");
    }

    [Fact]
    public void Take_FirstHasEnded_Works()
    {
        InstanceLock.Take(Folders).Dispose();

        Should.NotThrow(() => InstanceLock.Take(Folders).Dispose());
    }
}
