namespace ServerlessMlops.Learners.MlNet;

public static partial class MlNetTrainers
{
    static partial void AddMicrosoftML(Dictionary<string, MlNetTrainer> trainers)
    {
        trainers[FastTree] = FastTreeTrainer.Train;
        trainers[Sdca] = SdcaTrainer.Train;
    }
}
