import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Candidate, TuningQuestion } from '../../worker/gpu/autotune/candidate.ts';
import type { SubmitTimer } from '../../worker/gpu/autotune/submit-timer.ts';
import { hashText } from '../../worker/gpu/autotune/text-hash.ts';
import { adapterKeyOf, defaultTuner, MeasuringTuner, setTuner, tunerOf } from '../../worker/gpu/autotune/tuner.ts';
import { readTuningRecords, TUNING_LIMITS } from '../../worker/gpu/autotune/tuning-record.ts';
import { allocationLedgerOf } from '../../worker/gpu/allocation-ledger.ts';
import { createStorageBuffer } from '../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../worker/gpu/pipelines.ts';
import type { AdapterDescription, TuningRecord } from '../../worker/messages.ts';
import { getTestDevice } from './test-device.ts';

let device: GPUDevice;
beforeAll(async () => {
  device = await getTestDevice();
});

/** A clock that each run moves on by what its candidate is said to take: measuring without waiting. */
class FakeTimer implements SubmitTimer {
  readonly runs: string[] = [];
  readonly #real: SubmitTimer;
  #nowMs = 0;

  constructor(real: SubmitTimer) {
    this.#real = real;
  }

  spend(name: string, durationMs: number): void {
    this.runs.push(name);
    this.#nowMs += durationMs;
  }

  async time(record: (pass: GPUComputePassEncoder) => void): Promise<number> {
    const startedMs = this.#nowMs;
    await this.#real.time(record);
    return this.#nowMs - startedMs;
  }
}

interface Variant {
  readonly name: string;
  readonly costMs: number;
  /** Written by its shader. */
  readonly writes?: string;
  readonly fails?: boolean;
}

let timer: FakeTimer;

