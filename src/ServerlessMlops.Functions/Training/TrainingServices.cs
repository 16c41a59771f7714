using Microsoft.Extensions.DependencyInjection;

namespace ServerlessMlops.Functions.Training;

/// <summary>Wires trainings.</summary>
public static class TrainingServices
{
    /// <summary>Adds what trainings share. Needs storage, specs and runs from elsewhere.</summary>
    public static IServiceCollection AddTraining(this IServiceCollection services)
    {
        services.AddOptions<TrainingOptions>().BindConfiguration(TrainingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<TrainingRequests>().AddSingleton<RetrainGuard>().AddSingleton<TrainingDataReader>().AddSingleton<TrainingSlot>();
    }
}
