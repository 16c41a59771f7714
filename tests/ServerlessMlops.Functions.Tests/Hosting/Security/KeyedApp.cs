using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;

namespace ServerlessMlops.Functions.Tests.Hosting.Security;

/// <summary>The whole app with access keys on, as on Azure: a key for everything, the app's own key, and one of the function <c>Score</c> alone.</summary>
public sealed class KeyedApp : TestApp
{
    public const string Master = "master-key-0123456789";
    public const string Host = "host-key-0123456789";
    public const string Score = "score-key-0123456789";

    public KeyedApp() => Http.DefaultRequestHeaders.Add("x-functions-key", Master);

    protected override void Configure(FunctionsApplicationBuilder builder) => builder.Configuration.AddInMemoryCollection(
    [
        new("Host:Keys:Master", Master), new("Host:Keys:Default", Host), new("Host:Keys:Functions:Score", Score),
    ]);
}

/// <summary>The tests that share the app with keys.</summary>
[CollectionDefinition(Name)]
public sealed class KeyedAppCollection : ICollectionFixture<KeyedApp>
{
    public const string Name = "app with keys";
}
