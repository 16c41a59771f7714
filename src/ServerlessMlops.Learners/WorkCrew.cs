using System.Runtime.ExceptionServices;

namespace ServerlessMlops.Learners;

/// <summary>
/// A few threads that take tasks of one job after another. Growing a tree makes about a hundred jobs of some microseconds each, so helpers spin for a
/// moment between jobs before they sleep, and a job is over when its tasks are done, not when every helper has noticed it.
/// </summary>
internal sealed class WorkCrew : IDisposable
{
    private const int SpinsBeforeSleep = 40;

    private sealed class Job(int tasks, Action<int> body)
    {
        private int _next;
        private int _done;
        private ExceptionDispatchInfo? _failure;

        public bool IsDone => Volatile.Read(ref _done) == tasks;

        public void Work()
        {
            for (int task = Interlocked.Increment(ref _next) - 1; task < tasks; task = Interlocked.Increment(ref _next) - 1)
            {
                try
                {
                    body(task);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
                }

                Interlocked.Increment(ref _done);
            }
        }

        public void ThrowIfFailed() => _failure?.Throw();
    }

    private sealed class Helper : IDisposable
    {
        public readonly SemaphoreSlim Wake = new(0);
        public int Asleep;

        public Thread? Thread { get; set; }

        public void Dispose() => Wake.Dispose();
    }

    private readonly Helper[] _helpers;
    private Job? _current;
    private volatile bool _stopping;

    public WorkCrew(int threads)
    {
        Threads = Math.Max(1, threads);
        _helpers = new Helper[Threads - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            Helper helper = _helpers[i] = new Helper();
            helper.Thread = new Thread(() => Serve(helper)) { IsBackground = true, Name = $"learner-{i + 1}" };
            helper.Thread.Start();
        }
    }

    public int Threads { get; }

    /// <summary>Runs <paramref name="body"/> for 0 ... tasks - 1, on any thread and in any order; returns when all are done.</summary>
    public void Run(int tasks, Action<int> body)
    {
        if (tasks <= 1 || _helpers.Length == 0)
        {
            for (int task = 0; task < tasks; task++)
            {
                body(task);
            }

            return;
        }

        var job = new Job(tasks, body);
        Volatile.Write(ref _current, job);
        Interlocked.MemoryBarrier();
        foreach (Helper helper in _helpers)
        {
            if (Interlocked.Exchange(ref helper.Asleep, 0) == 1)
            {
                helper.Wake.Release();
            }
        }

        job.Work();
        var spin = default(SpinWait);
        while (!job.IsDone)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        job.ThrowIfFailed();
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (Helper helper in _helpers)
        {
            helper.Wake.Release();
        }

        // Only who has seen a helper end may take its semaphore away.
        foreach (Helper helper in _helpers)
        {
            helper.Thread?.Join();
            helper.Dispose();
        }
    }

    private void Serve(Helper helper)
    {
        Job? last = null;
        while (!_stopping)
        {
            Job? job = Volatile.Read(ref _current);
            for (int spins = 0; ReferenceEquals(job, last) && spins < SpinsBeforeSleep && !_stopping; spins++)
            {
                Thread.SpinWait(30);
                job = Volatile.Read(ref _current);
            }

            if (ReferenceEquals(job, last))
            {
                Volatile.Write(ref helper.Asleep, 1);
                Interlocked.MemoryBarrier();
                if (ReferenceEquals(Volatile.Read(ref _current), last) && !_stopping)
                {
                    helper.Wake.Wait();
                }

                Volatile.Write(ref helper.Asleep, 0);
                continue;
            }

            last = job;
            job?.Work();
        }
    }
}
