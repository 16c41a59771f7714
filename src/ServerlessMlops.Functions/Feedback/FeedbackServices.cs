using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Functions.Labelling;
using ServerlessMlops.Storage.Feedback;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>Wires labels.</summary>
public static class FeedbackServices
{
    /// <summary>Adds the stores of labels and outcomes, and what rollouts read of them.</summary>
    public static IServiceCollection AddFeedback(this IServiceCollection services)
    {
        services.TryAddSingleton<ILabelStore, LabelsContainer>();
        services.TryAddSingleton<IOutcomeStore, OutcomesStore>();
        services.TryAddSingleton<ILabelledExports, LabelledExportsStore>();
        services.TryAddSingleton<LabelledExporter>();
        services.TryAddSingleton<ILabelRequestStore, LabelRequestsContainer>();
        services.TryAddSingleton<UnlabelledRows>();
        services.TryAddSingleton<LabelRequests>();
        return services.AddSingleton<IOutcomeReader, OutcomeReader>();
    }
}
