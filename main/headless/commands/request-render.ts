import { resolve } from 'node:path';
import type { PictureView } from '../../../protocol/tasks.ts';
import type { SceneView } from '../../../worker/messages.ts';
import type { StoredInput } from '../../store/input-store.ts';
import { CommandError, exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { prepareOutputFile, writeOutputFile } from '../files.ts';
import { listShots } from '../frame-shots.ts';
import { chooseEncoder, pictureOptions, readSize } from '../picture-options.ts';
import { embeddedScenePath } from '../project-files.ts';
import { readBoughtInput } from '../request/bought-input.ts';
import { readCaps, requestOptions } from '../request/request-options.ts';
import { sceneViewOptions } from '../scene-view-options.ts';

export const requestRenderCommand = defineCommand({
  words: ['request', 'render'],
  summary: 'Buy a picture: its tiles from all providers at once, paid pass by pass, checked, receipted',
  details:
    'Progress, costs, providers and receipts go to stderr. Says what must be deposited and asks before it does so; --yes answers for a\nscript. Ctrl-C ends it, pays for what came and keeps the channels. --denoise smooths here, on the own adapter.',
  positionals: [{ name: 'SCENE.glb', summary: 'the scene file, in place of --scene' }],
  options: {
    ...pictureOptions,
    ...sceneViewOptions,
    preview: { kind: 'text', placeholder: 'F.png', summary: 'rewrite this file as tiles arrive' },
    ...requestOptions,
  },
  async run(context, options, [positional]) {
    const caps = readCaps(options);
    const encode = chooseEncoder(options);
    const shots = listShots(options.out, options.frames, options);
    const size = readSize(options);
    const scenePath = readScenePath(positional, options.scene);
    if (options.denoise && options['no-check']) {
      throw new UsageError('INVALID_VALUE', '--denoise needs the adapter of this machine, --no-check goes without');
    }
    const previewPath = options.preview === undefined ? undefined : readPreviewPath(options.preview);
    for (const { out } of shots) await prepareOutputFile('--out', out);
    if (previewPath !== undefined) await prepareOutputFile('--preview', previewPath);
    const [{ withBuyer }, { buyPicture }] = await Promise.all([
      import('../request/with-buyer.ts'),
      import('../request/buy-picture.ts'),
    ]);
    const listInputs = async (): Promise<StoredInput[]> => [
      await readBoughtInput('--scene', scenePath, 'scene'),
      ...(options.environment === undefined
        ? []
        : [await readBoughtInput('--environment', options.environment, 'environment')]),
    ];
    return withBuyer(context, options, listInputs, async (session, inputs) => {
      const [scene, environment] = inputs;
      if (scene === undefined) throw new Error('the scene is the first of the inputs');
      const { gpu } = session;
      if (options.denoise && gpu === null) {
        throw new CommandError('NO_ANSWER', '--denoise needs an adapter of this machine; --adapter software is one');
      }
      const maxBounces = options['max-bounces'];
      const { seed, samples } = options;
      const depositedBefore = session.payments.totals().deposited;
      let spent = 0n;
      for (const { out, view } of shots) {
        const request = {
          sceneSha256: scene.sha256,
          ...size,
          samplesPerPixel: samples,
          seed,
          maxBounces,
          ...readPictureView(view),
          ...(environment === undefined ? {} : { environmentSha256: environment.sha256 }),
        };
        const names = inputs.map(({ path, sha256 }) => `${path}, sha256 ${sha256}`);
        // The limits are the whole request's, however many frames it has.
        const deposited = session.payments.totals().deposited - depositedBefore;
        const left = { ...caps, maxPrice: caps.maxPrice - spent, maxDeposit: caps.maxDeposit - deposited };
        const approval = {
          caps: left,
          isGiven: options.yes,
          waitSeconds: options.wait,
          unit: 'samples',
          inputs: names,
        };
        const bought = await buyPicture(context, session, request, { approval, previewPath });
        let { film } = bought;
        if (options.denoise && gpu !== null) {
          const [{ renderLocalGuides }, { smoothFilm }] = await Promise.all([
            import('../request/local-guides.ts'),
            import('../smooth-film.ts'),
          ]);
          const shown = {
            path: scene.path,
            environmentPath: environment?.path,
            settings: { ...size, seed, maxBounces, view },
          };
          const guides = await renderLocalGuides(gpu.worker, shown, samples, context.signal);
          film = await smoothFilm(film, guides, gpu.worker, context.signal);
        }
        const outPath = resolve(out);
        await writeOutputFile('--out', outPath, encode(film));
        await bought.forget();
        const { paid, parts } = bought;
        spent += paid;
        context.output.data({ event: 'summary', out: outPath, isDenoised: options.denoise, view, paid, parts });
        context.output.text(`Wrote ${outPath}`);
      }
      return exitCodes.done;
    });
  },
});

function readScenePath(positional: string | undefined, option: string | undefined): string {
  if (positional !== undefined && option !== undefined) {
    throw new UsageError('INVALID_VALUE', `SCENE.glb and --scene both name a scene: only one can be given`);
  }
  return positional ?? option ?? embeddedScenePath;
}

function readPreviewPath(path: string): string {
  if (path.toLowerCase().endsWith('.png')) return resolve(path);
  throw new UsageError('INVALID_VALUE', `--preview must end in .png, it was given "${path}"`);
}

/** The view as a task says it: one animation at one moment, the first where none is named. */
function readPictureView({ camera, animation = '0', timeSeconds }: SceneView): PictureView {
  return {
    ...(camera === undefined ? {} : { camera }),
    ...(timeSeconds === undefined
      ? {}
      : { animation: { name: animation, timeMicroseconds: Math.round(timeSeconds * 1_000_000) } }),
  };
}
