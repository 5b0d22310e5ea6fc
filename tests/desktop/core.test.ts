import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { GpuWorker } from '../../main/node/gpu-worker.ts';
import { createPortNodeApi } from '../../main/desktop/port-node-api.ts';
import type { MainPort } from '../../main/desktop/ports.ts';
import { runCore } from '../../main/desktop/run-core.ts';
import type { RunningNode } from '../../main/desktop/run-core.ts';
import { PaymentError } from '../../main/payment/index.ts';
import type { NodeSnapshot } from '../../protocol/node-api.ts';
import type { AdapterDescription, WorkerOutbound, WorkerRequest } from '../../worker/messages.ts';
import {
  createFakeTime,
  createPortPair,
  createRecordingNodeApi,
  settle,
  toMainPort,
  waitingState,
} from './electron-fakes.ts';

const adapter: AdapterDescription = {
  vendor: 'test',
  architecture: '',
  device: '',
  description: 'Test adapter',
  isSoftware: false,
  backend: 'chromium',
  features: [],
  limits: {},
  subgroupSize: null,
};

class FakeParentPort extends EventEmitter {
  readonly posted: Record<string, unknown>[] = [];
  postMessage(message: unknown): void {
    this.posted.push(message as Record<string, unknown>);
  }
  receive(data: unknown, ports: MainPort[] = []): void {
    this.emit('message', { data, ports });
  }
}

interface CoreOptions {
  readonly startNode?: () => Promise<RunningNode>;
  readonly schedule?: (delayMs: number, task: () => void) => () => void;
}

function createCore(options: CoreOptions = {}) {
  const parentPort = new FakeParentPort();
  const exits: number[] = [];
  const owner: boolean[] = [];
  const closed = Promise.withResolvers<void>();
  const node = createRecordingNodeApi();
  let started = 0;
  const gpu: { worker: GpuWorker | null } = { worker: null };
  runCore({
    onOwner: (isPresent) => owner.push(isPresent),
    tuning: { read: () => Promise.resolve([]), keep: () => Promise.resolve() },
    parentPort,
    adapter: 'real',
    version: '0.1.0',
    async startNode({ worker }) {
      started += 1;
      gpu.worker = worker;
      if (options.startNode !== undefined) return options.startNode();
      return { api: node, stop: async () => closed.resolve(), closed: closed.promise };
    },
    exit: (code) => exits.push(code),
    ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
    nowMs: () => 1,
    log: () => {},
  });
  const dashboard = createPortNodeApi();
  const [near, far] = createPortPair();
  dashboard.attach(near);
  parentPort.receive({ kind: 'attach', purpose: 'api' }, [toMainPort(far)]);
  return {
    parentPort,
    exits,
    owner,
    node,
    dashboard,
    gpu,
    get started() {
      return started;
    },
  };
}

/** Attaches a worker that answers by `answer`; undefined leaves a call open. */
function attachWorker(
  parentPort: FakeParentPort,
  answer: (request: WorkerRequest) => WorkerOutbound | undefined = (request) => ({
    id: request.id,
    ok: true,
    result: adapter,
  }),
) {
  const [near, far] = createPortPair();
  const requests: WorkerRequest[] = [];
  near.onMessage((message) => {
    const request = message as WorkerRequest;
    requests.push(request);
    const reply = answer(request);
    if (reply !== undefined) near.send(reply);
  });
  parentPort.receive({ kind: 'attach', purpose: 'worker' }, [toMainPort(far)]);
  return { requests, port: near };
}

const noAdapter = (request: WorkerRequest): WorkerOutbound => ({
  id: request.id,
  ok: false,
  error: { code: 'NO_ADAPTER', message: 'Chromium gives no WebGPU adapter' },
});

test('without an adapter the dashboard reads why the node is blocked, and a fresh worker is asked for', async () => {
  const { parentPort, dashboard, exits } = createCore();
  attachWorker(parentPort, noAdapter);
  await settle();
  const { state } = await dashboard.request('getSnapshot', {});
  expect(state).toMatchObject({ name: 'blocked', reason: 'Chromium gives no WebGPU adapter.' });
  expect(parentPort.posted).toEqual([
    { kind: 'restart-worker', reason: 'The GPU worker has no adapter: Chromium gives no WebGPU adapter' },
  ]);
  await expect(dashboard.request('resume', {})).rejects.toMatchObject({ code: 'NODE_NOT_READY' });
  expect(exits).toEqual([]);
});

test('the node starts when a later worker has an adapter, once', async () => {
  const core = createCore();
  attachWorker(core.parentPort, noAdapter);
  await settle();
  attachWorker(core.parentPort);
  await settle();
  attachWorker(core.parentPort);
  await settle();
  expect(core.started).toBe(1);
  expect(await core.dashboard.request('resume', {})).toEqual(waitingState);
});

test('a window that connected before the node was there sees the switch', async () => {
  const { parentPort, dashboard } = createCore();
  const states: string[] = [];
  dashboard.subscribe((snapshot: NodeSnapshot) => states.push(snapshot.state.name));
  attachWorker(parentPort);
  await settle();
  await settle();
  expect(states).toEqual(['starting', 'waiting']);
});

test('a node that cannot start says why, then its process ends as failed', async () => {
  const { parentPort, exits } = createCore({
    startNode: () => Promise.reject(new Error('port 4001 is in use')),
  });
  attachWorker(parentPort);
  await settle();
  expect(parentPort.posted).toEqual([{ kind: 'failed', message: 'The node did not start: port 4001 is in use' }]);
  expect(exits).toEqual([1]);
});