function candidateOf({ name, costMs, writes = '0.5', fails = false }: Variant): Candidate {
  return {
    name,
    async prepare() {
      if (fails) throw new Error('does not compile here');
      const output = createStorageBuffer(device, 'autotune.test', 16);
      const pipeline = await createComputePipeline(device, {
        label: 'autotune.test',
        code: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
          @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { y[i] = ${writes}; }`,
      });
      const entries = [{ binding: 0, resource: { buffer: output } }];
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      return {
        output,
        outputBytes: 16,
        run(pass) {
          timer.spend(name, costMs);
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(1);
        },
        destroy: () => output.destroy(),
      };
    },
  };
}

function question(variants: readonly [Variant, ...Variant[]], changes: Partial<TuningQuestion> = {}): TuningQuestion {
  const [first, ...others] = variants;
  return {
    family: 'test.family',
    shapeClass: '4',
    shaderCode: 'the shader',
    agreement: 'bytes',
    candidates: [candidateOf(first), ...others.map(candidateOf)],
    ...changes,
  };
}

function createTuner(records: readonly TuningRecord[] = [], adapterKey = 'a card'): MeasuringTuner & { kept: unknown } {
  timer = new FakeTimer({
    async time(record) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      record(pass);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return 0;
    },
  });
  const kept = vi.fn<(records: readonly TuningRecord[]) => void>();
  const tuner = new MeasuringTuner({ device, adapterKey, records, onChange: kept, nowMs: () => 0, timer });
  return Object.assign(tuner, { kept });
}

function keptBy(tuner: { kept: unknown }): readonly TuningRecord[] {
  return vi.mocked(tuner.kept as (records: readonly TuningRecord[]) => void).mock.lastCall?.[0] ?? [];
}

const slow = { name: 'slow', costMs: 2 };
const fast = { name: 'fast', costMs: 1 };

describe('a question of which variant is faster', () => {
  it.each<[string, readonly [Variant, ...Variant[]], string]>([
    ['takes the fastest', [slow, fast, { name: 'middle', costMs: 1.5 }], 'fast'],
    ['stays with the default for a gain that is not worth a change', [slow, { name: 'barely', costMs: 1.96 }], 'slow'],
    [
      'passes over one that gives other bytes',
      [slow, { ...fast, writes: '0.50000001' }, { ...fast, name: 'wrong', writes: '0.51' }],
      'fast',
    ],
    ['passes over one that gives no numbers', [slow, { ...fast, writes: 'bitcast<f32>(0x7fc00000u + i)' }], 'slow'],
    ['passes over one that does not compile here', [slow, { ...fast, fails: true }], 'slow'],
    ['stays with a default that cannot be measured', [{ ...slow, fails: true }, fast], 'slow'],
    ['asks nothing where there is no choice', [slow], 'slow'],
  ])('%s', async (_, variants, choice) => {
    const tuner = createTuner();
    const { liveCount } = allocationLedgerOf(device).counts;
    expect(await tuner.choose(question(variants))).toBe(choice);
    expect(allocationLedgerOf(device).counts.liveCount).toBe(liveCount);
  });

  it('lets sums in another order differ by their rounding, and by no more', async () => {
    const rounded = { ...fast, writes: '0.500001' };
    expect(await createTuner().choose(question([slow, rounded], { agreement: 'rounding' }))).toBe('fast');
    expect(await createTuner().choose(question([slow, rounded]))).toBe('slow');
    const wrong = { ...fast, writes: '0.501' };
    expect(await createTuner().choose(question([slow, wrong], { agreement: 'rounding' }))).toBe('slow');
  });

  it('tells who reports what each candidate took, without those that were left out', async () => {
    createTuner();
    const told: unknown[] = [];
    const options = { device, adapterKey: '', records: [], onChange: () => {}, nowMs: () => 0, timer };
    const tuner = new MeasuringTuner({ ...options, onMeasured: (measured) => told.push(measured) });
    await tuner.choose(question([slow, fast, { name: 'wrong', costMs: 0.1, writes: '2.0' }]));
    expect(told).toEqual([
      { family: 'test.family', shapeClass: '4', choice: 'fast', milliseconds: { slow: 2, fast: 1 } },
    ]);
  });

  it('measures in turn, as often for each', async () => {
    await createTuner().choose(question([slow, fast]));
    const last = timer.runs.slice(-4).join(' ');
    expect(['slow slow fast fast', 'slow fast slow fast']).toContain(last);
    const counts = ['slow', 'fast'].map((name) => timer.runs.filter((run) => run === name).length);
    // The default is also what the count of repeats is found on.
    expect(counts[0]).toBeGreaterThan(counts[1] ?? 0);
  });

  it('is measured once, however many ask at once, and answered from what is kept afterwards', async () => {
    const tuner = createTuner();
    const asked = question([slow, fast]);
    expect(await Promise.all([tuner.choose(asked), tuner.choose(asked), tuner.choose(asked)])).toEqual([
      'fast',
      'fast',
      'fast',
    ]);
    const records = keptBy(tuner);
    expect(records).toHaveLength(1);
    const again = createTuner(records);
    expect(await again.choose(asked)).toBe('fast');
    expect(timer.runs).toEqual([]);
  });

  it.each<[string, Partial<TuningQuestion>, string]>([
    ['another shader', { shaderCode: 'the shader, changed' }, 'a card'],
    ['another shape', { shapeClass: '8' }, 'a card'],
    ['another family', { family: 'other' }, 'a card'],
    ['another adapter or driver', {}, 'another card'],
    ['other candidates', { candidates: [candidateOf(slow), candidateOf({ name: 'new', costMs: 1 })] }, 'a card'],
  ])('is measured anew with %s', async (_, changes, adapterKey) => {
    const tuner = createTuner();
    await tuner.choose(question([slow, fast]));
    await createTuner(keptBy(tuner), adapterKey).choose(question([slow, fast], changes));
    expect(timer.runs).not.toEqual([]);
  });

  it('takes the default where the device says nothing of tuning, and another tuner where one was set', async () => {
    const other = {} as GPUDevice;
    expect(tunerOf(other)).toBe(defaultTuner);
    expect(await tunerOf(other).choose(question([slow, fast]))).toBe('slow');
    setTuner(other, { choose: () => Promise.resolve('fast'), recall: () => 'fast' });
    expect(await tunerOf(other).choose(question([slow, fast]))).toBe('fast');
  });
});

const record = (index: number) => ({ key: `k${index}`, choice: 'c' });

describe('what is kept between runs', () => {
  it.each<[string, unknown, unknown]>([
    ['nothing', undefined, []],
    ['no list', { key: 'k', choice: 'c' }, []],
    [
      'records and rubbish',
      [record(1), null, 7, { key: 'k' }, { key: '', choice: 'c' }, { key: 'k', choice: 5 }],
      [record(1)],
    ],
    [
      'endless texts',
      [
        { key: 'k'.repeat(601), choice: 'c' },
        { key: 'k', choice: 'c'.repeat(65) },
      ],
      [],
    ],
    ['more fields than were written', [{ ...record(1), extra: 'x' }], [record(1)]],
    ['the same key twice', [record(1), { key: 'k1', choice: 'newer' }], [{ key: 'k1', choice: 'newer' }]],
  ])('is read from %s without harm', (_, value, expected) => {
    expect(readTuningRecords(value)).toEqual(expected);
  });

  it('stays bounded: the newest are kept', async () => {
    const many = Array.from({ length: TUNING_LIMITS.records + 9 }, (_, index) => record(index));
    const read = readTuningRecords(many);
    expect(read).toHaveLength(TUNING_LIMITS.records);
    expect(read.at(-1)).toEqual(many.at(-1));
    const tuner = createTuner(read);
    await tuner.choose(question([slow, fast]));
    expect(keptBy(tuner)).toHaveLength(TUNING_LIMITS.records);
    expect(keptBy(tuner).at(-1)?.choice).toBe('fast');
  });

  it('names the adapter, its driver and the runtime', () => {
    const description = { vendor: 'v', architecture: 'a', device: 'd', description: 'driver 1', backend: 'vulkan' };
    const key = adapterKeyOf(description as unknown as AdapterDescription, 'webgpu 1');
    expect(key).toBe('v|a|d|driver 1|vulkan|webgpu 1');
    expect(hashText('a')).toMatch(/^[0-9a-f]{16}$/);
    expect(hashText('a')).not.toBe(hashText('b'));
  });
});
