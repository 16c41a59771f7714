using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables.Entities;

namespace Azure.Data.Tables.Http;

/// <summary>The table service's REST protocol: how its requests look, and sending them. One for each account and set of options.</summary>
internal sealed class TableRequests
{
    private const string Json = "application/json";
    private const string MinimalMetadata = "application/json;odata=minimalmetadata";

    /// <summary>What each kind of request may be answered with; everything else is a failure. What is worth a retry stays the default.</summary>
    public static readonly StatusCodeClassifier Ok = new([200]);
    public static readonly StatusCodeClassifier OkOrNotFound = new([200, 404]);
    public static readonly StatusCodeClassifier Created = new([201, 204]);
    public static readonly StatusCodeClassifier CreatedOrConflict = new([201, 204, 409]);
    public static readonly StatusCodeClassifier NoContent = new([204]);
    public static readonly StatusCodeClassifier NoContentOrNotFound = new([204, 404]);
    public static readonly StatusCodeClassifier Accepted = new([202]);

    private readonly HttpPipeline _pipeline;
    private readonly Uri _endpoint;
    private readonly string _basePath;
    private readonly string _version;

    public TableRequests(Uri endpoint, HttpPipelinePolicy authentication, TableClientOptions options)
    {
        options ??= new TableClientOptions();
        var pipelineOptions = new HttpPipelineOptions(options)
        {
            ResponseClassifier = new ResponseClassifier(),
            RequestFailedDetailsParser = TableErrorParser.Instance,
        };
        if (authentication is not null)
        {
            pipelineOptions.PerRetryPolicies.Add(authentication);
        }

        _pipeline = HttpPipelineBuilder.Build(pipelineOptions);
        _endpoint = TableEndpoint.WithoutQuery(endpoint);
        _basePath = _endpoint.AbsolutePath.TrimEnd('/');
        _version = options.VersionString;
    }

    public string Origin => _endpoint.GetLeftPart(UriPartial.Authority);

    public string TablesPath => _basePath + "/Tables";

    public string BatchPath => _basePath + "/$batch";

    public string TablePath(string table) => $"{_basePath}/{Uri.EscapeDataString(table)}";

    public string TablePathByName(string table) => $"{TablesPath}('{Uri.EscapeDataString(Escape(table))}')";

    public string QueryPath(string table) => TablePath(table) + "()";

    public string EntityPath(string table, string partitionKey, string rowKey) =>
        $"{TablePath(table)}(PartitionKey='{Uri.EscapeDataString(Escape(partitionKey))}',RowKey='{Uri.EscapeDataString(Escape(rowKey))}')";

    /// <param name="table">The table.</param>
    /// <param name="answersTable">Whether the answer is to show the table: 201, or else 204 with nothing in it.</param>
    public HttpMessage CreateTable(string table, bool answersTable)
    {
        var message = Create(RequestMethod.Post, TablesPath);
        if (!answersTable)
        {
            message.Request.Headers.Add("Prefer", "return-no-content");
        }

        SetJson(message.Request, JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["TableName"] = table }));
        return message;
    }

    public HttpMessage Get(string path) => Create(RequestMethod.Get, path);

    public HttpMessage Delete(string path, string ifMatch = null)
    {
        var message = Create(RequestMethod.Delete, path);
        if (ifMatch is not null)
        {
            message.Request.Headers.Add("If-Match", ifMatch);
        }

        return message;
    }

    public HttpMessage Insert(string table, ITableEntity entity)
    {
        var message = Create(RequestMethod.Post, TablePath(table));
        message.Request.Headers.Add("Prefer", "return-no-content");
        SetJson(message.Request, EntityWriter.Write(entity));
        return message;
    }

    /// <param name="table">The table.</param>
    /// <param name="entity">The row, or the columns to merge into it.</param>
    /// <param name="mode">Replace is PUT; merge is PATCH.</param>
    /// <param name="ifMatch">Null inserts the row if it is not there.</param>
    public HttpMessage Put(string table, ITableEntity entity, TableUpdateMode mode, string ifMatch)
    {
        var message = Create(MethodOf(mode), EntityPath(table, entity.PartitionKey, entity.RowKey));
        if (ifMatch is not null)
        {
            message.Request.Headers.Add("If-Match", ifMatch);
        }

        SetJson(message.Request, EntityWriter.Write(entity));
        return message;
    }

    public HttpMessage Batch(ReadOnlyMemory<byte> body, string boundary)
    {
        var message = Create(RequestMethod.Post, BatchPath);
        message.Request.Headers.Add("Content-Type", $"multipart/mixed; boundary={boundary}");
        message.Request.Content = RequestContent.Create(body);
        return message;
    }

    public static RequestMethod MethodOf(TableUpdateMode mode) => mode switch
    {
        TableUpdateMode.Replace => RequestMethod.Put,
        TableUpdateMode.Merge => RequestMethod.Patch,
        _ => throw new ArgumentException($"Unexpected value for {nameof(mode)}: {mode}"),
    };

    /// <summary>Sends, and answers with what came if its status is one of those expected.</summary>
    /// <exception cref="RequestFailedException">Another status came, or no answer after all retries.</exception>
    public async ValueTask<Response> SendAsync(bool async, HttpMessage message, StatusCodeClassifier expected, CancellationToken cancellationToken)
    {
        message.ResponseClassifier = expected;
        if (async)
        {
            await _pipeline.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _pipeline.Send(message, cancellationToken);
        }

        return message.Response.IsError ? throw new RequestFailedException(message.Response) : message.Response;
    }

    public static string Query(params (string Name, string Value)[] parameters)
    {
        var query = new StringBuilder();
        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return query.ToString();
    }

    public static string Top(int? pageSize) => pageSize?.ToString(CultureInfo.InvariantCulture);

    /// <summary>A quote inside a quoted key is doubled.</summary>
    private static string Escape(string key) => key.Replace("'", "''", StringComparison.Ordinal);

    private static void SetJson(Request request, ReadOnlyMemory<byte> json)
    {
        request.Headers.Add("Content-Type", Json);
        request.Content = RequestContent.Create(json);
    }

    private HttpMessage Create(RequestMethod method, string pathAndQuery)
    {
        var message = _pipeline.CreateMessage();
        var request = message.Request;
        request.Method = method;
        request.Uri.Reset(_endpoint);
        var question = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        request.Uri.Path = question < 0 ? pathAndQuery : pathAndQuery[..question];
        request.Uri.Query = question < 0 ? null : pathAndQuery[question..];
        request.Headers.Add("x-ms-version", _version);
        request.Headers.Add("DataServiceVersion", "3.0");
        request.Headers.Add("Accept", MinimalMetadata);
        return message;
    }
}
