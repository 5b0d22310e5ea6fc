/** `hearth bench` as a person starts it, on the software adapter, with as little work as it takes. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { renderReport, type BenchReport } from '../../main/headless/bench/bench-report.ts';

vi.setConfig({ testTimeout: 180_000 });

const entry = fileURLToPath(new URL('../../main/headless/main.ts', import.meta.url));
/** Shared with the other tests, so that the software adapter is unpacked once. */
const adapterDirectory = fileURLToPath(new URL('../../node_modules/.cache/hearth', import.meta.url));
const little = ['--prefill', '8', '--decode', '4', '--depth', '9', '--repetitions', '1', '--profile'];

function bench(...parameters: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        entry,
        'bench',
        '--adapter',
        'software',
        '--data-dir',
        adapterDirectory,
      ].concat(parameters),
      { timeout: 170_000 },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('hearth bench', () => {
  it('refuses a model that is not there, before any GPU is touched', async () => {
    const { exitCode, stderr, stdout } = await bench('--model', '/nowhere/model.gguf');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('/nowhere/model.gguf');
    expect(stdout).toBe('');
  });

  it('gives one JSON document with the adapter, the versions and every figure', async () => {
    const { exitCode, stdout, stderr } = await bench('--json', ...little);
    expect(exitCode, stderr).toBe(0);
    const report = JSON.parse(stdout) as BenchReport;
    expect(report).toMatchObject({
      adapter: { isSoftware: true },
      versions: { node: process.versions.node, webgpu: '0.6.2' },
      model: {
        prefill: { tokens: 8, wantedTokens: 8 },
        decode: [{ depth: 0 }, { depth: 9 }],
        counters: { buffersCreatedPerToken: 0, bindGroupsCreatedPerToken: 0 },
      },
    });
    expect(report.note).toContain('software adapter');
    expect(report.limits.copyBytesPerSecond).toBeGreaterThan(0);
    expect(report.model.decode.every(({ tokensPerSecond }) => tokensPerSecond > 0)).toBe(true);
    expect(report.render.samplesPerSecond).toBeGreaterThan(0);
    expect(stderr).toContain('software adapter');

    const text = renderReport(report);
    expect(text).toContain('no measure of any card');
    expect(text).toMatch(/Prefill +\d+\.\d tokens\/s over 8 tokens\n/);
    expect(text).toMatch(/Kernels of decode, \d tokens from depth 9|Kernels are not timed/);
  });
});
