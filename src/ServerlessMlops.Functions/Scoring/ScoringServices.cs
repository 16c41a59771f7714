using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Scoring.Bulk;
using ServerlessMlops.Storage.Predictions;
using ServerlessMlops.Storage.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Wires scoring.</summary>
public static class ScoringServices
{
    /// <summary>
    /// Adds scoring and its prediction log. Needs the model registry, the model store and the storage
    /// account's blob client from elsewhere.
    /// </summary>
    public static IServiceCollection AddScoring(this IServiceCollection services)
    {
        services.AddOptions<ScoringOptions>().BindConfiguration(ScoringOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ScoringOptions>, ScoringOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => InstanceName.Create());
        services.TryAddSingleton(provider => new WindowCounters(provider.GetRequiredService<InstanceName>().Value));
        services.TryAddSingleton<IPredictionStore, PredictionsContainer>();
        services.TryAddSingleton<IPredictionRetention, PredictionsContainer>();
        services.AddOptions<BulkOptions>().BindConfiguration(BulkOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<IBulkStore, ScoringContainer>();
        services.TryAddSingleton<PredictorReader>(OnnxPredictor.Read);
        return services
            .AddSingleton<ModelLoader>()
            .AddSingleton<ModelCache>()
            .AddSingleton<ShadowScorer>()
            .AddHostedService(provider => provider.GetRequiredService<ShadowScorer>())
            .AddSingleton<ScoringStream>()
            .AddSingleton<ScoringEndpoint>()
            .AddSingleton<PredictionLookup>()
            .AddSingleton<PredictionLog>()
            .AddHostedService(provider => provider.GetRequiredService<PredictionLog>());
    }
}
