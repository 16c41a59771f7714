using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using Azure.Data.Tables.Models;

namespace Azure.Data.Tables.Filters;

/// <summary>
/// Translates a predicate into the service's filter language: comparisons, <c>and</c>, <c>or</c>, <c>not</c>, properties and the columns of a
/// <see cref="TableEntity"/>, <c>Equals</c>, and <c>Compare</c>/<c>CompareTo</c> against zero, without a <see cref="StringComparison"/>, since
/// the service has one comparison only. Operands that are themselves operations are put in parentheses; a property that stands as a condition
/// by itself is compared with true. What the package would turn into a filter that the service rejects is refused here.
/// </summary>
internal sealed class ExpressionFilter
{
    private static readonly HashSet<string> Accessors =
    [
        nameof(TableEntity.GetBinary), nameof(TableEntity.GetBinaryData), nameof(TableEntity.GetBoolean), nameof(TableEntity.GetDateTime),
        nameof(TableEntity.GetDouble), nameof(TableEntity.GetGuid), nameof(TableEntity.GetInt32), nameof(TableEntity.GetInt64), nameof(TableEntity.GetString),
    ];

    private readonly StringBuilder _filter = new();

    /// <returns>The filter, or null when it is constantly true.</returns>
    /// <exception cref="NotSupportedException">The predicate holds something that has no translation.</exception>
    public static string Create(LambdaExpression predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        var writer = new ExpressionFilter();
        writer.Write(Condition(LocalEvaluation.Apply(predicate.Body)));
        var text = writer._filter.ToString();
        return text == "true" ? null : text;
    }

    private void Write(Expression expression)
    {
        switch (expression)
        {
            case ConstantExpression constant:
                _filter.Append(FilterLiteral.Of(constant.Value));
                break;
            case BinaryExpression binary when CompareCall(binary) is var (left, right):
                WriteBinary(left, binary.NodeType, right);
                break;
            case BinaryExpression binary:
                WriteBinary(binary.Left, binary.NodeType, binary.Right);
                break;
            case UnaryExpression { NodeType: ExpressionType.Not } not:
                _filter.Append("not ");
                WriteOperand(Condition(not.Operand));
                break;
            case UnaryExpression { NodeType: ExpressionType.TypeAs } cast:
                Write(cast.Operand);
                break;
            case MethodCallExpression call when EqualsCall(call) is var (left, right):
                WriteBinary(left, ExpressionType.Equal, right);
                break;
            case MethodCallExpression call when ColumnCall(call) is { } column:
                _filter.Append(column);
                break;
            case MemberExpression member:
                WriteMember(member);
                break;
            default:
                throw NotSupported(expression);
        }
    }

    private void WriteBinary(Expression left, ExpressionType type, Expression right)
    {
        var operation = type switch
        {
            ExpressionType.AndAlso or ExpressionType.And => "and",
            ExpressionType.OrElse or ExpressionType.Or => "or",
            ExpressionType.Equal => "eq",
            ExpressionType.NotEqual => "ne",
            ExpressionType.LessThan => "lt",
            ExpressionType.LessThanOrEqual => "le",
            ExpressionType.GreaterThan => "gt",
            ExpressionType.GreaterThanOrEqual => "ge",
            _ => throw new NotSupportedException($"The operator '{type}' has no translation into a table filter."),
        };
        Func<Expression, Expression> prepared = operation is "and" or "or" ? Condition : WithoutCast;
        left = prepared(left);
        right = prepared(right);

        WriteOperand(left);
        _filter.Append(' ').Append(operation).Append(' ');
        WriteOperand(right);
    }

    private void WriteOperand(Expression operand)
    {
        var isOperation = operand is BinaryExpression or UnaryExpression { NodeType: not ExpressionType.TypeAs }
            || (operand is MethodCallExpression call && EqualsCall(call) is not null);
        if (isOperation)
        {
            _filter.Append('(');
        }

        Write(operand);
        if (isOperation)
        {
            _filter.Append(')');
        }
    }

    private void WriteMember(MemberExpression member)
    {
        if (member.Member is { Name: "Value" } && Nullable.GetUnderlyingType(member.Member.DeclaringType) is not null)
        {
            Write(member.Expression);
            return;
        }

        if (member.Member is not PropertyInfo property)
        {
            throw new NotSupportedException($"A table filter cannot refer to the public field '{member.Member.Name}': make it a property.");
        }

        if (!IsEntity(member.Expression))
        {
            throw NotSupported(member);
        }

        _filter.Append(property.DeclaringType == typeof(TableItem) && property.Name == nameof(TableItem.Name)
            ? "TableName"
            : property.GetCustomAttribute<DataMemberAttribute>()?.Name ?? property.Name);
    }

    /// <summary>A property or column that is not compared with anything is compared with true.</summary>
    private static Expression Condition(Expression expression)
    {
        var column = WithoutCast(expression);
        return column is MemberExpression || (column is MethodCallExpression call && ColumnCall(call) is not null)
            ? Expression.Equal(Expression.Convert(column, typeof(bool)), Expression.Constant(true))
            : expression;
    }

    /// <summary><c>a.CompareTo(b) op 0</c> and <c>Type.Compare(a, b) op 0</c>.</summary>
    private static (Expression Left, Expression Right)? CompareCall(BinaryExpression binary) =>
        binary is { Left: MethodCallExpression { Method.Name: "CompareTo" or "Compare" } call, Right: ConstantExpression { Value: 0 } }
            ? Pair(call)
            : null;

    private static (Expression Left, Expression Right)? EqualsCall(MethodCallExpression call) => call.Method.Name == "Equals" ? Pair(call) : null;

    private static (Expression Left, Expression Right)? Pair(MethodCallExpression call) => call switch
    {
        { Method.IsStatic: false, Arguments: [var other] } => (call.Object, other),
        { Method.IsStatic: true, Arguments: [var left, var right] } => (left, right),
        _ => null,
    };

    /// <summary><c>entity["x"]</c>, <c>entity.GetString("x")</c> and their like, of which the package forgot <c>GetDateTimeOffset</c>.</summary>
    private static string ColumnCall(MethodCallExpression call) =>
        call is { Method.IsStatic: false, Arguments: [ConstantExpression { Value: string column }] }
        && IsEntity(call.Object)
        && (call.Method.Name == "get_Item" || (call.Method.DeclaringType == typeof(TableEntity) && Accessors.Contains(call.Method.Name)))
            ? column
            : null;

    private static bool IsEntity(Expression expression) =>
        expression is ParameterExpression
        || (expression is UnaryExpression { NodeType: ExpressionType.Convert or ExpressionType.TypeAs } cast && IsEntity(cast.Operand));

    /// <summary>Without casts that leave the value what it is: to and from object, and to and from nullable.</summary>
    private static Expression WithoutCast(Expression expression)
    {
        while (expression is UnaryExpression { NodeType: ExpressionType.Convert } cast && KeepsValue(cast.Operand.Type, cast.Type))
        {
            expression = cast.Operand;
        }

        return expression;
    }

    private static bool KeepsValue(Type from, Type to) =>
        from == typeof(object) || to == typeof(object) || (Nullable.GetUnderlyingType(from) ?? from) == (Nullable.GetUnderlyingType(to) ?? to);

    private static NotSupportedException NotSupported(Expression expression) => new(
        $"The expression {expression} has no translation into a table filter. Compare properties with values of their own type, " +
        "and convert the value, not the property; there are no string functions and no enumerations.");
}
