import { basename } from 'node:path';
import { type BenchReport, renderReport, softwareNote } from '../bench/bench-report.ts';
import { measureRender } from '../bench/measure-render.ts';
import { exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { nameFileInErrors } from '../files.ts';
import { withGpu } from '../gpu-session.ts';
import { modelOption, parseVectors, resolveModelPath, vectorsOption } from '../model-options.ts';
import { embeddedScenePath, readPackageVersion, readVersion } from '../project-files.ts';

const matrixChoices = ['auto', 'f32', 'f16', 'subgroup-matrix'] as const;

/** A large model on a slow adapter takes its time; the command ends by its signal. */
const modelTimeoutMs = 4 * 60 * 60 * 1000;

export const benchCommand = defineCommand({
  words: ['bench'],
  summary: 'Measure the adapter, a model on it and the embedded scene',
  details:
    'Copy bandwidth, dispatch gap, prefill and decode rates, what a token costs in calls, and render samples per second. --profile times every kernel as well, where the adapter has timestamps. Nothing else should run meanwhile.',
  options: {
    model: modelOption,
    prefill: count('N', 512, 'prompt tokens of the prefill'),
    decode: count('N', 128, 'tokens to decode'),
    depth: count('N', 4096, 'positions in the cache for the second decode; the first starts from none'),
    repetitions: {
      kind: 'integer',
      placeholder: 'N',
      minimum: 1,
      maximum: 100,
      fallback: 3,
      summary: 'runs of each; the median counts',
    },
    profile: { kind: 'flag', summary: 'time every kernel' },
    matrices: {
      kind: 'text',
      placeholder: matrixChoices.join('|'),
      fallback: 'auto',
      summary: 'how matrices of the prompt are multiplied; auto: on matrix units that compute right numbers, else f32',
    },
    vectors: vectorsOption,
  },
  async run(context, options) {
    const { signal, output } = context;
    const matrices = matrixChoices.find((choice) => choice === options.matrices);
    if (matrices === undefined) {
      const given = options.matrices.slice(0, 40);
      throw new UsageError('INVALID_VALUE', `--matrices takes ${matrixChoices.join(', ')}; "${given}" is none of them`);
    }
    const vectors = parseVectors(options.vectors);
    const path = await resolveModelPath(options.model);
    return withGpu(context, async (gpu) => {
      const limits = await gpu.worker.call('benchmark', {}, { signal });
      output.log('measuring the model');
      const model = await nameFileInErrors('--model', path, () =>
        gpu.worker.call(
          'bench-model',
          {
            source: { kind: 'file', path },
            copyBytesPerSecond: Math.max(1, Math.round(limits.copyBytesPerSecond)),
            options: {
              prefillTokens: options.prefill,
              decodeTokens: options.decode,
              depths: [0, options.depth],
              batches: [1, 2, 4, 8, 16],
              repetitions: options.repetitions,
              profile: options.profile,
              matrices,
              vectors,
            },
          },
          { signal, timeoutMs: modelTimeoutMs },
        ),
      );
      output.log('measuring the scene');
      const render = await measureRender(gpu, embeddedScenePath, basename(embeddedScenePath), signal);
      const report: BenchReport = {
        date: new Date().toISOString(),
        versions: { hearth: readVersion(), node: process.versions.node, webgpu: readPackageVersion('webgpu') },
        adapter: gpu.description,
        note: gpu.description.isSoftware ? softwareNote : null,
        limits,
        model,
        render,
      };
      output.data(report);
      output.text(renderReport(report));
      return exitCodes.done;
    });
  },
});

function count<const Fallback extends number>(placeholder: string, fallback: Fallback, summary: string) {
  return { kind: 'integer', placeholder, minimum: 1, maximum: 131_072, fallback, summary } as const;
}
