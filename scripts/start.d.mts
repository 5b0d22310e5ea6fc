export type StartDecision =
  | { readonly kind: 'desktop'; readonly binary: string }
  | { readonly kind: 'download' }
  | { readonly kind: 'headless'; readonly sentence: string | null };

export interface StartFacts {
  readonly headless: boolean;
  readonly display: boolean;
  /** Path of Electron's binary, or null where it is not installed. */
  readonly binary: string | null;
  /** Why the download did not bring it; null while it was not tried. */
  readonly download: string | null;
}

export function decideStart(facts: StartFacts): StartDecision;
export function hasDisplay(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): boolean;
export function findElectron(
  electronDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
  fileExists?: (path: string) => boolean,
  readText?: (path: string, encoding: 'utf8') => string,
): string | null;
