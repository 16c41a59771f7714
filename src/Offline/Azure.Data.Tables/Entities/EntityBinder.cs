using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text.Json;

namespace Azure.Data.Tables.Entities;

/// <summary>
/// What the columns of a typed entity are: its public properties and fields, under their own names or those of <c>DataMember</c>, without
/// those marked <c>IgnoreDataMember</c>. Only public getters and setters count: a property without a public setter is written and never set.
/// The keys of a type that implements <see cref="ITableEntity"/> explicitly are reached through the interface.
/// </summary>
internal sealed class EntityBinder
{
    private static readonly ConcurrentDictionary<Type, EntityBinder> Binders = new();

    private readonly Func<object> _create;
    private readonly Member[] _members;

    private EntityBinder(Type type)
    {
        _create = () => Activator.CreateInstance(type);
        var own = type.GetMembers(BindingFlags.Public | BindingFlags.Instance);
        var hidden = typeof(ITableEntity).GetProperties().Where(property => own.All(member => member.Name != property.Name));
        _members = own.Concat(hidden)
            .Where(member => !member.IsDefined(typeof(IgnoreDataMemberAttribute)))
            .Where(member => member is FieldInfo || (member is PropertyInfo property && property.GetIndexParameters().Length == 0))
            .Select(member => new Member(member))
            .ToArray();
    }

    public static EntityBinder Of(Type type) => Binders.GetOrAdd(type, static key => new EntityBinder(key));

    public void Write(Utf8JsonWriter writer, object entity, ServiceLimits limits)
    {
        foreach (var member in _members)
        {
            if (member.Get is null || member.Name is PropertyNames.ETag or PropertyNames.Timestamp)
            {
                continue;
            }

            var value = member.Get(entity);
            EntityWriter.WriteProperty(writer, member.Name, value is Enum ? value.ToString() : value, limits);
        }
    }

    /// <param name="properties">The row as it came, annotations included.</param>
    public object Read(Dictionary<string, object> properties)
    {
        var entity = _create();
        foreach (var member in _members)
        {
            var column = member.Name == PropertyNames.ETag ? PropertyNames.ODataETag : member.Name;
            if (member.Set is not null && properties.TryGetValue(column, out var raw))
            {
                member.Set(entity, ColumnConversion.Convert(raw, member.Type));
            }
        }

        return entity;
    }

    private sealed class Member
    {
        public Member(MemberInfo member)
        {
            Name = member.GetCustomAttribute<DataMemberAttribute>()?.Name ?? member.Name;
            var property = member as PropertyInfo;
            var field = member as FieldInfo;
            Type = property?.PropertyType ?? field.FieldType;

            var target = Expression.Parameter(typeof(object), "target");
            var access = Expression.MakeMemberAccess(Expression.Convert(target, member.DeclaringType), member);
            if (property is null || property.GetMethod is { IsPublic: true })
            {
                Get = Expression.Lambda<Func<object, object>>(Expression.Convert(access, typeof(object)), target).Compile();
            }

            if (property is null ? !field.IsInitOnly : property.SetMethod is { IsPublic: true })
            {
                var value = Expression.Parameter(typeof(object), "value");
                Set = Expression.Lambda<Action<object, object>>(Expression.Assign(access, Expression.Convert(value, Type)), target, value).Compile();
            }
        }

        public string Name { get; }

        public Type Type { get; }

        public Func<object, object> Get { get; }

        public Action<object, object> Set { get; }
    }
}
