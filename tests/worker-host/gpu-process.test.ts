import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GpuProcess, startGpuProcess } from '../../main/headless/gpu-process.ts';

/** The embedded adapter is for Linux on x64; elsewhere the same tests run on what the machine has. */
const hasEmbeddedAdapter = process.platform === 'linux' && process.arch === 'x64';
const adapter = process.env['HEARTH_TEST_ADAPTER'] ?? (hasEmbeddedAdapter ? 'swiftshader' : 'real');
const variablesBefore = process.env['VK_ICD_FILENAMES'];

let dataDirectory: string;
let gpu: GpuProcess;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'hearth-gpu-'));
  process.env['HEARTH_WALLET_PASSPHRASE'] = 'correct horse';
  try {
    gpu = await start(adapter);
  } finally {
    delete process.env['HEARTH_WALLET_PASSPHRASE'];
  }
});

afterAll(async () => {
  await gpu.stop();
  await rm(dataDirectory, { recursive: true, force: true });
});

function start(adapter: string): Promise<GpuProcess> {
  return startGpuProcess({ dataDirectory, adapter, log: () => {} });
}

describe('the GPU worker as a child process', () => {
  it('refuses an adapter that is not there and leaves no process behind', async () => {
    await expect(start('no card has this name')).rejects.toMatchObject({
      code: 'NO_ADAPTER',
      message: expect.stringMatching(/no card has this name|the system lists none/),
    });
  });

  it.runIf(hasEmbeddedAdapter)('says where the embedded adapter cannot be unpacked', async () => {
    const attempt = startGpuProcess({ dataDirectory: '/dev/null/data', adapter: 'swiftshader', log: () => {} });
    await expect(attempt).rejects.toMatchObject({ code: 'NO_ADAPTER', message: expect.stringContaining('/dev/null') });
  });

  it.runIf(adapter === 'swiftshader')('announces a software adapter as one', () => {
    expect(gpu.description).toMatchObject({ isSoftware: true, architecture: 'swiftshader', backend: 'vulkan' });
    expect(gpu.announce).toBe(
      'Using the software adapter SwiftShader driver 5.0.0: results are right, but slow, and never earn.',
    );
    expect(process.env['VK_ICD_FILENAMES']).toBe(variablesBefore);
  });

  it.runIf(adapter === 'swiftshader')('runs on the unpacked loader and driver, not on the system’s', async () => {
    const maps = await readFile(`/proc/${gpu.processId}/maps`, 'utf8');
    const libraries = new Set(maps.match(/\/\S*(?:vulkan|swiftshader|lvp)\S*\.so\S*/g));
    expect(libraries.size).toBe(2);
    for (const library of libraries) expect(library).toContain(dataDirectory);
  });

  it.runIf(process.platform === 'linux')('is not given the secrets of its parent', async () => {
    const environment = await readFile(`/proc/${gpu.processId}/environ`, 'utf8');
    expect(environment).toContain('PATH=');
    expect(environment).not.toContain('correct horse');
  });

  it('answers a malformed call with the field and the limit, and goes on', async () => {
    const call = gpu.worker.call('load-scene', {
      sceneId: 's',
      source: { kind: 'file', path: '/scene.glb' },
      settings: { widthPixels: 0, heightPixels: 1, seed: 0, maxBounces: 1 },
    });
    await expect(call).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: 'settings.widthPixels is 0; it must be an integer from 1 to 16384',
    });
  });

  it('measures the adapter it runs on', async () => {
    const result = await gpu.worker.call('benchmark', {});
    for (const value of Object.values(result)) expect(value).toBeGreaterThan(0);
    expect(result.copyBytesPerSecond).toBeLessThan(1e13);
    expect(result.multiplyAddFlopsPerSecond).toBeLessThan(1e15);
  });

  it('rejects what is waiting when it is killed', async () => {
    const victim = await start(adapter);
    const call = victim.worker.call('benchmark', {});
    const outcome = expect(call).rejects.toMatchObject({ code: 'WORKER_GONE', message: /SIGKILL/ });
    process.kill(victim.processId, 'SIGKILL');
    await outcome;
    expect(await victim.gone).toContain('SIGKILL');
  });

  it('ends when its parent is killed', async () => {
    const parent = fork(fileURLToPath(new URL('gpu-process-parent.ts', import.meta.url)), [dataDirectory, adapter]);
    const [processId] = (await once(parent, 'message')) as [number];
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(processId), { timeout: 10_000, interval: 20 }).toBe(false);
  });
});

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    // Where nothing reaps orphans, as in some containers, an ended process stays listed as a zombie.
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  } catch {
    return false;
  }
}
