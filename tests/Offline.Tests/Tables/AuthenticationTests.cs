using System.Net;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

[Collection(TablesCollection.Name)]
public sealed class AuthenticationTests(AzuriteFixture azurite)
{
    private const string Key = AzuriteProcess.AccountKey;

    [Theory]
    [InlineData("UseDevelopmentStorage=true", "http://127.0.0.1:10002/devstoreaccount1/runs", "devstoreaccount1")]
    [InlineData($"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={Key};EndpointSuffix=core.windows.net", "https://acct.table.core.windows.net/runs", "acct")]
    [InlineData($"AccountName=acct;AccountKey={Key};TableEndpoint=http://127.0.0.1:9/acct;", "http://127.0.0.1:9/acct/runs", "acct")]
    [InlineData($"AccountName=acct;AccountKey={Key}", "https://acct.table.core.windows.net/runs", "acct")]
    [InlineData("AccountName=acct;SharedAccessSignature=sv=2020-12-06&sig=x", "https://acct.table.core.windows.net/runs", "acct")]
    [InlineData("TableEndpoint=https://acct.table.core.windows.net;SharedAccessSignature=sv=2020-12-06&sig=x", "https://acct.table.core.windows.net/runs", "acct")]
    public void Constructor_ConnectionString_GivesAddressAndAccount(string connection, string uri, string account)
    {
        var table = new TableClient(connection, "runs");
        var viaService = new TableServiceClient(connection).GetTableClient("runs");

        (table.Uri.AbsoluteUri, table.AccountName, table.Name).ShouldBe((uri, account, "runs"));
        (viaService.Uri.AbsoluteUri, viaService.AccountName, viaService.Name).ShouldBe((uri, account, "runs"));
    }

    [Fact]
    public void Constructor_UselessConnectionString_Throws()
    {
        Should.Throw<ArgumentException>(() => new TableServiceClient("AccountName=acct;EndpointSuffix=core.windows.net"));
        Should.Throw<ArgumentException>(() => new TableServiceClient("UseDevelopmentStorage=yes"));
        Should.Throw<ArgumentException>(() => new TableServiceClient(string.Empty));
        Should.Throw<InvalidOperationException>(() => new TableServiceClient("AccountName=acct;;AccountKey=eA=="));
        Should.Throw<InvalidOperationException>(() => new TableServiceClient("AccountName=acct;AccountKey="));
        Should.Throw<InvalidOperationException>(() => new TableServiceClient("AccountName=acct;AccountName=acct"));
        Should.Throw<InvalidOperationException>(() => new TableServiceClient("nonsense"));
    }

    [Fact]
    public async Task SharedKey_ServiceAddress_WorksAndAWrongKeyIs403()
    {
        var name = (await azurite.CreateTableAsync()).Name;
        var right = new TableClient(azurite.Azurite.TableEndpoint, name, new TableSharedKeyCredential(AzuriteProcess.AccountName, Key));
        var wrong = new TableClient(azurite.Azurite.TableEndpoint, name, new TableSharedKeyCredential(AzuriteProcess.AccountName, Convert.ToBase64String(new byte[32])));

        (await right.AddEntityAsync(new TableEntity("p", "r"))).Status.ShouldBe(204);
        (await Should.ThrowAsync<RequestFailedException>(() => wrong.GetEntityAsync<TableEntity>("p", "r"))).Status.ShouldBe(403);
    }

    [Fact]
    public async Task TokenCredential_Https_SendsATokenForStorage()
    {
        using var network = new Network((_, _, _) => Rows());
        var credential = new FixedToken();
        var table = new TableClient(new Uri("https://acct.table.core.windows.net"), "runs", credential, TestTables.QuickRetries(0, network.Transport));

        await table.QueryAsync<TableEntity>().ToListAsync();

        network.Requests.ShouldHaveSingleItem().Authorization.ShouldBe("Bearer the-token");
        network.Requests[0].Uri.AbsolutePath.ShouldBe("/runs()");
        credential.Scopes.ShouldBe(["https://storage.azure.com/.default"]);
    }

    [Fact]
    public async Task TokenCredential_Http_IsRefused()
    {
        var table = new TableClient(azurite.Azurite.TableEndpoint, "runs", new FixedToken(), TestTables.QuickRetries(0));
        await Should.ThrowAsync<InvalidOperationException>(() => table.QueryAsync<TableEntity>().ToListAsync());
    }

    [Fact]
    public async Task SasCredential_EveryRequest_CarriesTheSignature()
    {
        using var network = new Network((_, _, _) => Rows());
        var service = new TableServiceClient(
            new Uri("https://acct.table.core.windows.net"), new AzureSasCredential("sv=2020-12-06&sig=a%2Bb"), TestTables.QuickRetries(0, network.Transport));

        await service.GetTableClient("runs").QueryAsync<TableEntity>("PartitionKey eq 'p'").ToListAsync();

        network.Requests.ShouldHaveSingleItem().Uri.Query.ShouldEndWith("&sv=2020-12-06&sig=a%2Bb");
        network.Requests[0].Authorization.ShouldBeNull();
    }

    [Fact]
    public async Task TableServiceClient_Tables_AreCreatedListedAndDeleted()
    {
        var service = new TableServiceClient(azurite.ConnectionString);
        var name = azurite.UniqueName("listed");

        var made = azurite.UniqueName("made");
        (await service.CreateTableAsync(made)).GetRawResponse().Status.ShouldBe(201);
        (await service.DeleteTableAsync(made)).Status.ShouldBe(204);
        (await service.CreateTableIfNotExistsAsync(name)).GetRawResponse().Status.ShouldBe(204);
        (await service.CreateTableIfNotExistsAsync(name)).Value.Name.ShouldBe(name);
        (await service.CreateTableIfNotExistsAsync(name)).GetRawResponse().Status.ShouldBe(409);
        (await Should.ThrowAsync<RequestFailedException>(() => service.CreateTableAsync(name))).ErrorCode.ShouldBe("TableAlreadyExists");
        (await service.QueryAsync(item => item.Name == name).ToListAsync()).ShouldHaveSingleItem().Name.ShouldBe(name);
        (await service.QueryAsync((FormattableString)$"TableName eq {name}").ToListAsync()).Count.ShouldBe(1);
        (await service.DeleteTableAsync(name)).Status.ShouldBe(204);
        (await service.DeleteTableAsync(name)).Status.ShouldBe(404);
        (await service.QueryAsync(item => item.Name == name).ToListAsync()).ShouldBeEmpty();
    }

    private static Task<HttpResponseMessage> Rows() =>
        Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("{\"value\":[]}", Encoding.UTF8, "application/json") });

    private sealed class FixedToken : TokenCredential
    {
        public string[] Scopes { get; private set; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes = requestContext.Scopes;
            return new AccessToken("the-token", new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
