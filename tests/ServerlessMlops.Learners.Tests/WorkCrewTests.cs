namespace ServerlessMlops.Learners.Tests;

public class WorkCrewTests
{
    [Fact]
    public void Dispose_WhileHelpersFallAsleep_NeverFails()
    {
        for (int i = 0; i < 2000; i++)
        {
            using var crew = new WorkCrew(3);
            if (i % 2 == 0)
            {
                crew.Run(4, _ => { });
            }

            Thread.SpinWait(i % 50 * 100);
        }
    }

    [Fact]
    public void Run_TaskThatThrows_ThrowsItToTheCaller()
    {
        using var crew = new WorkCrew(2);
        Should.Throw<InvalidOperationException>(() => crew.Run(8, task => throw new InvalidOperationException($"{task}")));
    }
}
