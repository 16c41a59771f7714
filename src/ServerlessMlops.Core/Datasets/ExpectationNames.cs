using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Datasets;

/// <summary>Names of rules: ours as the spec writes them, and those of Great Expectations, by which other tools know them.</summary>
public static class ExpectationNames
{
    /// <summary>Name of the rule in the spec, such as <c>between</c>.</summary>
    public static string Rule(Expectation expectation) => Both(expectation).Rule;

    /// <summary>Great Expectations' name of the rule, such as <c>expect_column_values_to_be_between</c>.</summary>
    public static string GreatExpectations(Expectation expectation) => Both(expectation).Known;

    private static (string Rule, string Known) Both(Expectation e) => e switch
    {
        { Between: not null } => ("between", "expect_column_values_to_be_between"),
        { In: not null } => ("in", "expect_column_values_to_be_in_set"),
        { NotIn: not null } => ("notIn", "expect_column_values_to_not_be_in_set"),
        { Matches: not null } => ("matches", "expect_column_values_to_match_regex"),
        { NotNull: true } => ("notNull", "expect_column_values_to_not_be_null"),

        // There: A greater than or equal to B, where A is the other column.
        { AtMostColumn: not null } => ("atMostColumn", "expect_column_pair_values_a_to_be_greater_than_b"),
        { Unique: true } => ("unique", "expect_column_values_to_be_unique"),
        { Increasing: true } => ("increasing", "expect_column_values_to_be_increasing"),
        { MaxNullShare: not null } => ("maxNullShare", "expect_column_values_to_not_be_null"),
        { Freshness: not null } => ("freshness", "expect_column_max_to_be_between"),
        { Rows: not null } => ("rows", "expect_table_row_count_to_be_between"),
        _ => throw new ArgumentException("The expectation has no rule; specs with such are not accepted.", nameof(e)),
    };
}
