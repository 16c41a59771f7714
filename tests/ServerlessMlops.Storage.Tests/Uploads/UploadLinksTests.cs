using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using ServerlessMlops.Storage.Uploads;
using ServerlessMlops.TestSupport.Azurite;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Storage.Tests.Uploads;

/// <summary>Links into the container of uploads, signed by the account's key and by a key delegated to an identity, as the service takes them.</summary>
public sealed class UploadLinksTests(UploadLinksTests.SecureAzurite azurite) : IClassFixture<UploadLinksTests.SecureAzurite>
{
    private const string ObjectId = "11059fcc-5514-4800-b5f8-49808b9cfab6";

    [Fact]
    public async Task Sign_WithAnIdentity_DelegatesAKeyThatLastsAsLongAsTheLink()
    {
        var links = new UploadLinks(Service(identity: true), TimeProvider.System);
        UploadLink link = (await links.SignAsync("birds/ünï code/a+b.csv", TimeSpan.FromMinutes(10), default)).ShouldNotBeNull();
        Dictionary<string, string> signed = Query(link.Url);

        (signed["skoid"], signed["sp"], signed["sr"], signed["spr"]).ShouldBe((ObjectId, "c", "b", "https"));
        DateTimeOffset.Parse(signed["ske"], System.Globalization.CultureInfo.InvariantCulture).ShouldBe(link.ExpiresAt);
        DateTimeOffset.Parse(signed["se"], System.Globalization.CultureInfo.InvariantCulture).ShouldBe(link.ExpiresAt);
        (await PutAsync(link.Url)).ShouldBe(HttpStatusCode.Created);
        (await PutAsync(link.Url)).ShouldBe(HttpStatusCode.Forbidden, "it overwrites nothing");
        (await Service(identity: false).GetBlobContainerClient("uploads").GetBlobClient("birds/ünï code/a+b.csv").ExistsAsync()).Value.ShouldBeTrue();
        (await links.SignAsync("birds/ünï code/a+b.csv", TimeSpan.FromMinutes(10), default)).ShouldBeNull("there is a file");
    }

    [Fact]
    public async Task Sign_WithAnIdentity_BreaksWhenAnythingOfItIsChanged()
    {
        UploadLink link = (await new UploadLinks(Service(identity: true), TimeProvider.System).SignAsync("birds/a.csv", TimeSpan.FromMinutes(10), default))!;

        foreach ((string part, string other) in ((string, string)[])[("sp=c", "sp=cw"), ("sr=b", "sr=c"), ("a.csv", "b.csv"), (ObjectId, ObjectId.Replace('1', '2')), ("/uploads/", "/models/")])
        {
            link.Url.AbsoluteUri.ShouldContain(part);
            (await PutAsync(new Uri(link.Url.AbsoluteUri.Replace(part, other, StringComparison.Ordinal)))).ShouldBe(HttpStatusCode.Forbidden, other);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sign_OfAnHourTwoHoursAgo_HasExpired(bool identity)
    {
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow().AddHours(-2));
        UploadLink link = (await new UploadLinks(Service(identity), clock).SignAsync($"birds/late-{identity}.csv", TimeSpan.FromHours(1), default))!;

        (await PutAsync(link.Url)).ShouldBe(HttpStatusCode.Forbidden);
        clock.Advance(TimeSpan.FromMinutes(90));
        link = (await new UploadLinks(Service(identity), clock).SignAsync($"birds/late-{identity}.csv", TimeSpan.FromHours(1), default))!;
        (await PutAsync(link.Url)).ShouldBe(HttpStatusCode.Created, "half an hour is left of it");
    }

    private static Dictionary<string, string> Query(Uri url) =>
        url.Query.TrimStart('?').Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));

    private async Task<HttpStatusCode> PutAsync(Uri url)
    {
        using var body = new StringContent("a,b\n1,2\n");
        body.Headers.Add("x-ms-blob-type", "BlockBlob");
        using HttpResponseMessage answer = await azurite.Somebody.PutAsync(url, body);
        return answer.StatusCode;
    }

    private BlobServiceClient Service(bool identity)
    {
        var options = new BlobClientOptions { Transport = new HttpClientTransport(azurite.Somebody) };
        return identity
            ? new BlobServiceClient(azurite.Process.BlobEndpoint, new Token(), options)
            : new BlobServiceClient(azurite.Process.ConnectionString, options);
    }

    /// <summary>An emulator that speaks https, without which nobody takes tokens.</summary>
    public sealed class SecureAzurite : IAsyncLifetime
    {
        private readonly X509Certificate2 _certificate = SelfSigned();

        public SecureAzurite() => Somebody = new HttpClient(new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown?.Thumbprint == _certificate.Thumbprint,
        });

        /// <summary>A client that trusts the emulator.</summary>
        public HttpClient Somebody { get; }

        public AzuriteProcess Process { get; private set; } = null!;

        public async Task InitializeAsync() => Process = await AzuriteProcess.StartAsync(certificate: _certificate);

        public async Task DisposeAsync()
        {
            Somebody.Dispose();
            await Process.DisposeAsync();
            _certificate.Dispose();
        }

        private static X509Certificate2 SelfSigned()
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        }
    }

    /// <summary>A token as Entra gives to an identity, unsigned: the emulator looks at its claims only.</summary>
    private sealed class Token : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            DateTimeOffset until = TimeProvider.System.GetUtcNow().AddHours(1);
            long now = TimeProvider.System.GetUtcNow().AddMinutes(-1).ToUnixTimeSeconds();
            string claims = JsonSerializer.Serialize(new
            {
                aud = "https://storage.azure.com",
                iss = "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
                iat = now,
                nbf = now,
                exp = until.ToUnixTimeSeconds(),
                oid = ObjectId,
                tid = "ab1f708d-50f6-404c-a006-d71b2ac7a606",
            });
            return new AccessToken($"{Encoded("{\"alg\":\"RS256\",\"typ\":\"JWT\"}")}.{Encoded(claims)}.{Encoded("none")}", until);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));

        private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
