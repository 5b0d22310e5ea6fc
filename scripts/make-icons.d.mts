export interface Icon {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly channels: 4;
  readonly depth: 8;
}

/** Path below the project -> image. */
export function drawAllIcons(): Map<string, Icon>;
