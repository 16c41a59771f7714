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
        var text = batch.Content.ToString().AsSpan();
        var boundary = "--" + BoundaryOf(text);
        foreach (var range in text.Split(boundary))
        {
            var part = text[range];
            var start = part.IndexOf(StatusLine, StringComparison.Ordinal);
            if (start >= 0)
            {
                responses.Add(new PartResponse(part[start..], batch.ClientRequestId));
            }
        }

        return responses;
    }

    /// <summary>The inner boundary stands in the header of the only part of the outer one.</summary>
    private static string BoundaryOf(ReadOnlySpan<char> text)
    {
        const string Marker = "boundary=";
        var start = text.IndexOf(Marker, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            throw new InvalidDataException($"The answer to a transaction holds no change set: {text}");
        }

        var rest = text[(start + Marker.Length)..];
        var end = rest.IndexOfAny('\r', '\n', ';');
        return (end < 0 ? rest : rest[..end]).Trim().Trim('"').ToString();
    }

    private sealed class PartResponse : Response
    {
        private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);

        /// <param name="part">From the status line to the end of the body.</param>
        /// <param name="clientRequestId">Of the whole transaction.</param>
        public PartResponse(ReadOnlySpan<char> part, string clientRequestId)
        {
            ClientRequestId = clientRequestId;
            var status = TakeLine(ref part)[StatusLine.Length..];
            var space = status.IndexOf(' ');
            Status = int.Parse(space < 0 ? status : status[..space], NumberStyles.None, CultureInfo.InvariantCulture);
            ReasonPhrase = space < 0 ? string.Empty : status[(space + 1)..].Trim().ToString();
            while (TakeLine(ref part) is { IsEmpty: false } line)
            {
                var colon = line.IndexOf(':');
                if (colon > 0)
                {
                    _headers[line[..colon].Trim().ToString()] = line[(colon + 1)..].Trim().ToString();
                }
            }

            var body = Encoding.UTF8.GetBytes(part.Trim().ToString());
            ContentStream = new MemoryStream(body, 0, body.Length, writable: false, publiclyVisible: true);
        }

        public override int Status { get; }

        public override string ReasonPhrase { get; }

        public override Stream ContentStream { get; set; }

        public override string ClientRequestId { get; set; }

        public override bool IsError => Status >= 400;

        public override void Dispose() => ContentStream.Dispose();

        protected override bool ContainsHeader(string name) => _headers.ContainsKey(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => _headers.Select(header => new HttpHeader(header.Key, header.Value));

        protected override bool TryGetHeader(string name, out string value) => _headers.TryGetValue(name, out value);

        protected override bool TryGetHeaderValues(string name, out IEnumerable<string> values)
        {
            var found = _headers.TryGetValue(name, out var value);
            values = found ? [value] : null;
            return found;
        }

        private static ReadOnlySpan<char> TakeLine(ref ReadOnlySpan<char> text)
        {
            var end = text.IndexOf('\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[(end + 1)..];
            return line.TrimEnd('\r');
        }
    }
}
