using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Storage.Runs;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary>What the templates deploy, held against what the code needs.</summary>
public sealed class InfrastructureTests
{
    private static readonly BicepFile Main = BicepFileTests.Open("main.bicep");

    private static readonly BicepFile Storage = BicepFileTests.Open("modules/storage.bicep");

    private static readonly BicepFile App = BicepFileTests.Open("modules/app.bicep");

    private static readonly BicepDeclaration Site = App.Resource("Microsoft.Web/sites");

    private static readonly MethodInfo[] Functions =
        [.. typeof(UploadArrived).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(FunctionAttribute)))];

    private static string[] Settings => [.. BicepFile.Property(Site.Body, "properties", "siteConfig", "appSettings")!.Split("name: '").Skip(1).Select(part => part.Split('\'')[0])];

    [Fact]
    public void EveryBlobTrigger_HasASubscriptionThatIsNoWiderThanItsPath()
    {
        string[] subscriptions = Read("infra", "event-subscriptions.sh").Split('\n');
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

            // Fixed folders between the tokens become a filter: a prefix cannot say "any pipeline, then this folder".
            string[] segments = path.Split('/');
            string[] fixedParts = [.. segments[1..].Where(segment => !segment.StartsWith('{'))];
            string filter = fixedParts.Length == 0 ? "" : $" /{string.Join('/', fixedParts)}/";
            subscriptions.ShouldContain($"{name} {segments[0]}{filter}");
        }

        subscriptions.SkipWhile(line => !line.Contains("<<'SUBSCRIPTIONS'", StringComparison.Ordinal)).Count(line => line.Contains("Arrived ", StringComparison.Ordinal)).ShouldBe(triggers.Length);
    }

    [Fact]
    public void EveryScheduleInASetting_IsSet()
    {
        string[] schedules = [.. Functions
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<TimerTriggerAttribute>()?.Schedule)
            .OfType<string>()
            .Where(schedule => schedule.StartsWith('%'))
            .Select(schedule => schedule.Trim('%'))
            .Distinct()];

        schedules.ShouldNotBeEmpty();
        schedules.ShouldBeSubsetOf(Settings);
        string sample = Read("local.settings.sample.json");
        foreach (string setting in schedules)
        {
            sample.ShouldContain($"\"{setting}\"");
        }
    }

    [Fact]
    public void Settings_NameTheStorageAndTheTelemetryAsTheCodeReadsThem()
    {
        foreach (string part in (string[])["blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId"])
        {
            Settings.ShouldContain($"{StorageServices.Setting}__{part}");
        }

        Settings.ShouldContain(TelemetryServices.ApplicationInsightsSetting);
        Settings.ShouldContain("APPLICATIONINSIGHTS_AUTHENTICATION_STRING");
        Settings.ShouldBeUnique();
        Settings.ShouldNotContain(StorageServices.Setting, "a connection string is a key");
    }

    [Fact]
    public void EveryContainer_IsMade()
    {
        string[] made = [.. Storage.Variables["dropContainers"].Split(',').Concat(Storage.Variables["ownContainers"].Split(',')).SelectMany(BicepFile.Literals), .. Storage.Resources
            .Where(resource => resource.Kind.Contains("/containers@", StringComparison.Ordinal))
            .SelectMany(resource => BicepFile.Literals(BicepFile.Property(resource.Body, "name")!))];
        string[] used = [.. typeof(RunsTable).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Container", StringComparison.Ordinal))
            .Select(type => type.GetField("Name", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)?.GetValue(null))
            .OfType<string>()];

        used.ShouldContain("ledger");
        used.ShouldBeSubsetOf(made);
        made.ShouldBeUnique();
    }

    [Fact]
    public void PredictionLogs_EndByLifecycle()
    {
        string policy = Storage.Resource("Microsoft.Storage/storageAccounts/managementPolicies").Body;

        policy.ShouldContain("prefixMatch: ['predictions/']");
        policy.ShouldContain("delete: { daysAfterModificationGreaterThan: predictionRetentionDays }");
    }

    [Fact]
    public void Storage_TakesNoKeysAndShowsNothingToThePublic()
    {
        string account = Storage.Resource("Microsoft.Storage/storageAccounts").Body;

        BicepFile.Property(account, "properties", "allowSharedKeyAccess").ShouldBe("false");
        BicepFile.Property(account, "properties", "allowBlobPublicAccess").ShouldBe("false");
        BicepFile.Property(account, "properties", "minimumTlsVersion").ShouldBe("'TLS1_2'");
        BicepFile.Property(account, "properties", "supportsHttpsTrafficOnly").ShouldBe("true");
        foreach (BicepDeclaration container in Storage.Resources.Where(resource => resource.Kind.Contains("/containers@", StringComparison.Ordinal)))
        {
            BicepFile.Property(container.Body, "properties", "publicAccess").ShouldBe("'None'", container.Name);
        }
    }

    [Fact]
    public void Site_IsHardenedAndOfThisRuntime()
    {
        BicepFile.Property(Site.Body, "properties", "httpsOnly").ShouldBe("true");
        BicepFile.Property(Site.Body, "properties", "siteConfig", "minTlsVersion").ShouldBe("'1.2'");
        BicepFile.Property(Site.Body, "properties", "siteConfig", "cors").ShouldBe("{ allowedOrigins: corsOrigins, supportCredentials: false }");
        BicepFile.Property(Site.Body, "properties", "functionAppConfig", "runtime").ShouldBe("{ name: 'dotnet-isolated', version: '10.0' }");
        BicepFile.Property(Site.Body, "properties", "keyVaultReferenceIdentity").ShouldBe("identityId");
        BicepFile.Property(Site.Body, "tags").ShouldBe("union(tags, { 'azd-service-name': 'api' })");
        BicepFile.Property(App.Resource("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Body, "properties", "allow").ShouldBe("false");
        BicepFile.Property(BicepFileTests.Open("modules/telemetry.bicep").Resource("Microsoft.Insights/components").Body, "properties", "DisableLocalAuth").ShouldBe("true");
        Main.Parameters.Single(parameter => parameter.Name == "alwaysReady").Default.ShouldBe("[]", "nothing runs while nothing happens");
        Main.Parameters.Single(parameter => parameter.Name == "corsOrigins").Default.ShouldBe("[]");
        BicepFileTests.Open("main.bicepparam").Parameters.ShouldNotContain(parameter => parameter.Name == "alwaysReady");
    }

    [Theory]
    [InlineData("modules/storage.bicep", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "storage")] // blob data owner
    [InlineData("modules/storage.bicep", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "storage")] // queue data contributor
    [InlineData("modules/storage.bicep", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", "storage")] // table data contributor
    [InlineData("modules/telemetry.bicep", "3913510d-42f4-4e42-8a64-420c390055eb", "insights")] // monitoring metrics publisher
    [InlineData("modules/secrets.bicep", "4633458b-17de-408a-b874-0445c86b69e6", "vault")] // key vault secrets user
    [InlineData("modules/scheduler.bicep", "0ad04412-c4d5-4796-b79c-f76d14c8d402", "hub")] // durable task data contributor
    public void AppRoles_ReachNoFurtherThanTheirResource(string template, string role, string scope)
    {
        BicepFile file = BicepFileTests.Open(template);

        file.Text.ShouldContain($"'{role}'");
        file.Resources
            .Where(resource => resource.Kind.StartsWith("Microsoft.Authorization/roleAssignments@", StringComparison.Ordinal) && BicepFile.Property(resource.Body, "properties", "principalId") == "appPrincipalId")
            .Select(resource => BicepFile.Property(resource.Body, "scope"))
            .ShouldBe([scope]);
    }

    [Fact]
    public void Uploaders_WriteIntoTheDropContainersAndUnderModelsIntoIncomingOnly()
    {
        string assignment = Storage.Declarations.Single(declaration => declaration.Name == "uploaderAssignments").Body;

        BicepFile.Property(assignment, "scope")!.ShouldStartWith("drops[");
        assignment.ShouldContain("condition: dropContainers[i % length(dropContainers)] == 'models' ? incomingOnly : null");
        Storage.Variables["incomingOnly"].ShouldContain("StringLike \\'*/incoming/*\\'");
        BicepFile.Literals(Storage.Variables["dropContainers"]).ShouldBe(["pipelines", "uploads", "labels", "scoring", "models"]);
    }

    [Fact]
    public void App_MayDelegateKeysForUploadLinks()
    {
        BicepFile.Properties(Storage.Variables["appRoles"])["blobDelegator"].ShouldBe("blobDelegator");
        Storage.Variables["blobDelegator"].ShouldBe("'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'");
        BicepFile.Property(Storage.Declarations.Single(declaration => declaration.Name == "appAssignments").Body, "properties", "roleDefinitionId")!.ShouldContain("role.value");
    }

    [Theory]
    [InlineData("FUNCTIONS_WORKER_RUNTIME")]
    [InlineData("WEBSITE_RUN_FROM_PACKAGE")]
    [InlineData("linuxFxVersion")]
    public void SettingsThatFlexConsumptionRefuses_AreAbsent(string setting) => App.Text.ShouldNotContain(setting);

    [Fact]
    public void Scheduler_KeepsTheHubOfHostJson()
    {
        JsonElement durable = JsonDocument.Parse(Read("host.json")).RootElement.GetProperty("extensions").GetProperty("durableTask");

        BicepFile.Property(BicepFileTests.Open("modules/scheduler.bicep").Resource("Microsoft.DurableTask/schedulers/taskHubs").Body, "name")
            .ShouldBe($"'{durable.GetProperty("hubName").GetString()}'");
        durable.GetProperty("storageProvider").GetProperty("connectionName").GetString().ShouldBe(StorageServices.Setting);
        Main.Parameters.Single(parameter => parameter.Name == "durableTaskScheduler").Default.ShouldBe("false");
        foreach (string path in (string[])["hubName", "storageProvider__type", "storageProvider__connectionStringName"])
        {
            App.Variables["schedulerSettings"].ShouldContain($"'AzureFunctionsJobHost__extensions__durableTask__{path}'");
        }
    }

    [Fact]
    public void Scheduler_IsOneSwitchForTemplateAndPackage()
    {
        const string Switch = "DurableTaskScheduler";
        foreach (string file in (string[])["main.bicepparam", "prod.bicepparam"])
        {
            BicepFileTests.Open(file).Parameters.Single(parameter => parameter.Name == "durableTaskScheduler").Default.ShouldBe($"bool(readEnvironmentVariable('{Switch}', 'false'))");
        }

        foreach ((string workflow, int jobs) in ((string, int)[])[("deploy.yml", 2), ("stage.yml", 1)])
        {
            Regex.Count(Read(".github", "workflows", workflow), $@"^ {{6}}{Switch}: \$\{{\{{ vars\.DURABLE_TASK_SCHEDULER \|\| 'false' \}}\}}$", RegexOptions.Multiline).ShouldBe(jobs, workflow);
        }

        Read("src", "ServerlessMlops.Functions", "ServerlessMlops.Functions.csproj").ShouldContain($"'$({Switch})' == 'true'");
        App.Variables["schedulerSettings"].ShouldContain("'azureManaged'");
        App.Variables["schedulerSettings"].ShouldContain("Authentication=ManagedIdentity");
    }

    [Fact]
    public void Hooks_ReadWhatTheTemplateGives()
    {
        foreach (string script in (string[])["event-subscriptions.sh", "upload-sample.sh"])
        {
            string text = Read("infra", script);
            string[] needed = [.. Regex.Matches(text, @"\$\{(\w+):\?\}").Select(match => match.Groups[1].Value)];

            needed.ShouldNotBeEmpty(script);
            needed.ShouldBeSubsetOf(Main.Outputs.Keys, script);
            Read("azure.yaml").ShouldContain($"./infra/{script}");
        }
    }

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([RepositoryRoot.Find(), .. path]));
}
