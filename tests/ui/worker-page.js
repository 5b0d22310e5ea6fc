// Drives the built GPU worker as the desktop's hidden window does: a Web Worker and one end of a MessageChannel.
const worker = new Worker('/gpu-worker.js', { type: 'module' });
const { port1, port2 } = new MessageChannel();
const waiting = new Map();
let nextId = 1;

worker.addEventListener('error', (event) => {
  for (const { reject } of waiting.values()) reject(new Error(`the worker failed: ${event.message}`));
});
port1.addEventListener('message', ({ data }) => {
  if ('event' in data) return;
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.ok) resolve(data.result);
  else reject(new Error(`${data.error.code}: ${data.error.message}`));
});
port1.start();
worker.postMessage('serve', [port2]);

globalThis.askWorker = (kind, parameters) =>
  new Promise((resolve, reject) => {
    const id = nextId++;
    waiting.set(id, { resolve, reject });
    port1.postMessage({ id, kind, parameters });
  });

globalThis.openFile = async (address) => ({ kind: 'blob', blob: await (await fetch(address)).blob() });
