namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

/// <summary>Base of every attribute that binds a parameter.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.ReturnValue)]
public abstract class BindingAttribute : Attribute;

/// <summary>Base of the attributes that say what triggers a function.</summary>
public abstract class TriggerBindingAttribute : BindingAttribute;

/// <summary>Base of the attributes that give a function an input.</summary>
public abstract class InputBindingAttribute : BindingAttribute;
