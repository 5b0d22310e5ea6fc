import { describe, expect, it } from 'vitest';
import { createGpuWorker, type GpuWorker, type GpuWorkerPort } from '../../main/node/gpu-worker.ts';
import type { WorkerEvent, WorkerOutbound, WorkerRequest } from '../../worker/messages.ts';

/** A channel whose other end is the test. */
function openChannel(options: { post?: () => never } = {}): {
  worker: GpuWorker;
  sent: WorkerRequest[];
  answer: (message: WorkerOutbound) => void;
  close: (reason: string) => void;
} {
  const sent: WorkerRequest[] = [];
  const end: { message?: (message: WorkerOutbound) => void; close?: (reason: string) => void } = {};
  const port: GpuWorkerPort = {
    post: options.post ?? ((message): void => void sent.push(message)),
    onMessage: (listener) => {
      end.message = listener;
    },
    onClose: (listener) => {
      end.close = listener;
    },
  };
  return {
    worker: createGpuWorker(port),
    sent,
    answer: (message) => end.message?.(message),
    close: (reason) => end.close?.(reason),
  };
}

describe('the client of the GPU worker', () => {
  it('rejects every waiting call and every later one when the worker dies', async () => {
    const { worker, close } = openChannel();
    const calls = [worker.call('benchmark', {}), worker.call('release', {})];
    const settled = Promise.allSettled(calls);
    close('its process ended with SIGKILL');
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_GONE' } });
    }
    await expect(worker.call('benchmark', {})).rejects.toThrow(
      'the GPU worker is gone, benchmark was not answered: its process ended with SIGKILL',
    );
    expect(worker.closedReason).toBe('its process ended with SIGKILL');
  });

  it('keeps the worker’s own code, sentence and numbers', async () => {
    const { worker, answer, sent } = openChannel();
    const call = worker.call('unload-model', { modelId: 'm' });
    const error = { code: 'UNKNOWN_MODEL', message: 'no model with the id m is open here', data: { id: 'm', open: 0 } };
    answer({ id: sent[0]?.id ?? -1, ok: false, error });
    await expect(call).rejects.toMatchObject(error);
  });

  it('gives up at the deadline and drops the late answer', async () => {
    const { worker, answer, sent } = openChannel();
    await expect(worker.call('benchmark', {}, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'benchmark was not answered within 1 ms',
    });
    answer({ id: sent[0]?.id ?? -1, ok: true, result: null });
    const next = worker.call('release', {});
    answer({ id: sent[1]?.id ?? -1, ok: true, result: null });
    expect(await next).toBeNull();
  });

  it('stops waiting when the caller cancels, before and after sending', async () => {
    const { worker, sent } = openChannel();
    await expect(worker.call('benchmark', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(sent).toEqual([]);
    const controller = new AbortController();
    const call = worker.call('benchmark', {}, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED', message: 'benchmark was cancelled' });
  });

  it('rejects when the message cannot be sent', async () => {
    const { worker } = openChannel({
      post: () => {
        throw new Error('DataCloneError');
      },
    });
    await expect(worker.call('release', {})).rejects.toMatchObject({ code: 'WORKER_GONE' });
  });

  it('ignores answers nobody asked for', () => {
    const { answer } = openChannel();
    expect(() => answer({ id: 99, ok: true, result: null })).not.toThrow();
  });

  it('matches answers to calls in any order', async () => {
    const { worker, answer, sent } = openChannel();
    const first = worker.call('tokenize', { modelId: 'm', text: 'a', addBos: false });
    const second = worker.call('tokenize', { modelId: 'm', text: 'b', addBos: false });
    answer({ id: sent[1]?.id ?? -1, ok: true, result: { tokens: [2] } });
    answer({ id: sent[0]?.id ?? -1, ok: true, result: { tokens: [1] } });
    expect([await first, await second]).toEqual([{ tokens: [1] }, { tokens: [2] }]);
  });

  it('tells events to those who still listen', () => {
    const { worker, answer } = openChannel();
    const heard: WorkerEvent[] = [];
    const off = worker.onEvent((event) => void heard.push(event));
    const lost: WorkerEvent = { event: 'device-lost', reason: 'unknown', message: 'gone' };
    answer(lost);
    off();
    answer({ event: 'ready' });
    expect(heard).toEqual([lost]);
  });
});
