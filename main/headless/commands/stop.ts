import { setTimeout as delay } from 'node:timers/promises';
import { openApiClient } from '../api-client.ts';
import { CommandError, exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';

const exitDeadlineMs = 30_000;

export const stopCommand = defineCommand({
  words: ['stop'],
  summary: 'Stop the running node',
  details: 'The task in hand is handed back; what it earned stays claimable. Returns when the process has ended.',
  options: {},
  async run({ dataDirectory, signal, output }) {
    const client = await openApiClient(dataDirectory, signal);
    await client.request('stop', {});
    const deadline = Date.now() + exitDeadlineMs;
    while (isRunning(client.pid)) {
      if (Date.now() > deadline) {
        const sentence = `the node (process ${client.pid}) has stopped working but not ended within ${exitDeadlineMs} ms`;
        throw new CommandError('NODE_UNREACHABLE', sentence, { data: { pid: client.pid } });
      }
      await delay(50, undefined, { signal });
    }
    output.data({ stopped: true, pid: client.pid });
    output.text('The node has stopped.');
    return exitCodes.done;
  },
});

function isRunning(pid: number): boolean {
  try {
    // Signal 0 only asks whether the process is there.
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
