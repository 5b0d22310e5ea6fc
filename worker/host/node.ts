/**
 * The GPU worker as a child process on Dawn. Forked with an IPC channel of 'advanced' serialization and
 * `--import worker/host/raw-modules.mjs`; the only argument is the data folder, where a software adapter is unpacked. It
 * opens no sockets, holds no keys, and ends with its parent.
 */
import webgpu from 'webgpu/package.json' with { type: 'json' };
import { openDawnDevice } from './dawn.ts';
import { openNodeSource } from './file-source.ts';
import { createWorkerService } from './service.ts';
import type { WorkerOutbound } from '../messages.ts';

const dataDirectory = process.argv[2];
if (dataDirectory === undefined || process.send === undefined) {
  console.error('worker/host/node.ts runs as a child process: it needs a data folder and an IPC channel.');
  process.exit(2);
}

function post(message: WorkerOutbound): void {
  // The callback takes the error of a channel that closed meanwhile; the disconnect below ends the process.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

const service = createWorkerService({
  openDevice: (choice) => openDawnDevice(choice, dataDirectory),
  openSource: openNodeSource,
  post,
  runtimeVersion: `webgpu ${webgpu.version}`,
});

process.on('message', (message) => void service.handle(message));
// A GPU that hangs also hangs the driver's clean-up at exit; with the parent gone nobody needs that clean-up.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// The terminal sends these to the whole group; the parent decides when the worker ends.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

post({ event: 'ready' });
