import { extname, resolve } from 'node:path';
import {
  type Film,
  type GuideFilm,
  type GuideName,
  channelsOf,
  encodeExr,
  encodeExrChannels,
  encodePng,
  guideNames,
  toneMaps,
} from '../../requester/image/index.ts';
import { exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { checkInputFile, prepareOutputFile, writeOutputFile } from '../files.ts';
import { listShots } from '../frame-shots.ts';
import type { GpuProcess } from '../gpu-process.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import { embeddedScenePath } from '../project-files.ts';
import { sceneViewOptions } from '../scene-view-options.ts';

export const renderCommand = defineCommand({
  words: ['render'],
  summary: "Path-trace a scene on this machine's GPU into a PNG",
  details: 'The same seed, scene and adapter give the same bytes.',
  options: {
    scene: { kind: 'text', placeholder: 'F.glb', summary: 'scene file (default: the embedded room)' },
    width: { kind: 'integer', placeholder: 'W', minimum: 1, maximum: 16_384, fallback: 512, summary: 'pixels' },
    height: { kind: 'integer', placeholder: 'H', minimum: 1, maximum: 16_384, fallback: 512, summary: 'pixels' },
    samples: {
      kind: 'integer',
      placeholder: 'N',
      minimum: 1,
      maximum: 65_536,
      fallback: 64,
      summary: 'samples per pixel',
    },
    seed: {
      kind: 'integer',
      placeholder: 'N',
      minimum: 0,
      maximum: 0xff_ff_ff_ff,
      fallback: 0,
      summary: 'seed of the sampling',
    },
    'max-bounces': {
      kind: 'integer',
      placeholder: 'N',
      minimum: 1,
      maximum: 64,
      fallback: 8,
      summary: 'longest light path',
    },
    ...sceneViewOptions,
    tree: {
      kind: 'text',
      placeholder: 'best|fast',
      fallback: 'best',
      summary: 'fast: large scenes load sooner, rays take a tenth longer; the picture is the same',
    },
    environment: { kind: 'text', placeholder: 'F.hdr|F.exr', summary: 'environment light, equirectangular' },
    out: {
      kind: 'text',
      placeholder: 'F.png|F.exr',
      required: true,
      summary: 'picture to write; .exr is linear float32',
    },
    aov: {
      kind: 'text',
      placeholder: 'albedo,normal,depth',
      summary: 'also write these, each to a linear EXR beside the picture (F.albedo.exr ...)',
    },
    denoise: { kind: 'flag', summary: 'smooth the finished picture, guided by albedo, normal and depth' },
    depth: { kind: 'integer', placeholder: '8|16', minimum: 8, maximum: 16, fallback: 8, summary: 'bits of a PNG' },
    exposure: {
      kind: 'number',
      placeholder: 'EV',
      minimum: -32,
      maximum: 32,
      fallback: 0,
      summary: 'stops to brighten a PNG by',
    },
    tone: { kind: 'text', placeholder: 'none|agx|aces', fallback: 'none', summary: 'tone curve of a PNG' },
  },
  async run(context, options) {
    const encode = chooseEncoder(options);
    const shots = listShots(options.out, options.frames, options).map(({ out, view }) => ({
      view,
      out,
      guideOutputs: chooseGuides(out, options.aov),
    }));
    const tree = readTree(options.tree);
    const { renderImage } = await import('../render-image.ts');
    const [scenePath, environmentPath] = await Promise.all([
      checkInputFile('--scene', options.scene ?? embeddedScenePath),
      options.environment === undefined ? undefined : checkInputFile('--environment', options.environment),
    ]);
    const settings = {
      widthPixels: options.width,
      heightPixels: options.height,
      seed: options.seed,
      maxBounces: options['max-bounces'],
      tree,
    };
    for (const { out } of shots) await prepareOutputFile('--out', out);
    return withGpu(context, async (gpu) => {
      for (const shot of shots) await renderShot(gpu, shot);
      return exitCodes.done;
    });

    async function renderShot(gpu: GpuProcess, { out, view, guideOutputs }: (typeof shots)[number]): Promise<void> {
      const { output, signal } = context;
      const outPath = resolve(out);
      const result = await renderImage({
        gpu,
        scenePath,
        environmentPath,
        settings: { ...settings, view },
        samples: options.samples,
        withGuides: guideOutputs.length > 0,
        smooths: options.denoise,
        signal,
        output,
      });
      await writeOutputFile('--out', outPath, encode(result.film));
      for (const { name, path } of guideOutputs)
        await writeOutputFile('--aov', path, encodeGuide(result.guides as GuideFilm, name));
      output.log(
        `${formatMillions(result.samplesPerSecond)} million samples/s, ${(result.renderMs / 1000).toFixed(1)} s`,
      );
      output.data({
        event: 'summary',
        out: outPath,
        isDenoised: options.denoise,
        aov: guideOutputs.map(({ path }) => path),
        ...settings,
        view,
        samples: options.samples,
        triangles: result.scene.triangleCount,
        renderMs: result.renderMs,
        samplesPerSecond: result.samplesPerSecond,
        adapter: describeAdapter(gpu),
      });
      output.text(`Wrote ${outPath}`);
    }
  },
});

function readTree(tree: string): 'best' | 'fast' {
  if (tree === 'best' || tree === 'fast') return tree;
  throw new UsageError('INVALID_VALUE', `--tree must be best or fast, it was given "${tree}"`);
}

interface PictureOptions {
  readonly out: string;
  readonly depth: number;
  readonly exposure: number;
  readonly tone: string;
}

/** @throws UsageError before anything is rendered, when the picture cannot be written as asked. */
function chooseEncoder({ out, depth, exposure, tone }: PictureOptions): (film: Film) => Uint8Array {
  const extension = extname(out).toLowerCase();
  if (extension !== '.png' && extension !== '.exr') {
    throw new UsageError('INVALID_VALUE', `--out must end in .png or .exr, it was given "${out}"`);
  }
  const toneMap = toneMaps.find((name) => name === tone);
  if (toneMap === undefined) {
    throw new UsageError('INVALID_VALUE', `--tone must be ${toneMaps.join(', ')}, it was given "${tone}"`);
  }
  if (depth !== 8 && depth !== 16)
    throw new UsageError('INVALID_VALUE', `--depth must be 8 or 16, it was given "${depth}"`);
  if (extension === '.png') return (film) => encodePng(film, { toneMap, exposureStops: exposure, depthBits: depth });
  if (toneMap !== 'none' || exposure !== 0 || depth !== 8) {
    throw new UsageError('INVALID_VALUE', '--tone, --exposure and --depth are for a .png; an .exr is linear float32');
  }
  return encodeExr;
}

interface GuideOutput {
  readonly name: GuideName;
  readonly path: string;
}

/** @throws UsageError when the list names something else. */
function chooseGuides(out: string, list: string | undefined): GuideOutput[] {
  if (list === undefined) return [];
  const names = [...new Set(list.split(','))].map((given) => {
    const name = guideNames.find((known) => known === given.trim());
    if (name !== undefined) return name;
    throw new UsageError('INVALID_VALUE', `--aov must list ${guideNames.join(', ')}, it was given "${list}"`);
  });
  const base = resolve(out.slice(0, out.length - extname(out).length));
  return names.map((name) => ({ name, path: `${base}.${name}.exr` }));
}

const guideChannels = { albedo: ['R', 'G', 'B'], normal: ['R', 'G', 'B'], depth: ['Z'] } as const;

function encodeGuide(guides: GuideFilm, name: GuideName): Uint8Array {
  return encodeExrChannels(guides.widthPixels, guides.heightPixels, channelsOf(guides.mean(name), guideChannels[name]));
}

function formatMillions(value: number): string {
  return (value / 1e6).toPrecision(3);
}
