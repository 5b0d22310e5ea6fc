import { extname } from 'node:path';
import { exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { checkInputFile, prepareOutputFile, writeOutputFile } from '../files.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import { embeddedScenePath } from '../project-files.ts';

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
    environment: { kind: 'text', placeholder: 'F.hdr|F.exr', summary: 'environment light, equirectangular' },
    out: {
      kind: 'text',
      placeholder: 'F.png',
      required: true,
      summary: 'picture to write; .exr is not in this version',
    },
  },
  async run(context, options) {
    assertSupported(options.out);
    const { renderImage } = await import('../render-image.ts');
    const [scenePath, outPath, environmentPath] = await Promise.all([
      checkInputFile('--scene', options.scene ?? embeddedScenePath),
      prepareOutputFile('--out', options.out),
      options.environment === undefined ? undefined : checkInputFile('--environment', options.environment),
    ]);
    const settings = {
      widthPixels: options.width,
      heightPixels: options.height,
      seed: options.seed,
      maxBounces: options['max-bounces'],
    };
    return withGpu(context, async (gpu) => {
      const { output, signal } = context;
      const result = await renderImage({
        gpu,
        scenePath,
        environmentPath,
        settings,
        samples: options.samples,
        signal,
        output,
      });
      await writeOutputFile('--out', outPath, result.png);
      output.log(
        `${formatMillions(result.samplesPerSecond)} million samples/s, ${(result.renderMs / 1000).toFixed(1)} s`,
      );
      output.data({
        event: 'summary',
        out: outPath,
        ...settings,
        samples: options.samples,
        triangles: result.scene.triangleCount,
        renderMs: result.renderMs,
        samplesPerSecond: result.samplesPerSecond,
        adapter: describeAdapter(gpu),
      });
      output.text(`Wrote ${outPath}`);
      return exitCodes.done;
    });
  },
});

function assertSupported(out: string): void {
  const extension = extname(out).toLowerCase();
  if (extension === '.exr') {
    throw new UsageError('NOT_SUPPORTED', '--out cannot be an .exr in this version yet; choose a .png');
  }
  if (extension !== '.png') {
    throw new UsageError('INVALID_VALUE', `--out must end in .png, it was given "${out}"`);
  }
}

function formatMillions(value: number): string {
  return (value / 1e6).toPrecision(3);
}
