using System.Linq.Expressions;

namespace Azure.Data.Tables.Filters;

/// <summary>
/// Replaces the largest parts of an expression that do not touch the entity (captured variables, constants, calls on them) by their values.
/// </summary>
internal sealed class LocalEvaluation : ExpressionVisitor
{
    private readonly HashSet<Expression> _local;

    private LocalEvaluation(HashSet<Expression> local) => _local = local;

    public static Expression Apply(Expression expression)
    {
        var finder = new Finder();
        finder.Visit(expression);
        return new LocalEvaluation(finder.Local).Visit(expression);
    }

    public override Expression Visit(Expression node)
    {
        if (node is null or ConstantExpression || !_local.Contains(node))
        {
            return base.Visit(node);
        }

        var value = Expression.Lambda<Func<object>>(Expression.Convert(node, typeof(object))).Compile(preferInterpretation: true)();
        return Expression.Constant(value, node.Type);
    }

    /// <summary>Bottom up: a node is local when everything below it is, and it is neither the entity nor a lambda.</summary>
    private sealed class Finder : ExpressionVisitor
    {
        private bool _touchesEntity;

        public HashSet<Expression> Local { get; } = new(ReferenceEqualityComparer.Instance);

        public override Expression Visit(Expression node)
        {
            if (node is null)
            {
                return null;
            }

            var outer = _touchesEntity;
            _touchesEntity = false;
            base.Visit(node);
            _touchesEntity |= node.NodeType is ExpressionType.Parameter or ExpressionType.Lambda;
            if (!_touchesEntity)
            {
                Local.Add(node);
            }

            _touchesEntity |= outer;
            return node;
        }
    }
}
