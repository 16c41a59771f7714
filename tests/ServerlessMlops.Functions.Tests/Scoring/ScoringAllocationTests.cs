using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>What the app allocates for a request, without the server: from the body that lies ready to the answer that is handed over.</summary>
public sealed class ScoringAllocationTests
{
    [Theory]
    [InlineData("""{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"k1"]]}}""", 1024)]
    [InlineData("""{"instances":[[30],[31],[32],[33],[34],[35],[36],[37],[38],[39]]}""", 2048)]
    public async Task Answer_AfterWarmUp_AllocatesLessThan(string body, int most)
    {
        await using ScoringApp app = await ScoringApp.StartAsync(("RefreshAfter", "00:05:00"), ("WaitForRefreshAfter", "00:10:00"));
        (await app.PostAsync("""{"instances":[[30]]}""")).EnsureSuccessStatusCode();
        var request = new ReadyRequest(Encoding.UTF8.GetBytes(body));
        const int Requests = 5000;
        for (int i = 0; i < 1000; i++)
        {
            Answer(app, request);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Requests; i++)
        {
            Answer(app, request);
        }

        // The log's memory is in it: a few hundred bytes a row that wait for the file. Without optimisation every async method makes an object besides.
        int allowed = typeof(ScoringEndpoint).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true } ? most + 1024 : most;
        ((double)(GC.GetAllocatedBytesForCurrentThread() - before) / Requests).ShouldBeLessThan(allowed);
    }

    private static void Answer(ScoringApp app, ReadyRequest request)
    {
        HttpContext http = request.Again();
        Task answering = app.Endpoint.AnswerAsync(http, "flights", null, MlflowProtocol.Instance, default);
        answering.IsCompletedSuccessfully.ShouldBeTrue("a request whose body is there is answered without waiting");
        http.Response.StatusCode.ShouldBe(200);
        request.Answered.ShouldBeGreaterThan(0);
    }

    /// <summary>One request after another with the same body, all of it there, in one context; the answer is dropped.</summary>
    private sealed class ReadyRequest : PipeReader, IHttpRequestFeature, IRequestBodyPipeFeature, IHttpResponseFeature, IHttpResponseBodyFeature
    {
        private readonly DefaultHttpContext _http;
        private readonly ReadResult _whole;
        private readonly DroppingWriter _writer = new();

        public ReadyRequest(byte[] body)
        {
            _whole = new ReadResult(new ReadOnlySequence<byte>(body), isCanceled: false, isCompleted: true);
            var features = new FeatureCollection();
            features.Set<IHttpRequestFeature>(this);
            features.Set<IRequestBodyPipeFeature>(this);
            features.Set<IHttpResponseFeature>(this);
            features.Set<IHttpResponseBodyFeature>(this);
            _http = new DefaultHttpContext(features);
            ((IHttpRequestFeature)this).Headers.ContentType = "application/json";
        }

        public long Answered => _writer.Written;

        public HttpContext Again()
        {
            _writer.Written = 0;
            _http.Response.Headers.Clear();
            return _http;
        }

        public override bool TryRead(out ReadResult result)
        {
            result = _whole;
            return true;
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(_whole);

        public override void AdvanceTo(SequencePosition consumed)
        {
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        PipeReader IRequestBodyPipeFeature.Reader => this;

        string IHttpRequestFeature.Protocol { get; set; } = "HTTP/1.1";

        string IHttpRequestFeature.Scheme { get; set; } = "http";

        string IHttpRequestFeature.Method { get; set; } = "POST";

        string IHttpRequestFeature.PathBase { get; set; } = "";

        string IHttpRequestFeature.Path { get; set; } = ScoringApp.Path;

        string IHttpRequestFeature.QueryString { get; set; } = "";

        string IHttpRequestFeature.RawTarget { get; set; } = ScoringApp.Path;

        IHeaderDictionary IHttpRequestFeature.Headers { get; set; } = new HeaderDictionary();

        System.IO.Stream IHttpRequestFeature.Body { get; set; } = System.IO.Stream.Null;

        int IHttpResponseFeature.StatusCode { get; set; } = 200;

        string? IHttpResponseFeature.ReasonPhrase { get; set; }

        IHeaderDictionary IHttpResponseFeature.Headers { get; set; } = new HeaderDictionary();

        System.IO.Stream IHttpResponseFeature.Body { get; set; } = System.IO.Stream.Null;

        bool IHttpResponseFeature.HasStarted => false;

        System.IO.Stream IHttpResponseBodyFeature.Stream => System.IO.Stream.Null;

        PipeWriter IHttpResponseBodyFeature.Writer => _writer;

        void IHttpResponseFeature.OnStarting(Func<object, Task> callback, object state)
        {
        }

        void IHttpResponseFeature.OnCompleted(Func<object, Task> callback, object state)
        {
        }

        void IHttpResponseBodyFeature.DisableBuffering()
        {
        }

        Task IHttpResponseBodyFeature.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        Task IHttpResponseBodyFeature.SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken) => throw new NotSupportedException();

        Task IHttpResponseBodyFeature.CompleteAsync() => Task.CompletedTask;
    }

    private sealed class DroppingWriter : PipeWriter
    {
        private readonly byte[] _buffer = new byte[64 * 1024];

        public long Written { get; set; }

        public override void Advance(int bytes) => Written += bytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

        public override Span<byte> GetSpan(int sizeHint = 0) => _buffer;

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => new(new FlushResult(isCanceled: false, isCompleted: false));
    }
}
