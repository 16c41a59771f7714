using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;

namespace ServerlessMlops.Offline.Tests.Durable;

public sealed class InstanceSessionTests
{
    [Fact]
    public void Load_AfterAYoungerMessageWasPosted_PutsTheOlderOnesFirst()
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var state = new InstanceState { InstanceId = "i", Name = "n", ExecutionId = "e", IncarnatedAt = start };
        InboxMessage Message(int second) => new(RowKeys.Inbox(start.AddSeconds(second), "x"), new EventRaised($"{second}", null, null));
        var session = new InstanceSession("i");
        session.TryPost(new MailboxItem(Message(3).Event, null, Message(3).Key), rereadInbox: false, out _);

        session.Load(new InstanceSnapshot(state, [], [Message(1), Message(2), Message(3)], [], [], []));

        session.Take(10).Select(item => ((EventRaised)item.Event).Name).ShouldBe(["1", "2", "3"]);
    }
}
