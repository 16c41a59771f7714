using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>Reads a request's body with MVC's own body binder, so content types, formatters and JSON options are ASP.NET Core's.</summary>
internal sealed class BodyConverter : IInputConverter
{
    public async ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        if (context.FunctionContext.GetHttpContext() is not { } http)
        {
            return ConversionResult.Failed(new InvalidOperationException("[FromBody] is on a function that no HTTP request has triggered."));
        }

        if (http.RequestServices.GetService<IModelBinderFactory>() is not { } binders)
        {
            return ConversionResult.Failed(new InvalidOperationException("[FromBody] needs ConfigureFunctionsWebApplication()."));
        }

        ModelMetadata metadata = http.RequestServices.GetRequiredService<IModelMetadataProvider>().GetMetadataForType(context.TargetType);
        IModelBinder binder = binders.CreateBinder(new ModelBinderFactoryContext
        {
            Metadata = metadata,
            BindingInfo = new BindingInfo { BindingSource = BindingSource.Body, BinderModelName = "" },
        });
        var binding = new DefaultModelBindingContext
        {
            ActionContext = new ActionContext { HttpContext = http },
            BindingSource = BindingSource.Body,
            ModelMetadata = metadata,
            ModelName = "",
            ModelState = new ModelStateDictionary(),
        };
        await binder.BindModelAsync(binding);
        return binding.Result.IsModelSet
            ? ConversionResult.Success(binding.Result.Model)
            : binding.ModelState.IsValid
                ? ConversionResult.Success(null)
                : ConversionResult.Failed(new InvalidOperationException(Faults(binding.ModelState)));
    }

    private static string Faults(ModelStateDictionary state) => string.Join(
        ' ', state.Values.SelectMany(entry => entry.Errors).Select(error => error.ErrorMessage is { Length: > 0 } message ? message : error.Exception?.Message));
}
