using System.ComponentModel.DataAnnotations;

namespace ServerlessMlops.Functions.Training;

/// <summary>Settings of trainings, section <c>Training</c>.</summary>
public sealed class TrainingOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Training";

    /// <summary>Most candidates and trials of one run under way at a time, over all instances of the app. Default 8; 1 to 64.</summary>
    [Range(1, 64)]
    public int AtOnce { get; set; } = 8;

    /// <summary>Threads of one training; 0 (the default) leaves one processor to scoring, which shares the process. 0 to 256. Changes no model.</summary>
    [Range(0, 256)]
    public int Threads { get; set; }

    /// <summary>The threads of a training on this machine.</summary>
    public int ThreadsHere => Threads > 0 ? Threads : Math.Max(1, Environment.ProcessorCount - 1);
}
