using Azure.Data.Tables;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ServerlessMlops.Offline.App;

FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services.AddSingleton(new TableServiceClient(builder.Configuration["AzureWebJobsStorage"]));
builder.Services.AddSingleton<Calls>();
builder.Services.AddScoped<Scoped>();
builder.UseMiddleware<Outer>();
builder.UseWhen<Inner>(context => context.FunctionDefinition.Name.StartsWith("Middle", StringComparison.Ordinal));
builder.Build().Run();
