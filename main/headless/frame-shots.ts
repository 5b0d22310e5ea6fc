import type { SceneView } from '../../worker/messages.ts';
import { UsageError } from './cli-errors.ts';
import { type SceneViewValues, readSceneView } from './scene-view-options.ts';

/** One picture of a render: the file it goes to and the moment it shows. */
export interface Shot {
  readonly out: string;
  readonly view: SceneView;
}

const mostFrames = 100_000;

/**
 * One shot, or one for each frame of `--frames A-B` or `A-B/STEP`, whose number takes the place of the `#` in `--out`.
 *
 * @throws UsageError where the options do not say together what is to be rendered.
 */
export function listShots(out: string, frames: string | undefined, values: SceneViewValues): Shot[] {
  if (frames === undefined) return [{ out, view: readSceneView(values) }];
  if (values.time !== undefined || values.frame !== undefined) {
    throw new UsageError('INVALID_VALUE', '--frames names its own moments: --time and --frame cannot be given with it');
  }
  const numbers = readFrames(frames);
  if (!out.includes('#')) {
    throw new UsageError('INVALID_VALUE', `--out needs a # where the number of a frame goes, it was given "${out}"`);
  }
  return numbers.map((frame) => ({
    out: out.replace(/#+/, (marks) => String(frame).padStart(marks.length, '0')),
    view: readSceneView({ ...values, frame }),
  }));
}

function readFrames(text: string): number[] {
  const [, first, last, step = '1'] = /^(\d{1,9})-(\d{1,9})(?:\/(\d{1,9}))?$/.exec(text) ?? [];
  const [from, to, by] = [Number(first), Number(last), Number(step)];
  if (first === undefined || to < from || by < 1) {
    throw new UsageError('INVALID_VALUE', `--frames must be like 1-48 or 1-48/2, it was given "${text}"`);
  }
  const count = Math.floor((to - from) / by) + 1;
  if (count > mostFrames) {
    throw new UsageError('INVALID_VALUE', `--frames names ${count} frames; at most ${mostFrames} are rendered at once`);
  }
  return Array.from({ length: count }, (_, index) => from + index * by);
}
