/** Measures this machine's adapter and writes one results file; see bench/README.md. Started by run.sh or `node bench/bundle/run.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, release } from 'node:os';
import { resolve } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import { MeasuringTuner, type Measured, setTuner } from '../../worker/gpu/autotune/tuner.ts';
import { runBenchmark } from '../../worker/gpu/benchmark.ts';
import { SUPPORTED_FORMATS } from '../../worker/llm/formats/supported-formats.ts';
import { benchModel } from '../../worker/llm/profile/bench-model.ts';
import { findModelShape } from '../../worker/llm/profile/random-model/model-shapes.ts';
import { createRandomModel } from '../../worker/llm/profile/random-model/random-model.ts';
import { checkModel } from '../kernels/check-model.ts';
import { measureAttention } from '../kernels/measure-attention.ts';
import type { MatrixUnits } from '../../worker/llm/kernels/matrix-units.ts';
import { checkIntegerDot } from '../../worker/llm/kernels/integer-dot.ts';
import { chooseMatrices } from '../../worker/llm/kernels/prompt-matrices.ts';
import { type BatchVariant, type MeasureEnvironment, measureMatrix, nameVariant } from '../kernels/measure-matrix.ts';
import { attempt } from './attempt.ts';
import { openAdapter } from './open-adapter.ts';
import { attentionLine, kernelLine, modelCheckLine, modelLine } from './report-lines.ts';
import { type BenchSettings, readSettings, usage } from './settings.ts';
import { readSubgroupMatrix } from './subgroup-matrix.ts';

const say = (line: string): void => console.error(line);

async function runBench(settings: BenchSettings, date: Date): Promise<boolean> {
  const opened = await openAdapter(settings.adapter);
  const { device, description } = opened;
  const kind = description.isSoftware ? ' (SOFTWARE: relative cost only, no measure of any card)' : '';
  say(`adapter: ${description.description || description.device} [${description.backend}]${kind}`);
  const results: Record<string, unknown> = {
    format: 'hearth-bench-1',
    date: date.toISOString(),
    note: description.isSoftware
      ? 'a software adapter: figures compare kernels with each other and say nothing of a card'
      : null,
    // Without the path: it names folders of the machine.
    settings: { ...settings, outPath: undefined },
    versions: { ...readVersions(), node: process.versions.node },
    machine: { kernel: release(), architecture: arch(), processor: cpus()[0]?.model ?? '', cores: cpus().length },
    adapter: { ...description, driver: opened.driver },
    deviceFeatures: [...device.features].toSorted(),
  };
  // Written after every step, so that a driver that hangs or dies leaves what was measured before it.
  const record = (name: string, value: unknown): void => {
    results[name] = value;
    writeFileSync(settings.outPath, `${JSON.stringify(results, null, 1)}\n`);
  };

  record('subgroupMatrix', await readSubgroupMatrix(device));
  const limits = await runBenchmark(device, () => performance.now());
  record('limits', limits);
  const { copyBytesPerSecond, dispatchMicroseconds } = limits;
  say(`copy ${gigabytes(copyBytesPerSecond)} GB/s, dispatch gap ${dispatchMicroseconds.toFixed(2)} us`);

  const formats = settings.formats.filter((format) => SUPPORTED_FORMATS.has(format));
  const missing = settings.formats.filter((format) => !SUPPORTED_FORMATS.has(format));
  if (missing.length > 0) say(`left out, the engine has no kernels for them: ${missing.join(', ')}`);
  record('formatsLeftOut', missing);

  const matrixUnits = await chooseMatrices(device, 'auto');
  record(
    'matrixUnits',
    matrixUnits.variant === 'subgroup-matrix' ? describeUnits(matrixUnits.units) : matrixUnits.reason,
  );
  say(`matrices: ${matrixUnits.variant}${matrixUnits.reason === null ? '' : `, ${matrixUnits.reason}`}`);

  const checks: unknown[] = [];
  let failures = 0;
  const choices = ['f32', ...(matrixUnits.variant === 'f32' ? [] : ['auto' as const])] as const;
  for (const [format, matrices] of formats.flatMap((each) => choices.map((choice) => [each, choice] as const))) {
    const check = await attempt(device, { format, matrices }, () => checkModel(device, format, matrices));
    checks.push(check);
    if (!('isRight' in check) || !check.isRight) failures += 1;
    say(modelCheckLine(check));
    record('checks', checks);
  }

  const { targetMs, coldBytes } = settings;
  const environment: MeasureEnvironment = { device, copyBytesPerSecond, targetMs, coldBytes };
  const variants: readonly BatchVariant[] = [
    'f32',
    ...(device.features.has('shader-f16') ? (['f16'] as const) : []),
    ...(matrixUnits.variant === 'subgroup-matrix' ? settings.subgroupTiles : []),
  ];
  const kernels: unknown[] = [];
  const vectorWays = (await hasIntegerDot(device)) ? (['f32', 'int8'] as const) : (['f32'] as const);
  for (const [shapes, tokens, ways] of [
    [settings.vectorShapes, 1, vectorWays],
    ...settings.fewTokens.map((tokens) => [settings.vectorShapes, tokens, vectorWays] as const),
    [settings.batchShapes, settings.batchTokens, variants],
  ] as const) {
    for (const format of formats) {
      const isRounded = SUPPORTED_FORMATS.get(format)?.int8Code !== undefined;
      const possible = ways.filter((way) => way !== 'int8' || isRounded);
      for (const [shape, way] of shapes.flatMap((each) => possible.map((variant) => [each, variant] as const))) {
        const spec = { ...shape, format };
        const measured = await attempt(device, { ...spec, tokens, variant: nameVariant(way) }, () =>
          measureMatrix(environment, spec, tokens, way),
        );
        kernels.push(measured);
        if (!('check' in measured) || !measured.check.isRight) failures += 1;
        say(kernelLine(measured));
        record('kernels', kernels);
      }
    }
  }

  const attention: unknown[] = [];
  for (const spec of settings.attention) {
    const measured = await attempt(device, spec, () => measureAttention(environment, spec));
    attention.push(measured);
    if (!('check' in measured) || !measured.check.isRight) failures += 1;
    say(attentionLine(measured));
    record('attention', attention);
  }

  // From here on as in a node: models take the variants that are fastest on this card.
  const tuned: Measured[] = [];
  if (!description.isSoftware) {
    setTuner(
      device,
      new MeasuringTuner({
        device,
        adapterKey: description.description,
        records: [],
        onChange: () => record('tuning', tuned),
        onMeasured: (measured) => tuned.push(measured),
        nowMs: () => performance.now(),
      }),
    );
  }
  const models: unknown[] = [];
  for (const { shape, format, matrices, vectors } of settings.models) {
    const measured = await attempt(device, { shape, format, matrices, vectors }, () =>
      benchModel(
        { device, nowMs: () => performance.now(), copyBytesPerSecond },
        createRandomModel({ shape: findModelShape(shape), format, seed: 1 }),
        { ...settings.model, matrices, vectors },
      ),
    );
    models.push(measured);
    if ('error' in measured) failures += 1;
    say(modelLine(measured));
    record('models', models);
  }
  record('failures', failures);
  say(
    `${failures === 0 ? 'everything agreed with its reference' : `${failures} FAILED`}; ${resolve(settings.outPath)}`,
  );
  return failures === 0;
}

/** Says why where there is none. */
async function hasIntegerDot(device: GPUDevice): Promise<boolean> {
  try {
    await checkIntegerDot(device);
    return true;
  } catch (error) {
    say(errorText(error));
    return false;
  }
}

function describeUnits({ m, n, k, subgroupSize, element }: MatrixUnits): string {
  return `f16 -> f32 ${m}x${n}x${k}, subgroups of ${subgroupSize}, operands in ${element}`;
}

/** The build writes them beside the runner; in a checkout they are read from package.json. */
function readVersions(): Record<string, string> {
  for (const name of ['./versions.json', '../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Record<string, unknown>;
      const fields = ['hearth', 'commit', 'webgpu', 'version', 'name'].flatMap((field) => {
        const value = manifest[field];
        return typeof value === 'string' ? [[field, value] as const] : [];
      });
      return Object.fromEntries(fields);
    } catch {
      continue;
    }
  }
  return {};
}

function gigabytes(bytesPerSecond: number): string {
  return (bytesPerSecond / 1e9).toFixed(1);
}

const date = new Date();
let settings: BenchSettings;
try {
  settings = readSettings(process.argv.slice(2), date);
} catch (error) {
  say(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exit(2);
}
try {
  // Ends by force: a driver's own threads may keep the process alive.
  process.exit((await runBench(settings, date)) ? 0 : 1);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
