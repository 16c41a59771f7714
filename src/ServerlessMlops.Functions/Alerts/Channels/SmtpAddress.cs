using System.Net.Mail;
using Microsoft.AspNetCore.WebUtilities;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>A mail server and who writes to whom, read from one setting.</summary>
/// <param name="Host">The server.</param>
/// <param name="Port">Its port; 587 by default.</param>
/// <param name="Secure">Whether STARTTLS is required.</param>
/// <param name="User">Who signs in, or null.</param>
/// <param name="From">The sender.</param>
/// <param name="To">The recipients.</param>
internal sealed record SmtpAddress(string Host, int Port, bool Secure, string? User, MailAddress From, IReadOnlyList<MailAddress> To)
{
    private const int MaxRecipients = 50;

    /// <summary>What is wrong with the setting, or null.</summary>
    public static string? Parse(string text, bool allowLoopback, out SmtpAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("smtps" or "smtp"))
        {
            return "the address is not of the form smtps://user@host:587/?from=a@x&to=b@y";
        }

        if (uri.Scheme == "smtp" && !(allowLoopback && uri.IsLoopback))
        {
            return "the scheme is smtp; expected smtps (smtp only to this machine, with Alerts:AllowLoopback=true)";
        }

        var query = QueryHelpers.ParseQuery(uri.Query);
        if (!MailAddress.TryCreate(query.GetValueOrDefault("from").ToString(), out MailAddress? from))
        {
            return "the address has no valid sender (from=)";
        }

        var to = new List<MailAddress>();
        foreach (string part in query.GetValueOrDefault("to").ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!MailAddress.TryCreate(part, out MailAddress? recipient))
            {
                return "the address has a recipient (to=) that is no mail address";
            }

            to.Add(recipient);
        }

        if (to.Count is 0 or > MaxRecipients)
        {
            return $"the address has {to.Count} recipients (to=); expected 1 to {MaxRecipients}";
        }

        address = new SmtpAddress(uri.Host, uri.IsDefaultPort || uri.Port < 0 ? 587 : uri.Port, uri.Scheme == "smtps", uri.UserInfo.Length > 0 ? Uri.UnescapeDataString(uri.UserInfo) : null, from, to);
        return null;
    }
}
