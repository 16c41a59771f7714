namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>A part of a card, of a model or a pipeline, as a person reads it; written as Markdown by <see cref="CardMarkdown"/>, as HTML by <see cref="CardHtml"/>.</summary>
public abstract record CardBlock;

/// <summary>The heading of a section.</summary>
/// <param name="Text">The heading.</param>
public sealed record CardHeading(string Text) : CardBlock;

/// <summary>A paragraph.</summary>
/// <param name="Text">Plain text.</param>
public sealed record CardParagraph(string Text) : CardBlock;

/// <summary>Something to run, as it is typed.</summary>
/// <param name="Text">The lines.</param>
public sealed record CardCode(string Text) : CardBlock;

/// <summary>How a cell of a table is meant.</summary>
public enum CardTone
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>Good news.</summary>
    Good,

    /// <summary>Bad news.</summary>
    Bad,

    /// <summary>Neither, for want of evidence.</summary>
    Unsure,

    /// <summary>An id, shown in a fixed-width face.</summary>
    Id,
}

/// <summary>A cell of a table.</summary>
/// <param name="Text">Plain text.</param>
/// <param name="Tone">How it is meant.</param>
/// <param name="Share">A share from 0 to 1 that a bar shows, or null.</param>
/// <param name="Shape">Heights of a small chart, or null; Markdown leaves it out.</param>
/// <param name="Path">The page that it leads to, as a path in the app (<see cref="PagePaths"/>), or null; Markdown leaves it out.</param>
public sealed record CardCell(string Text, CardTone Tone = CardTone.Plain, double? Share = null, IReadOnlyList<double>? Shape = null, string? Path = null)
{
    /// <summary>A plain cell.</summary>
    public static implicit operator CardCell(string text) => new(text);
}

/// <summary>A table.</summary>
/// <param name="Columns">Column titles.</param>
/// <param name="Rows">Rows, each with a cell per column.</param>
public sealed record CardTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<CardCell>> Rows) : CardBlock;

/// <summary>A way to another page.</summary>
/// <param name="Text">What it is called.</param>
/// <param name="Path">Its path in the app (<see cref="PagePaths"/>).</param>
public sealed record CardLink(string Text, string Path);

/// <summary>Ways to other pages; Markdown leaves them out.</summary>
/// <param name="Links">In order.</param>
public sealed record CardLinks(IReadOnlyList<CardLink> Links) : CardBlock;

/// <summary>A page for people: of a model (<see cref="CardContent"/>), of a pipeline (<see cref="PipelineOverview"/>), of a run (<see cref="RunPage"/>) or a list (<see cref="ListPages"/>).</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Badges">A few words about how it stands: a stage, aliases.</param>
/// <param name="Summary">The first thing to read.</param>
/// <param name="Blocks">The rest, in order.</param>
public sealed record CardDocument(string Title, IReadOnlyList<CardCell> Badges, string Summary, IReadOnlyList<CardBlock> Blocks)
{
    /// <summary>Ways to the pages beside it.</summary>
    public IReadOnlyList<CardLink> Ways { get; init; } = [];
}
