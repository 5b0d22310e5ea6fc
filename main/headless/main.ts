/** The entry of `hearth`: a process around {@link runCli}. */
import { commands } from './commands/index.ts';
import { runCli } from './run-cli.ts';

const interrupted = new AbortController();
let signalCount = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signalCount++;
    // The second signal is for a command that does not listen to the first.
    if (signalCount > 1) process.exit(130);
    interrupted.abort(new DOMException(`stopped by ${signal}`, 'AbortError'));
  });
}
// Started with a channel, as by the demo, a node goes with its parent however that one ended.
process.once('disconnect', () => interrupted.abort(new DOMException('its parent process is gone', 'AbortError')));
process.channel?.unref();
// `hearth ... | head` closes the pipe: that is the reader's choice, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await runCli(process.argv.slice(2), {
  commands,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});
process.exitCode = exitCode;
// A handle that a library left open must not keep a finished command alive; stdout is given the time to drain.
setTimeout(() => process.exit(exitCode), 2_000).unref();
