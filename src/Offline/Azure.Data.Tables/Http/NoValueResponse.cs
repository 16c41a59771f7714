namespace Azure.Data.Tables.Http;

/// <summary>The answer to a point read of a row that is not there.</summary>
internal sealed class NoValueResponse<T>(Response response) : NullableResponse<T>
{
    public override bool HasValue => false;

    public override T Value => throw new InvalidOperationException($"The response has no value: status {response.Status}.");

    public override Response GetRawResponse() => response;
}
