import { describe, expect, it } from 'vitest';
import { runBenchmark } from '../../worker/gpu/benchmark.ts';
import { getTestDevice } from './test-device.ts';

describe('the benchmark of an adapter', () => {
  it('measures memory, arithmetic and dispatches without an error, and stays short', async () => {
    const device = await getTestDevice();
    device.pushErrorScope('validation');
    const result = await runBenchmark(device, () => performance.now());
    expect(await device.popErrorScope()).toBeNull();
    // Bounds of any machine: a slow software adapter below, ten times the fastest card above.
    expect(result.copyBytesPerSecond).toBeGreaterThan(1e7);
    expect(result.copyBytesPerSecond).toBeLessThan(1e14);
    expect(result.multiplyAddFlopsPerSecond).toBeGreaterThan(1e7);
    expect(result.multiplyAddFlopsPerSecond).toBeLessThan(1e15);
    expect(result.dispatchMicroseconds).toBeGreaterThan(0.01);
    expect(result.dispatchMicroseconds).toBeLessThan(10_000);
  });
});
