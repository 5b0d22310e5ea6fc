import { extname, resolve } from 'node:path';
import {
  type GuideFilm,
  type GuideName,
  channelsOf,
  encodeExrChannels,
  guideNames,
} from '../../requester/image/index.ts';
import { exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { checkInputFile, prepareOutputFile, writeOutputFile } from '../files.ts';
import { listShots } from '../frame-shots.ts';
import type { GpuProcess } from '../gpu-process.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import { chooseEncoder, pictureOptions, readSize } from '../picture-options.ts';
import { embeddedScenePath } from '../project-files.ts';
import { sceneViewOptions } from '../scene-view-options.ts';

export const renderCommand = defineCommand({
  words: ['render'],
  summary: "Path-trace a scene on this machine's GPU into a PNG or EXR",
  details: 'The same seed, scene and adapter give the same bytes.',
  options: {
    ...pictureOptions,
    ...sceneViewOptions,
    aov: {
      kind: 'text',
      placeholder: 'albedo,normal,depth',
      summary: 'also write these, each to a linear EXR beside the picture (F.albedo.exr ...)',
    },
  },
  async run(context, options) {
    const encode = chooseEncoder(options);
    const shots = listShots(options.out, options.frames, options).map(({ out, view }) => ({
      view,
      out,
      guideOutputs: chooseGuides(out, options.aov),
    }));
    const { renderImage } = await import('../render-image.ts');
    const [scenePath, environmentPath] = await Promise.all([
      checkInputFile('--scene', options.scene ?? embeddedScenePath),
      options.environment === undefined ? undefined : checkInputFile('--environment', options.environment),
    ]);
    const settings = {
      ...readSize(options),
      seed: options.seed,
      maxBounces: options['max-bounces'],
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