test('a wallet that does not open blocks the node with cause and fix, until its owner has seen to it', async () => {
  const time = createFakeTime();
  let isLocked = true;
  const node = createRecordingNodeApi();
  const { parentPort, dashboard, exits } = createCore({
    schedule: time.schedule,
    async startNode() {
      if (isLocked) throw new PaymentError('KEYCHAIN_UNAVAILABLE', 'the keychain is locked. Unlock it');
      return { api: node, stop: () => Promise.resolve(), closed: new Promise(() => {}) };
    },
  });
  const stateNow = async () => (await dashboard.request('getSnapshot', {})).state;
  attachWorker(parentPort);
  await settle();
  expect(await stateNow()).toMatchObject({
    name: 'blocked',
    reason: 'The keychain is locked. Unlock it.',
    fix: expect.stringContaining('every 30 s'),
  });
  time.advance(30_000);
  await settle();
  expect((await stateNow()).name).toBe('blocked');
  isLocked = false;
  time.advance(30_000);
  await settle();
  expect(await stateNow()).toEqual(waitingState);
  // Nothing is planned any more, and nothing ended.
  expect([time.planned, exits, parentPort.posted]).toEqual([[], [], []]);
});

test('a stop while the wallet does not open ends the process as asked for', async () => {
  const time = createFakeTime();
  const { parentPort, exits } = createCore({
    schedule: time.schedule,
    startNode: () => Promise.reject(new PaymentError('WALLET_CORRUPT', 'it is damaged')),
  });
  attachWorker(parentPort);
  await settle();
  parentPort.receive({ kind: 'stop' });
  time.advance(30_000);
  await settle();
  expect(exits).toEqual([0]);
});

test.each(['before the node is there', 'while it runs'])('a stop %s ends the process as asked for', async (when) => {
  const { parentPort, exits } = createCore();
  if (when === 'while it runs') attachWorker(parentPort);
  await settle();
  parentPort.receive({ kind: 'stop' });
  await settle();
  expect(exits).toEqual([0]);
});

test('a stop while the node is starting waits for it, so that its ledger is closed', async () => {
  const starting = Promise.withResolvers<RunningNode>();
  const { parentPort, exits } = createCore({ startNode: () => starting.promise });
  attachWorker(parentPort);
  await settle();
  parentPort.receive({ kind: 'stop' });
  await settle();
  const exitsBefore = [...exits];
  let stops = 0;
  const closed = Promise.withResolvers<void>();
  starting.resolve({
    api: createRecordingNodeApi(),
    stop: async () => {
      stops += 1;
      closed.resolve();
    },
    closed: closed.promise,
  });
  await settle();
  expect([exitsBefore, stops, exits]).toEqual([[], 1, [0]]);
});

test('messages that are none of ours are ignored', async () => {
  const { parentPort, exits } = createCore();
  for (const message of [null, 'stop', { kind: 'attach', purpose: 'wallet' }, { kind: 'granted', id: 'x' }]) {
    parentPort.receive(message);
  }
  await settle();
  expect([exits, parentPort.posted]).toEqual([[], []]);
});

test("a model's file is granted for its load only, and the worker never learns the path", async () => {
  const { parentPort, gpu } = createCore();
  const { requests } = attachWorker(parentPort);
  await settle();
  const loading = gpu.worker!.call('load-model', {
    modelId: 'm',
    source: { kind: 'file', path: '/models/secret-name.gguf' },
  });
  expect(parentPort.posted).toEqual([{ kind: 'grant', id: 1, path: '/models/secret-name.gguf' }]);
  parentPort.receive({ kind: 'granted', id: 1, token: 'abc' });
  await loading;
  expect(requests.at(-1)?.parameters).toEqual({ modelId: 'm', source: { kind: 'file', path: '/granted/abc' } });
  expect(parentPort.posted.at(-1)).toEqual({ kind: 'revoke', token: 'abc' });
});

test('a worker whose port closes fails the calls in hand, and a fresh one is asked for', async () => {
  const { parentPort, gpu } = createCore();
  const { port } = attachWorker(parentPort, (request) =>
    request.kind === 'benchmark' ? undefined : { id: request.id, ok: true, result: adapter },
  );
  await settle();
  const benchmark = gpu.worker!.call('benchmark', {});
  port.close();
  await expect(benchmark).rejects.toMatchObject({ code: 'WORKER_GONE' });
  await expect(gpu.worker!.call('release', {})).rejects.toMatchObject({ code: 'WORKER_GONE' });
  expect(parentPort.posted).toEqual([{ kind: 'restart-worker', reason: 'The GPU worker closed its port.' }]);
});

test('a call that hangs past its deadline costs the worker its window', async () => {
  const { parentPort, gpu } = createCore();
  attachWorker(parentPort, (request) =>
    request.kind === 'benchmark' ? undefined : { id: request.id, ok: true, result: adapter },
  );
  await settle();
  await expect(gpu.worker!.call('benchmark', {}, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(parentPort.posted).toMatchObject([{ kind: 'restart-worker' }]);
});

test('a lost device is opened again in the same window', async () => {
  const { parentPort, gpu } = createCore();
  const { requests, port } = attachWorker(parentPort);
  await settle();
  const events: string[] = [];
  gpu.worker!.onEvent((event) => events.push(event.event));
  port.send({ event: 'device-lost', reason: 'unknown', message: 'reset' });
  await settle();
  expect(events).toEqual(['device-lost']);
  expect(requests.map(({ kind }) => kind)).toEqual(['open-adapter', 'open-adapter']);
});

test('the node hears whether its owner is at the machine', () => {
  const { parentPort, owner } = createCore();
  for (const isPresent of [true, false]) parentPort.receive({ kind: 'owner', isPresent });
  // Not a yes or no: ignored, as every message that is none.
  parentPort.receive({ kind: 'owner', isPresent: 'perhaps' });
  expect(owner).toEqual([true, false]);
});
