using System.Text.RegularExpressions;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary>How the templates fit together: what a compiler would say first, on machines without one.</summary>
public sealed class BicepFileTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Find(), "infra");

    public static TheoryData<string> Templates => [.. Directory.EnumerateFiles(Folder, "*.bicep", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Folder, path)).Order()];

    public static TheoryData<string> ParameterFiles => [.. Directory.EnumerateFiles(Folder, "*.bicepparam").Select(path => Path.GetRelativePath(Folder, path)).Order()];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Parameters_AreDescribedAndUsed(string template)
    {
        BicepFile file = Open(template);
        foreach (BicepParameter parameter in file.Parameters)
        {
            parameter.Description.ShouldNotBeNullOrWhiteSpace($"{template}: {parameter.Name}");
            Uses(file.Text, parameter.Name).ShouldBeGreaterThan(1, $"{template}: parameter '{parameter.Name}' is never used");
        }

        foreach (string variable in file.Variables.Keys)
        {
            Uses(file.Text, variable).ShouldBeGreaterThan(1, $"{template}: variable '{variable}' is never used");
        }
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void Modules_GetWhatTheyDeclare(string template)
    {
        BicepFile file = Open(template);
        foreach (BicepDeclaration module in file.Modules)
        {
            BicepFile called = BicepFile.Open(Path.Combine(Path.GetDirectoryName(file.Path)!, module.Kind));
            string[] given = [.. BicepFile.Properties(BicepFile.Property(module.Body, "params")!).Keys];
            given.ShouldBeSubsetOf(called.Parameters.Select(parameter => parameter.Name), $"{template}: {module.Name}");
            given.ShouldBe(given.Union(called.Parameters.Where(parameter => parameter.Default is null).Select(parameter => parameter.Name)), $"{template}: {module.Name}");
            foreach (string output in OutputsOf(file.Text, module.Name))
            {
                called.Outputs.Keys.ShouldContain(output, $"{template}: {module.Name}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void Resources_AreTaggedWhereTheyBillAndDependOnWhatIsThere(string template)
    {
        BicepFile file = Open(template);
        string[] names = [.. file.Declarations.Select(declaration => declaration.Name)];
        foreach (BicepDeclaration resource in file.Resources)
        {
            if (BicepFile.Property(resource.Body, "location") is not null)
            {
                BicepFile.Property(resource.Body, "tags").ShouldNotBeNull($"{template}: {resource.Name}");
            }

            foreach (string link in (string[])["parent", "scope"])
            {
                if (BicepFile.Property(resource.Body, link) is { } to)
                {
                    names.ShouldContain(to.Split('[')[0], $"{template}: {resource.Name}.{link}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void FilesThatAreLoaded_Exist(string template)
    {
        BicepFile file = Open(template);
        foreach (string loaded in file.Text.Split("loadTextContent('").Skip(1).Select(part => part.Split('\'')[0]))
        {
            File.Exists(Path.Combine(Path.GetDirectoryName(file.Path)!, loaded)).ShouldBeTrue($"{template}: {loaded}");
        }
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void Keys_AreNeverAskedForNorPassedOn(string template)
    {
        string text = Open(template).Text;
        foreach (string leak in (string[])["listKeys", "listAccountSas", "AccountKey=", "SharedAccessSignature", "getSecret(", "@secure"])
        {
            text.ShouldNotContain(leak, Case.Insensitive);
        }
    }

    [Theory]
    [MemberData(nameof(ParameterFiles))]
    public void ParameterFiles_SetWhatIsDeclared(string name)
    {
        BicepFile values = Open(name);
        BicepFile template = Open(values.Using!);
        string[] declared = [.. template.Parameters.Select(parameter => parameter.Name)];
        string[] set = [.. values.Parameters.Select(parameter => parameter.Name)];

        set.ShouldBeSubsetOf(declared);
        set.ShouldBe(set.Union(template.Parameters.Where(parameter => parameter.Default is null).Select(parameter => parameter.Name)));
        set.ShouldBeUnique();
        values.Parameters.ShouldAllBe(parameter => !string.IsNullOrEmpty(parameter.Default));
    }

    [Fact]
    public void Open_WithABracketThatIsNotClosed_SaysWhere()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("mlops-bicep-").FullName, "x.bicep");
        File.WriteAllText(path, "param a string\n\nvar b = {\n  c: [1\n}\n");

        Should.Throw<FormatException>(() => BicepFile.Open(path)).Message.ShouldBe("x.bicep(5): '}' where ']' should close the '[' of line 4");
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    internal static BicepFile Open(string relative) => BicepFile.Open(Path.Combine(Folder, relative));

    private static int Uses(string text, string name) => Regex.Count(text, $@"\b{name}\b");

    private static IEnumerable<string> OutputsOf(string text, string module) =>
        Regex.Matches(text, $@"\b{module}\.\??outputs\.(\w+)").Select(match => match.Groups[1].Value).Distinct();
}
