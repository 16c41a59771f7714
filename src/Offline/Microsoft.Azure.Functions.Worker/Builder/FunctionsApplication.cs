using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Builder;

[SuppressMessage("Design", "CA1052:Static holder types should be Static or NotInheritable", Justification = "As published.")]
public class FunctionsApplication
{
    public static FunctionsApplicationBuilder CreateBuilder(string[] args) =>
        StartFaults.Say(true, () => new FunctionsApplicationBuilder(
            args,
            AppContext.BaseDirectory,
            () => [Assembly.GetEntryAssembly() ?? throw new InvalidOperationException("There is no entry assembly to find functions in.")],
            exitsOnFault: true));

    /// <summary>An app whose folder and functions a test names.</summary>
    internal static FunctionsApplicationBuilder CreateBuilder(string[] args, string folder, params Assembly[] functions) => new(args, folder, () => functions);

    /// <summary>An app of the functions of these types alone, without the doubles of extension packages.</summary>
    internal static FunctionsApplicationBuilder CreateBuilder(string[] args, string folder, Type[] only) => new(args, folder, () => [], only);
}

public class FunctionsApplicationBuilder : IHostApplicationBuilder, IFunctionsWorkerApplicationBuilder
{
    private readonly WebApplicationBuilder _web;
    private readonly MiddlewareList _middleware = [];
    private readonly LocalHost _host;
    private readonly bool _exitsOnFault;
    private bool _built;

    internal FunctionsApplicationBuilder(string[] args, string folder, Func<IReadOnlyList<Assembly>> functions, Type[]? only = null, bool exitsOnFault = false)
    {
        _exitsOnFault = exitsOnFault;
        _web = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = folder });
        _web.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // two lines a request cost more than the request
        _host = new LocalHost(args, folder, functions, _web, only, exitsOnFault);
    }

    public IServiceCollection Services => _web.Services;

    public ConfigurationManager Configuration => _web.Configuration;

    IConfigurationManager IHostApplicationBuilder.Configuration => Configuration;

    public ILoggingBuilder Logging => _web.Logging;

    public IMetricsBuilder Metrics => _web.Metrics;

    public IHostEnvironment Environment => _web.Environment;

    public IDictionary<object, object> Properties => ((IHostApplicationBuilder)_web).Properties;

    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
    {
        _middleware.Add(middleware);
        return this;
    }

    public void ConfigureContainer<TContainerBuilder>(IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
        where TContainerBuilder : notnull => ((IHostApplicationBuilder)_web).ConfigureContainer(factory, configure);

    public IHost Build()
    {
        if (_built)
        {
            throw new InvalidOperationException("The application has already been built.");
        }

        _built = true;
        return StartFaults.Say(_exitsOnFault, () => _host.Build(_middleware));
    }
}

public static class FunctionsApplicationBuilderAspNetCoreExtensions
{
    /// <summary>Functions get ASP.NET Core's own HttpRequest and may return IActionResult and IResult. Here that is always so; what is added is MVC's result executors.</summary>
    public static FunctionsApplicationBuilder ConfigureFunctionsWebApplication(this FunctionsApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddMvcCore();
        return builder;
    }
}
