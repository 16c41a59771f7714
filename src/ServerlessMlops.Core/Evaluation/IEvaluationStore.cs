namespace ServerlessMlops.Core.Evaluation;

/// <summary>Where evaluations are kept: by run, of rejected models too, and beside each registered model. Nothing is overwritten.</summary>
public interface IEvaluationStore
{
    /// <summary>Keeps the evaluation of a run; what stands stays.</summary>
    Task SaveRunAsync(string pipeline, string runId, EvaluationReport report, CancellationToken cancellation);

    /// <summary>Keeps the evaluation beside a version; what stands stays.</summary>
    Task SaveVersionAsync(string pipeline, int version, EvaluationReport report, CancellationToken cancellation);

    /// <summary>The evaluation of a run, or null.</summary>
    Task<EvaluationReport?> LoadRunAsync(string pipeline, string runId, CancellationToken cancellation);

    /// <summary>The evaluation by which a version was registered, or null.</summary>
    Task<EvaluationReport?> LoadVersionAsync(string pipeline, int version, CancellationToken cancellation);
}
