// Runs the core as Electron's utility process would: `process.parentPort` is there, and the two ports of a dashboard and of a GPU
// worker arrive. Prints one JSON line for each thing the core says.
import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

const adapter = {
  vendor: 'test',
  architecture: 'test',
  device: '',
  description: 'Test card',
  isSoftware: false,
  backend: 'chromium',
  features: [],
  limits: {},
  subgroupSize: null,
};

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function toMainPort(port) {
  const emitter = new EventEmitter();
  return Object.assign(emitter, {
    postMessage: (message) => port.postMessage(message, []),
    start: () => port.on('message', (data) => emitter.emit('message', { data })),
    close: () => port.close(),
  });
}

/** The system's keychain, whose seal is the text itself. */
function answerKeychain({ id, text }) {
  parentPort.emit('message', { data: { kind: 'keychain-answer', id, ok: true, text, isStale: false }, ports: [] });
}

const parentPort = Object.assign(new EventEmitter(), {
  postMessage(message) {
    if (message.kind === 'keychain') queueMicrotask(() => answerKeychain(message));
    else tell({ toShell: message });
  },
});
process.parentPort = parentPort;
await import('../../main/desktop/core-process.ts');

const dashboard = new MessageChannel();
const worker = new MessageChannel();
dashboard.port2.on('message', (message) => {
  const { event, snapshot } = message;
  if (event === 'snapshot') tell({ state: snapshot.state.name, adapter: snapshot.adapter?.name ?? null });
  // The node is there: enough seen.
  if (event === 'snapshot' && snapshot.adapter !== null)
    parentPort.emit('message', { data: { kind: 'stop' }, ports: [] });
});
worker.port2.on('message', ({ id }) => worker.port2.postMessage({ id, ok: true, result: adapter }, []));
const attach = (purpose, port) =>
  parentPort.emit('message', { data: { kind: 'attach', purpose }, ports: [toMainPort(port)] });
attach('api', dashboard.port1);
attach('worker', worker.port1);
