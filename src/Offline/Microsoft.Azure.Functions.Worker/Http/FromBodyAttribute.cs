using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Offline.Http;

namespace Microsoft.Azure.Functions.Worker.Http
{
    /// <summary>The parameter's value is read from the request's body.</summary>
    [AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Enum | AttributeTargets.Struct)]
    public class FromBodyAttribute : InputConverterAttribute
    {
        public FromBodyAttribute()
            : base(typeof(BodyConverter))
        {
        }
    }
}

namespace Microsoft.Azure.Functions.Worker
{
    /// <summary>That property of a function's result is the HTTP response; others go where their attributes say.</summary>
    [AttributeUsage(AttributeTargets.Property)]
    public sealed class HttpResultAttribute : OutputBindingAttribute
    {
    }
}
