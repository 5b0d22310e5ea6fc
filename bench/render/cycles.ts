/** Blender's Cycles on the CPU as a renderer of GLB bytes: one Blender process, spoken to in lines (cycles-server.py). */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface CyclesScene {
  readonly glb: Uint8Array;
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** Most scatterings of a path: what settings.maxBounces is to us, one more than Cycles calls bounces. */
  readonly scatterings: number;
  /** Radiance of the world. */
  readonly background?: readonly [number, number, number];
  readonly pattern?: 'SOBOL' | 'PROGRESSIVE_MULTI_JITTER';
}

export interface CyclesPicture {
  /** Means of linear R, G, B, rows from the top. */
  readonly means: Float64Array;
  readonly cpuMs: number;
  readonly wallMs: number;
}

export interface Cycles {
  load(scene: CyclesScene): Promise<{ loadCpuMs: number; blender: string }>;
  /** Of the loaded scene. */
  render(samples: number, seed: number): Promise<CyclesPicture>;
  close(): void;
}

export function startCycles(): Cycles {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-cycles-'));
  const script = fileURLToPath(new URL('cycles-server.py', import.meta.url));
  const blender = spawn(
    'blender',
    ['--background', '--factory-startup', '--python-exit-code', '1', '--python', script],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const answers: ((text: string) => void)[] = [];
  const chatter: string[] = [];
  createInterface({ input: blender.stdout }).on('line', (line) => {
    if (line.startsWith('ANSWER ')) answers.shift()?.(line.slice(7));
    else chatter.push(line);
  });
  const ended = new Promise<never>((_, reject) => {
    blender.on('error', reject);
    blender.on('exit', () => reject(new Error(`Blender ended:\n${chatter.slice(-15).join('\n')}`)));
  });
  ended.catch(() => undefined);
  let size = { widthPixels: 0, heightPixels: 0 };

  async function ask<T>(command: object): Promise<T> {
    const answer = new Promise<string>((resolve) => answers.push(resolve));
    blender.stdin.write(`${JSON.stringify(command)}\n`);
    return JSON.parse(await Promise.race([answer, ended])) as T;
  }

  return {
    async load({ glb, ...scene }) {
      const path = join(folder, 'scene.glb');
      writeFileSync(path, glb);
      size = scene;
      return ask({ do: 'load', path, ...scene });
    },
    async render(samples, seed) {
      const picture = join(folder, 'picture.f32');
      const times = await ask<{ cpuMs: number; wallMs: number }>({ do: 'render', samples, seed, picture });
      const bytes = readFileSync(picture);
      const pixels = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const { widthPixels, heightPixels } = size;
      const means = new Float64Array(widthPixels * heightPixels * 3);
      for (let index = 0; index < means.length; index += 1) {
        const pixel = Math.floor(index / 3);
        const row = heightPixels - 1 - Math.floor(pixel / widthPixels);
        means[index] = pixels[(row * widthPixels + (pixel % widthPixels)) * 4 + (index % 3)] as number;
      }
      return { means, ...times };
    },
    close() {
      blender.stdin.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
