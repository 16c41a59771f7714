using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ServerlessMlops.Core;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Answers in the product's own JSON (<see cref="MlopsJson.Options"/>), whatever the host is set to.</summary>
public static class Json
{
    /// <summary>200 (or <paramref name="status"/>) with the value as JSON.</summary>
    public static IActionResult Ok<T>(T value, int status = 200) => new ContentResult
    {
        Content = JsonSerializer.Serialize(value, MlopsJson.Options),
        ContentType = "application/json; charset=utf-8",
        StatusCode = status,
    };
}
