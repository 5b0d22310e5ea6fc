import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createGpuProcessSupervisor,
  type GpuProcessSupervisor,
  type GpuSupervisorEvent,
} from '../../main/headless/gpu-process-supervisor.ts';
import type { GpuProcess } from '../../main/headless/gpu-process.ts';
import { createGpuWorker, GpuWorkerError } from '../../main/node/gpu-worker.ts';
import type { AdapterDescription, WorkerOutbound, WorkerRequest } from '../../worker/messages.ts';

const description: AdapterDescription = {
  vendor: 'test',
  architecture: '',
  device: '',
  description: 'test adapter',
  isSoftware: false,
  backend: 'vulkan',
  features: [],
  limits: {},
  subgroupSize: null,
};

interface FakeProcess extends GpuProcess {
  readonly sent: WorkerRequest[];
  die(reason: string): void;
  say(message: WorkerOutbound): void;
}

/** A process that is only a channel: it dies when told and answers when told. */
function makeProcess(processId: number): FakeProcess {
  const { promise: gone, resolve: die } = Promise.withResolvers<string>();
  const sent: WorkerRequest[] = [];
  let say: ((message: WorkerOutbound) => void) | undefined;
  const worker = createGpuWorker({
    post: (message) => void sent.push(message),
    onMessage: (listener) => {
      say = listener;
    },
    onClose: (listener) => void gone.then(listener),
  });
  return {
    worker,
    description,
    announce: 'Using test adapter.',
    processId,
    gone,
    sent,
    die,
    say: (message) => say?.(message),
    stop: async () => die('it was stopped'),
  };
}

const backOff = { firstMs: 100, longestMs: 400, stableAfterMs: 10_000 };

async function supervise(starts: (FakeProcess | Error)[]): Promise<{
  supervisor: GpuProcessSupervisor;
  events: GpuSupervisorEvent[];
}> {
  const events: GpuSupervisorEvent[] = [];
  const supervisor = await createGpuProcessSupervisor({
    dataDirectory: '/unused',
    adapter: 'real',
    log: () => {},
    backOff,
    onEvent: (event) => void events.push(event),
    start: () => {
      const next = starts.shift();
      if (next === undefined) throw new Error('no more processes');
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
  });
  return { supervisor, events };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('keeping the GPU process up', () => {
  it('does not retry a first start that fails: the owner has to see it', async () => {
    const error = new GpuWorkerError('SOFTWARE_ONLY', 'only software adapters were found');
    await expect(supervise([error])).rejects.toBe(error);
  });

  it('starts again with growing pauses, and says why each time', async () => {
    const processes = [makeProcess(1), makeProcess(2), makeProcess(3)];
    const { supervisor, events } = await supervise([
      ...processes.slice(0, 2),
      new GpuWorkerError('NO_ADAPTER', 'no GPU adapter was found'),
      ...processes.slice(2),
    ]);
    processes[0]?.die('it crashed');
    await vi.advanceTimersByTimeAsync(100);
    processes[1]?.die('it crashed again');
    await vi.advanceTimersByTimeAsync(200);
    await vi.advanceTimersByTimeAsync(400);
    expect(events).toEqual([
      { kind: 'started', processId: 1, description },
      { kind: 'gone', reason: 'it crashed', retryInMs: 100 },
      { kind: 'started', processId: 2, description },
      { kind: 'gone', reason: 'it crashed again', retryInMs: 200 },
      { kind: 'start-failed', code: 'NO_ADAPTER', message: 'no GPU adapter was found', retryInMs: 400 },
      { kind: 'started', processId: 3, description },
    ]);
    expect(supervisor.processId).toBe(3);
    await supervisor.stop();
  });

  it('forgets old crashes after it has been up for a while', async () => {
    const processes = [makeProcess(1), makeProcess(2)];
    const { supervisor, events } = await supervise([...processes, makeProcess(3)]);
    processes[0]?.die('a');
    await vi.advanceTimersByTimeAsync(100 + backOff.stableAfterMs);
    processes[1]?.die('b');
    await vi.advanceTimersByTimeAsync(0);
    expect(events.at(-1)).toEqual({ kind: 'gone', reason: 'b', retryInMs: 100 });
    await supervisor.stop();
  });

  it('refuses calls while no process is up, and serves them again through the same object', async () => {
    const [first, second] = [makeProcess(1), makeProcess(2)];
    const { supervisor } = await supervise([first, second]);
    const waiting = supervisor.worker.call('benchmark', {});
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'WORKER_GONE' });
    first.die('it crashed');
    await outcome;
    await expect(supervisor.worker.call('release', {})).rejects.toThrow('it is being started again (it crashed)');
    const ready = supervisor.ready();
    await vi.advanceTimersByTimeAsync(100);
    await ready;
    const call = supervisor.worker.call('release', {});
    second.say({ id: second.sent[0]?.id ?? -1, ok: true, result: null });
    expect(await call).toBeNull();
    await supervisor.stop();
  });

  it('kills a process whose call passes its deadline: a hung shader ends only with it', async () => {
    const first = makeProcess(1);
    const { supervisor, events } = await supervise([first, makeProcess(2)]);
    const hung = expect(supervisor.worker.call('benchmark', {}, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await vi.advanceTimersByTimeAsync(50);
    await hung;
    await vi.advanceTimersByTimeAsync(100);
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'gone', 'started']);
    await supervisor.stop();
  });

  it('opens the device again when the driver takes it, and starts a new process when it gets none', async () => {
    const first = makeProcess(1);
    const { supervisor, events } = await supervise([first, makeProcess(2)]);
    const lost = { event: 'device-lost', reason: 'unknown', message: 'reset' } as const;
    first.say(lost);
    first.say({ id: first.sent[0]?.id ?? -1, ok: true, result: description });
    await vi.advanceTimersByTimeAsync(0);
    expect(events.at(-1)).toEqual({ kind: 'device-recovered', description });
    first.say(lost);
    const error = { code: 'NO_ADAPTER', message: 'no GPU adapter was found' };
    first.say({ id: first.sent[1]?.id ?? -1, ok: false, error });
    await vi.advanceTimersByTimeAsync(100);
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'device-recovered', 'gone', 'started']);
    await supervisor.stop();
  });

  it('stays down once stopped', async () => {
    const first = makeProcess(1);
    const { supervisor, events } = await supervise([first, makeProcess(2)]);
    await supervisor.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events.map(({ kind }) => kind)).toEqual(['started']);
    expect(supervisor.worker.closedReason).toBe('it was stopped');
    await expect(supervisor.worker.call('release', {})).rejects.toMatchObject({ code: 'WORKER_GONE' });
  });
});
