using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Storage.Runs;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Hosting;

/// <summary>Not every machine can compile Bicep: what the code needs by name is looked for in the text.</summary>
public sealed class InfrastructureTests
{
    private static readonly string Bicep = Read("infra", "main.bicep");

    private static readonly string Subscriptions = Read("infra", "event-subscriptions.sh");

    private static readonly MethodInfo[] Functions =
        [.. typeof(UploadArrived).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(FunctionAttribute)))];

    [Fact]
    public void EveryBlobTrigger_HasASubscription()
    {
        var triggers = Functions
            .SelectMany(method => method.GetParameters())
            .Select(parameter => (parameter.Member, Trigger: parameter.GetCustomAttribute<BlobTriggerAttribute>()))
            .Where(pair => pair.Trigger is not null)
            .Select(pair => (Name: pair.Member.GetCustomAttribute<FunctionAttribute>()!.Name, pair.Trigger!.BlobPath, pair.Trigger.Source))
            .ToArray();

        triggers.ShouldNotBeEmpty();
        foreach ((string name, string path, BlobTriggerSource source) in triggers)
        {
            source.ShouldBe(BlobTriggerSource.EventGrid, $"{name}: Flex Consumption knows no polling");
            Subscriptions.Split('\n').ShouldContain($"{name} {path.Split('/')[0]}");
        }
    }

    [Fact]
    public void EveryScheduleInASetting_IsSet()
    {
        string[] settings = [.. Functions
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<TimerTriggerAttribute>()?.Schedule)
            .OfType<string>()
            .Where(schedule => schedule.StartsWith('%'))
            .Select(schedule => schedule.Trim('%'))
            .Distinct()];

        settings.ShouldNotBeEmpty();
        string sample = Read("local.settings.sample.json");
        foreach (string setting in settings)
        {
            Bicep.ShouldContain($"{{ name: '{setting}',");
            sample.ShouldContain($"\"{setting}\"");
        }
    }

    [Fact]
    public void EveryContainer_IsMade()
    {
        string[] containers = [.. typeof(RunsTable).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Container", StringComparison.Ordinal))
            .Select(type => type.GetField("Name", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)?.GetValue(null))
            .OfType<string>()];

        containers.ShouldContain("ledger");
        foreach (string container in containers)
        {
            Bicep.ShouldContain($"'{container}'");
        }
    }

    [Theory]
    [InlineData("allowSharedKeyAccess: false")]
    [InlineData("allowBlobPublicAccess: false")]
    [InlineData("minimumTlsVersion: 'TLS1_2'")]
    [InlineData("httpsOnly: true")]
    [InlineData("DisableLocalAuth: true")]
    [InlineData("runtime: { name: 'dotnet-isolated', version: '10.0' }")]
    [InlineData("'azd-service-name': 'api'")]
    public void Hardening_Stands(string line) => Bicep.ShouldContain(line);

    [Theory]
    [InlineData("b7e6dc6d-f1e8-4753-8033-0f276bb0955b")]
    [InlineData("974c5e8b-45b9-4653-ba55-5f855dd0fb88")]
    [InlineData("0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3")]
    [InlineData("3913510d-42f4-4e42-8a64-420c390055eb")]
    public void IdentityRoles_AreAssigned(string role) => Bicep.ShouldContain(role);

    [Theory]
    [InlineData("FUNCTIONS_WORKER_RUNTIME")]
    [InlineData("WEBSITE_RUN_FROM_PACKAGE")]
    [InlineData("linuxFxVersion")]
    public void SettingsThatFlexConsumptionRefuses_AreAbsent(string setting) => Bicep.ShouldNotContain(setting);

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([RepositoryRoot.Find(), .. path]));
}
