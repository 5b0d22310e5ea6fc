import { HearthError } from '../../../protocol/errors.ts';

export type SceneErrorCode =
  | 'not-a-glb'
  | 'truncated'
  | 'limit-exceeded'
  | 'invalid-field'
  | 'out-of-range'
  | 'unsupported-feature'
  | 'node-cycle'
  | 'empty-scene'
  | 'invalid-setting'
  | 'scene-unloaded';

/** What is wrong with a scene or with what was asked of it: the field, the value found and the limit it broke. */
export interface SceneErrorDetail {
  /** Path inside the document, as `meshes[0].primitives[1].indices[37]`, or `settings.widthPixels`. */
  readonly field: string;
  readonly value?: string | number | boolean | null;
  readonly limit?: string | number;
}

/** Every refusal of the renderer. Scenes come from strangers, so the message always names the field to look at. */
export class SceneError extends HearthError<SceneErrorCode> {
  constructor(code: SceneErrorCode, message: string, detail: SceneErrorDetail, options: { cause?: unknown } = {}) {
    super(code, message, {
      data: {
        field: detail.field,
        ...(detail.value === undefined ? {} : { value: detail.value }),
        ...(detail.limit === undefined ? {} : { limit: detail.limit }),
      },
      cause: options.cause,
    });
  }
}
