using System.Globalization;
using System.Text;
using Azure.Core;

namespace Azure.Data.Tables.Http;

/// <summary>Takes the answer to a transaction apart: one answer for each action, or a single one for the action that failed.</summary>
internal static class TransactionResponses
{
    private const string StatusLine = "HTTP/1.1 ";

    public static IReadOnlyList<Response> Parse(Response batch)
    {
        var responses = new List<Response>();
        var text = batch.Content.ToString();
        var boundary = "--" + BoundaryOf(text);
        foreach (var part in text.Split(boundary))
        {
            var start = part.IndexOf(StatusLine, StringComparison.Ordinal);
            if (start >= 0)
            {
                responses.Add(new PartResponse(part[start..], batch.ClientRequestId));
            }
        }

        return responses;
    }

    /// <summary>The inner boundary stands in the header of the only part of the outer one.</summary>
    private static string BoundaryOf(string text)
    {
        const string Marker = "boundary=";
        var start = text.IndexOf(Marker, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            throw new InvalidDataException($"The answer to a transaction holds no change set: {text}");
        }

        start += Marker.Length;
        return text[start..text.IndexOfAny(['\r', '\n', ';'], start)].Trim('"', ' ');
    }

    private sealed class PartResponse : Response
    {
        private readonly Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);

        public PartResponse(string part, string clientRequestId)
        {
            ClientRequestId = clientRequestId;
            using var reader = new StringReader(part);
            var status = reader.ReadLine()[StatusLine.Length..];
            var space = status.IndexOf(' ', StringComparison.Ordinal);
            Status = int.Parse(space < 0 ? status : status[..space], CultureInfo.InvariantCulture);
            ReasonPhrase = space < 0 ? string.Empty : status[(space + 1)..].Trim();
            while (reader.ReadLine() is { Length: > 0 } line)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0)
                {
                    headers[line[..colon].Trim()] = line[(colon + 1)..].Trim();
                }
            }

            var body = Encoding.UTF8.GetBytes(reader.ReadToEnd().Trim());
            ContentStream = new MemoryStream(body, 0, body.Length, writable: false, publiclyVisible: true);
        }

        public override int Status { get; }

        public override string ReasonPhrase { get; }

        public override Stream ContentStream { get; set; }

        public override string ClientRequestId { get; set; }

        public override bool IsError => Status >= 400;

        public override void Dispose() => ContentStream.Dispose();

        protected override bool ContainsHeader(string name) => headers.ContainsKey(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => headers.Select(header => new HttpHeader(header.Key, header.Value));

        protected override bool TryGetHeader(string name, out string value) => headers.TryGetValue(name, out value);

        protected override bool TryGetHeaderValues(string name, out IEnumerable<string> values)
        {
            var found = headers.TryGetValue(name, out var value);
            values = found ? [value] : null;
            return found;
        }
    }
}
