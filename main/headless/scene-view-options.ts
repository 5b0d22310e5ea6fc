import type { SceneView } from '../../worker/messages.ts';
import { UsageError } from './cli-errors.ts';

/** From where and when a scene is seen. */
export const sceneViewOptions = {
  camera: {
    kind: 'text',
    placeholder: 'N|NAME',
    summary: 'camera to look through, counted from 0 (default: the first)',
  },
  time: { kind: 'number', placeholder: 'SECONDS', minimum: 0, maximum: 1e6, summary: 'moment of the animation' },
  frame: {
    kind: 'integer',
    placeholder: 'N',
    minimum: 0,
    maximum: 1e9,
    summary: 'moment of the animation, with --fps',
  },
  fps: { kind: 'number', placeholder: 'F', minimum: 0.001, maximum: 1000, summary: 'frames a second (default: 24)' },
  frames: {
    kind: 'text',
    placeholder: 'A-B[/STEP]',
    summary: 'render these frames, each to --out with its number for #',
  },
  animation: {
    kind: 'text',
    placeholder: 'N|NAME',
    summary: 'animation that plays, counted from 0 (default: the first)',
  },
} as const;

export interface SceneViewValues {
  readonly camera?: string | undefined;
  readonly time?: number | undefined;
  readonly frame?: number | undefined;
  readonly fps?: number | undefined;
  readonly animation?: string | undefined;
}

/** @throws UsageError where two options say different things or one says nothing. */
export function readSceneView({ camera, time, frame, fps, animation }: SceneViewValues): SceneView {
  if (time !== undefined && frame !== undefined) {
    throw new UsageError('INVALID_VALUE', '--time and --frame both name a moment: only one can be given');
  }
  if (fps !== undefined && frame === undefined)
    throw new UsageError('INVALID_VALUE', '--fps belongs to --frame N or --frames A-B');
  const timeSeconds = frame === undefined ? time : frame / (fps ?? 24);
  if (animation !== undefined && timeSeconds === undefined) {
    throw new UsageError('INVALID_VALUE', '--animation needs a moment: --time SECONDS or --frame N');
  }
  return {
    ...(camera === undefined ? {} : { camera }),
    ...(timeSeconds === undefined ? {} : { timeSeconds }),
    ...(animation === undefined ? {} : { animation }),
  };
}
