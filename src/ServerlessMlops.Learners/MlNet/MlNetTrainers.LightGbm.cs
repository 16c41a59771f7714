namespace ServerlessMlops.Learners.MlNet;

public static partial class MlNetTrainers
{
    static partial void AddLightGbm(Dictionary<string, MlNetTrainer> trainers) => trainers[LightGbm] = LightGbmTrainer.Train;
}
