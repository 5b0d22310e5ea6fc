import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { attempt } from '../../bench/bundle/attempt.ts';
import { readSettings } from '../../bench/bundle/settings.ts';
import { measureAttention } from '../../bench/kernels/measure-attention.ts';
import { measureMatrix } from '../../bench/kernels/measure-matrix.ts';
import { stripElf } from '../../scripts/strip-elf.mjs';
import { thinIcuData } from '../../scripts/thin-icu.mjs';
import { getTestDevice } from '../gpu/test-device.ts';

vi.setConfig({ testTimeout: 120_000 });

const date = new Date('2026-11-23T00:00:00Z');

describe('the options of the portable bench', () => {
  it.each([
    [['--adaptor', 'real'], /unknown option --adaptor/],
    [['--out'], /--out needs a value/],
    [['--models', '8b'], /SHAPE:TYPE such as 8b:Q4_0.*, not 8b/],
    [['--models', '8b:Q4_0:f64'], /not 8b:Q4_0:f64/],
    [['--models', '8b:Q4_0:auto:int4'], /not 8b:Q4_0:auto:int4/],
  ])('%j are refused with the reason', (parameters, reason) => {
    expect(() => readSettings(parameters, date)).toThrow(reason);
  });

  it('ask for a real adapter and the shapes of an 8B model unless told otherwise', () => {
    const settings = readSettings([], date);
    expect(settings).toMatchObject({ adapter: 'real', isQuick: false, outPath: 'hearth-bench-2026-11-23.json' });
    expect(settings.vectorShapes).toContainEqual({ rows: 128256, columns: 4096 });
    const heads = { headCount: 32, keyValueHeadCount: 8, headLength: 128 };
    expect(settings.attention).toContainEqual({
      ...heads,
      cacheType: 'f16',
      phase: 'decode',
      rows: 16,
      length: 16_384,
    });
    expect(settings.models.map(({ shape }) => shape)).toContain('8b');
    expect(readSettings(['--quick', '--models', 'none'], date)).toMatchObject({ isQuick: true, models: [] });
  });
});

describe('a kernel measurement', () => {
  it('that cannot be made costs itself only, and says what it was of', async () => {
    const device = await getTestDevice();
    const subject = { rows: 32, columns: 32, format: 'Q9_9' };
    const failed = await attempt(device, subject, () =>
      measureMatrix({ device, copyBytesPerSecond: 1e9, targetMs: 1, coldBytes: 1 }, subject, 1),
    );
    expect(failed).toMatchObject({ ...subject, error: expect.stringContaining('Q9_9') });
  });

  it('of a driver error is an error and no figure', async () => {
    const device = await getTestDevice();
    const failed = await attempt(device, { format: 'none' }, () => {
      device.createBuffer({ label: 'wrong', size: 16, usage: 0x01 | 0x80 });
      return Promise.resolve({ microseconds: 1 });
    });
    expect(failed).not.toHaveProperty('microseconds');
    expect(failed).toHaveProperty('error');
  });

  it.each([
    ['Q4_0', 1, 'f32'],
    ['Q4_K', 5, 'int8'],
    ['Q4_K', 33, 'f32'],
  ] as const)(
    '%s times %i tokens in %s agrees with float64, over several copies of the matrix',
    async (format, tokens, variant) => {
      const device = await getTestDevice();
      const environment = { device, copyBytesPerSecond: 1e9, targetMs: 1, coldBytes: 100_000 };
      const measured = await measureMatrix(environment, { rows: 67, columns: 256, format }, tokens, variant);
      expect(measured.copies).toBeGreaterThan(3);
      expect(measured.microseconds).toBeGreaterThan(0);
      expect(measured.check).toMatchObject({ isRight: true });
      expect(measured.check.compared).toBe(tokens === 1 ? 61 : 122);
    },
  );
});

describe('an attention measurement', () => {
  it.each([
    ['decode', 3, 150],
    ['prefill', 5, 97],
  ] as const)('of %s with %i rows agrees with float64, over several layers', async (phase, rows, length) => {
    const device = await getTestDevice();
    const environment = { device, copyBytesPerSecond: 1e9, targetMs: 1, coldBytes: 200_000 };
    const spec = { headCount: 6, keyValueHeadCount: 2, headLength: 18, cacheType: 'f32', phase, rows, length } as const;
    const measured = await measureAttention(environment, spec);
    expect(measured.copies).toBeGreaterThan(1);
    expect(measured.cacheBytes).toBe((phase === 'decode' ? rows : 1) * 2 * length * 2 * 20 * 4);
    expect(measured.microseconds).toBeGreaterThan(0);
    expect(measured.check).toMatchObject({ isRight: true, compared: 9 * 18 });
  });
});

describe('the Node of the bundle', () => {
  it('is not made of what is no ELF file', () => {
    expect(() => stripElf(new Uint8Array(64))).toThrow(/not a 64-bit little-endian ELF/);
    expect(thinIcuData(Buffer.alloc(4096))).toBe(0);
  });

  it('runs without symbols and languages, in a foreign locale too', () => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return;
    const whole = readFileSync(process.execPath);
    const node = stripElf(whole);
    expect(node.byteLength).toBeLessThan(whole.byteLength);
    expect(thinIcuData(node)).toBeGreaterThan(10e6);
    const directory = mkdtempSync(join(tmpdir(), 'hearth-bundle-'));
    try {
      const path = join(directory, 'node');
      writeFileSync(path, node, { mode: 0o755 });
      const script =
        'console.log((1234.5).toLocaleString("en"), "\\u00e9".normalize("NFD").length, /\\p{L}/u.test("x"))';
      const output = execFileSync(path, ['-e', script], { env: { LANG: 'de_DE.UTF-8' }, encoding: 'utf8' });
      expect(output.trim()).toBe('1,234.5 2 true');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
