namespace ServerlessMlops.Offline.Tests.Surface;

/// <summary>
/// <c>src/Offline/{double}/surface.txt</c>: every public member of a double, under the place in the published package's source where it was
/// read. Lines that begin with <c>#</c> are remarks; <c>== path</c> names the place for what follows; a type stands at the margin; its members are indented.
/// </summary>
internal sealed class SurfaceChecklist
{
    private readonly Dictionary<string, HashSet<string>> _types = new(StringComparer.Ordinal);

    private SurfaceChecklist()
    {
    }

    public static SurfaceChecklist Read(string file)
    {
        var checklist = new SurfaceChecklist();
        string? place = null;
        HashSet<string>? members = null;
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#'))
            {
                continue;
            }

            if (line.StartsWith("==", StringComparison.Ordinal))
            {
                place = line[2..].Trim();
                place.ShouldNotBeEmpty($"{file}({number}): '==' without the path of the source that the members were read in.");
                continue;
            }

            place.ShouldNotBeNull($"{file}({number}): '{line}' stands before any '== path': where was it read?");
            if (!char.IsWhiteSpace(line[0]))
            {
                checklist._types.ContainsKey(line.Trim()).ShouldBeFalse($"{file}({number}): '{line}' is listed twice.");
                checklist._types[line.Trim()] = members = new HashSet<string>(StringComparer.Ordinal);
                continue;
            }

            members.ShouldNotBeNull($"{file}({number}): the member '{line.Trim()}' stands before any type.").Add(line.Trim());
        }

        return checklist;
    }

    /// <summary>What the surface has and the list has not, in the list's own syntax.</summary>
    public string MissingFrom(IReadOnlyDictionary<string, SortedSet<string>> surface) => string.Concat(
        from type in surface
        let listed = _types.GetValueOrDefault(type.Key)
        let unlisted = type.Value.Where(member => listed is null || !listed.Contains(member)).ToList()
        where listed is null || unlisted.Count > 0
        select $"{type.Key}\n{string.Concat(unlisted.Select(member => $"  {member}\n"))}");

    /// <summary>What the list has and the surface has not.</summary>
    public string NotIn(IReadOnlyDictionary<string, SortedSet<string>> surface) => string.Concat(
        from type in _types
        let shown = surface.GetValueOrDefault(type.Key)
        let gone = type.Value.Where(member => shown is null || !shown.Contains(member)).ToList()
        where shown is null || gone.Count > 0
        select $"{type.Key}\n{string.Concat(gone.Select(member => $"  {member}\n"))}");
}
