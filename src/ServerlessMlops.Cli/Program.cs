using ServerlessMlops.Cli;
using ServerlessMlops.Cli.Commands;

using var signals = new TerminationSignals();
return await MlopsCommandLine.RunAsync(args, CliContext.OfProcess(), signals.Token);
