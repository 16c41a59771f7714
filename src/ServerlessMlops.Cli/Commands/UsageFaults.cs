using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Cli.Commands;

/// <summary>What is wrong with a command line, in words for the person who typed it.</summary>
internal static partial class UsageFaults
{
    /// <summary>The faults; none where there are none.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && command.Action is null && parsed.Errors.Count > 0)
        {
            IEnumerable<string> verbs = command.Subcommands.Select(c => c.Name);
            string known = $"{(command is RootCommand ? "commands" : $"commands of '{PathOf(parsed)}'")} are {string.Join(", ", verbs)}.";
            return parsed.UnmatchedTokens is [{ } typed, ..] && !typed.StartsWith('-')
                ? [$"there is no command '{typed}'; {known}{Spelling.DidYouMean(typed, verbs)}"]
                : [$"a command is missing; {known}", .. parsed.UnmatchedTokens.Select(token => $"'{token}' is not known here.")];
        }

        return [.. parsed.Errors.Select(error => NotANumber().Replace(error.Message, "'$1' is given for $2; expected a whole number."))];
    }

    /// <summary>The command with those above it, as it is typed.</summary>
    public static string PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: not RootCommand } command; result = command.Parent)
        {
            names.Push(command.Command.Name);
        }

        return string.Join(' ', names.Prepend("mlops"));
    }

    // The parser names .NET's types.
    [GeneratedRegex(@"^Cannot parse argument '(.*)' for (?:command|option) '(.*)' as expected type '.*Int32.*$")]
    private static partial Regex NotANumber();
}
