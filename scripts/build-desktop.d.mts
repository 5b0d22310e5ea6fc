/** Configuration file and mode of every part. */
export const desktopBuilds: readonly (readonly [configFile: string, mode: string])[];
export function buildDesktop(): Promise<void>;
