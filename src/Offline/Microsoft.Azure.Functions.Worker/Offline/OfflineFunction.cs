using System.Linq.Expressions;
using System.Reflection;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>One discovered <c>[Function]</c> method, ready to be called without reflection.</summary>
internal sealed class OfflineFunction
{
    private OfflineFunction(string name, MethodInfo method, ParameterInfo trigger, TriggerBindingAttribute attribute)
    {
        Name = name;
        Method = method;
        TriggerParameter = trigger;
        TriggerAttribute = attribute;
        Parameters = method.GetParameters();
        Call = Compile(method);
    }

    public string Name { get; }

    public MethodInfo Method { get; }

    public ParameterInfo[] Parameters { get; }

    public ParameterInfo TriggerParameter { get; }

    public TriggerBindingAttribute TriggerAttribute { get; }

    /// <summary>Calls the method on an instance (null for a static one) and gives what it returned, still to be awaited.</summary>
    public Func<object?, object?[], object?> Call { get; }

    /// <summary>All functions of the assemblies; throws once, with every fault found.</summary>
    public static IReadOnlyList<OfflineFunction> Discover(IEnumerable<Assembly> assemblies) => Discover(assemblies.SelectMany(a => a.GetTypes()));

    /// <summary>All functions of the types; throws once, with every fault found.</summary>
    public static IReadOnlyList<OfflineFunction> Discover(IEnumerable<Type> types)
    {
        var functions = new List<OfflineFunction>();
        var faults = new List<string>();
        foreach (MethodInfo method in types
                     .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)))
        {
            if (method.GetCustomAttribute<FunctionAttribute>() is not { } function)
            {
                continue;
            }

            string where = $"Function '{function.Name}' ({method.DeclaringType!.FullName}.{method.Name})";
            (ParameterInfo Parameter, TriggerBindingAttribute Attribute)[] triggers =
                [.. method.GetParameters().Select(p => (p, p.GetCustomAttribute<TriggerBindingAttribute>()!)).Where(t => t.Item2 is not null)];
            if (triggers.Length != 1)
            {
                faults.Add($"{where} has {triggers.Length} trigger parameters; expected exactly one.");
            }
            else if (method.ReturnType == typeof(void) && method.GetCustomAttribute<System.Runtime.CompilerServices.AsyncStateMachineAttribute>() is not null)
            {
                faults.Add($"{where} is 'async void'; return Task, so that the runtime knows when it has ended.");
            }
            else if (functions.Any(f => string.Equals(f.Name, function.Name, StringComparison.OrdinalIgnoreCase)))
            {
                faults.Add($"{where} has a name that another function has; names must be unique.");
            }
            else
            {
                functions.Add(new OfflineFunction(function.Name, method, triggers[0].Parameter, triggers[0].Attribute));
            }
        }

        return faults.Count == 0 ? functions : throw new InvalidOperationException("The app has functions that cannot run:" + string.Concat(faults.Select(f => $"\n- {f}")));
    }

    private static Func<object?, object?[], object?> Compile(MethodInfo method)
    {
        ParameterExpression instance = Expression.Parameter(typeof(object));
        ParameterExpression arguments = Expression.Parameter(typeof(object?[]));
        Expression call = Expression.Call(
            method.IsStatic ? null : Expression.Convert(instance, method.DeclaringType!),
            method,
            method.GetParameters().Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
        Expression body = method.ReturnType == typeof(void)
            ? Expression.Block(call, Expression.Constant(null))
            : Expression.Convert(call, typeof(object));
        return Expression.Lambda<Func<object?, object?[], object?>>(body, instance, arguments).Compile();
    }
}
