using System.Reflection;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

[Collection(TablesCollection.Name)]
public sealed class LimitTests(AzuriteFixture azurite)
{
    /// <summary>The emulator lets these pass, so that only the double, or Azure, can refuse them.</summary>
    private static bool IsDouble =>
        typeof(LimitTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "AzurePackages").Value == "offline";

    [Fact]
    public async Task AddEntityAsync_LargestTextAndBytes_ComeBackWhole()
    {
        var table = await azurite.CreateTableAsync();
        var text = new string('ü', 32 * 1024);
        var bytes = Enumerable.Range(0, 64 * 1024).Select(i => (byte)(i * 31)).ToArray();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["Text"] = text, ["Bytes"] = bytes });

        TableEntity entity = await table.GetEntityAsync<TableEntity>("p", "r");

        entity.GetString("Text").ShouldBe(text);
        entity.GetBinary("Bytes").ShouldBe(bytes);
    }

    [Fact]
    public async Task AddEntityAsync_TextOrBytesTooLarge_Is400PropertyValueTooLarge()
    {
        var table = await azurite.CreateTableAsync();
        await RefusedAsync(() => table.AddEntityAsync(new TableEntity("p", "r") { ["Text"] = new string('x', (32 * 1024) + 1) }), TableErrorCode.PropertyValueTooLarge);
        await RefusedAsync(() => table.UpsertEntityAsync(new TableEntity("p", "r") { ["Bytes"] = new byte[(64 * 1024) + 1] }), TableErrorCode.PropertyValueTooLarge);
    }

    [Fact]
    public async Task UpsertEntityAsync_NearlyOneMebibyte_FitsAndMoreDoesNot()
    {
        var table = await azurite.CreateTableAsync();
        var fits = new TableEntity("p", "fits");
        foreach (var part in Enumerable.Range(0, 15))
        {
            // A character takes two bytes in the service's count, so this is 15 times 64 KiB.
            fits[$"Part{part}"] = new string((char)('a' + part), 32 * 1024);
        }

        await table.UpsertEntityAsync(fits);
        (await table.GetEntityAsync<TableEntity>("p", "fits")).Value.GetString("Part14").ShouldBe(new string('o', 32 * 1024));

        await RefusedAsync(() => table.UpsertEntityAsync(Large("large", 17)), TableErrorCode.EntityTooLarge);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a\tb")]
    [InlineData("a\u007fb")]
    public async Task AddEntityAsync_ForbiddenCharacterInKey_Is400(string key)
    {
        var table = await azurite.CreateTableAsync();
        (await Should.ThrowAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", key)))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task SubmitTransactionAsync_OneRowTooLarge_NamesIt()
    {
        var table = await azurite.CreateTableAsync();
        var failure = await Should.ThrowAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.Add, new TableEntity("p", "a")),
            new(TableTransactionActionType.Add, new TableEntity("p", "b") { ["Text"] = new string('x', 40_000) }),
        ]));

        (failure.Status, failure.ErrorCode, failure.FailedTransactionActionIndex).ShouldBe((400, TableErrorCode.PropertyValueTooLarge.ToString(), 1));
    }

    [Fact]
    public async Task SubmitTransactionAsync_SameRowTwice_Is400InvalidDuplicateRow()
    {
        var table = await azurite.CreateTableAsync();
        await RefusedAsync(
            () => table.SubmitTransactionAsync([.. Enumerable.Repeat(new TableTransactionAction(TableTransactionActionType.UpsertMerge, new TableEntity("p", "r")), 2)]),
            TableErrorCode.InvalidDuplicateRow);
    }

    [Fact]
    public async Task SubmitTransactionAsync_MoreThanFourMebibytes_Is413()
    {
        var table = await azurite.CreateTableAsync();
        var actions = Enumerable.Range(0, 70)
            .Select(number => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", $"{number}") { ["Bytes"] = new byte[64 * 1024] }));
        (await Should.ThrowAsync<RequestFailedException>(() => table.SubmitTransactionAsync(actions))).Status.ShouldBe(413);
    }

    [Fact]
    public async Task WhatAzuriteLetsPass_IsRefusedAsAzureDoes()
    {
        if (!IsDouble)
        {
            return;
        }

        var table = await azurite.CreateTableAsync();
        var many = new TableEntity("p", "r");
        foreach (var number in Enumerable.Range(0, 253))
        {
            many[$"P{number}"] = number;
        }

        await RefusedAsync(() => table.AddEntityAsync(many), TableErrorCode.TooManyProperties);
        await RefusedAsync(() => table.AddEntityAsync(Large("r", 17)), TableErrorCode.EntityTooLarge);
        await RefusedAsync(() => table.AddEntityAsync(new TableEntity("p", "r") { ["a-b"] = 1 }), TableErrorCode.PropertyNameInvalid);
        await RefusedAsync(() => table.AddEntityAsync(new TableEntity("p", "r") { [new string('n', 256)] = 1 }), TableErrorCode.PropertyNameTooLong);
        await RefusedAsync(() => table.AddEntityAsync(new TableEntity("p", "r") { ["D"] = DateTimeOffset.MinValue }), TableErrorCode.OutOfRangeInput);
        await RefusedAsync(
            () => table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Add, new TableEntity("a", "1")),
                new(TableTransactionActionType.Add, new TableEntity("b", "1")),
            ]),
            TableErrorCode.CommandsInBatchActOnDifferentPartitions);
        (await table.QueryAsync<TableEntity>().ToListAsync()).ShouldBeEmpty();
    }

    private static TableEntity Large(string row, int parts)
    {
        var entity = new TableEntity("p", row);
        foreach (var part in Enumerable.Range(0, parts))
        {
            entity[$"Part{part}"] = new byte[64 * 1024];
        }

        return entity;
    }

    private static async Task RefusedAsync(Func<Task> action, TableErrorCode code)
    {
        var failure = await Should.ThrowAsync<RequestFailedException>(action);
        (failure.Status, failure.ErrorCode).ShouldBe((400, code.ToString()));
    }
}
