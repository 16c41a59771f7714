using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Functions.Training;

FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services
    .AddMlopsStorage(builder.Configuration)
    .AddSingleton(HostingOptions.From(builder.Configuration))
    .AddSingleton<SpecReader>()
    .AddSingleton<UploadReconciler>()
    .AddSingleton<TrainingRequests>()
    .AddSingleton<TrainingDataReader>()
    .AddSingleton<RunEnds>()
    .AddScoring()
    .AddMonitoring()
    .AddAlerts();
builder.Build().Run();
