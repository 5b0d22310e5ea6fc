import { HearthError } from '../../protocol/errors.ts';
import type { AdapterChoice } from '../messages.ts';

export type AdapterErrorCode = 'NO_ADAPTER' | 'SOFTWARE_ONLY' | 'DEVICE_REFUSED';

export class AdapterError extends HearthError<AdapterErrorCode> {}

/** The two software adapters Hearth knows how to bring up itself. */
export type SoftwareAdapterName = 'lavapipe' | 'swiftshader';

export type ParsedAdapterChoice =
  | { readonly kind: 'real' }
  | { readonly kind: 'software'; readonly only: SoftwareAdapterName | null }
  | { readonly kind: 'name'; readonly text: string };

/** What an enumeration tells before a device is opened. */
export interface AdapterCandidate {
  readonly backend: string;
  readonly name: string;
}

const softwareNames = /llvmpipe|lavapipe|swiftshader|basic render|\bwarp\b|softpipe|apple software renderer/i;

/** True for adapters that compute on the processor. `texts` are the vendor, architecture, device and description. */
export function isSoftwareName(...texts: readonly string[]): boolean {
  return texts.some((text) => softwareNames.test(text));
}

/** The same of what an adapter or a device says of itself; a device that only counts bytes says nothing, and stands for a real one. */
export function isSoftwareAdapter(info: GPUAdapterInfo | undefined): boolean {
  if (info === undefined) return false;
  return info.isFallbackAdapter || isSoftwareName(info.vendor, info.architecture, info.device, info.description);
}

/** `real` and `software` are words of their own, as are `lavapipe` and `swiftshader`; anything else is part of a name. */
export function parseAdapterChoice(choice: AdapterChoice): ParsedAdapterChoice {
  const text = choice.trim();
  const word = text.toLowerCase();
  if (word === '' || word === 'real') return { kind: 'real' };
  if (word === 'software') return { kind: 'software', only: null };
  if (word === 'lavapipe' || word === 'llvmpipe') return { kind: 'software', only: 'lavapipe' };
  if (word === 'swiftshader') return { kind: 'software', only: 'swiftshader' };
  return { kind: 'name', text };
}

/**
 * Picks from what the driver lists, in its order. A real choice never falls back to a software adapter.
 *
 * @throws AdapterError NO_ADAPTER when nothing is listed or matches, SOFTWARE_ONLY when `real` was asked and only
 * software adapters are there.
 */
export function chooseAdapter(choice: ParsedAdapterChoice, candidates: readonly AdapterCandidate[]): AdapterCandidate {
  const listed = candidates.map((candidate) => candidate.name).join(', ');
  const data = { listed, count: candidates.length };
  const match = candidates.find((candidate) => matches(choice, candidate));
  if (match !== undefined) return match;
  if (candidates.length === 0) {
    throw new AdapterError(
      'NO_ADAPTER',
      'no GPU adapter was found: the system lists none; install or update the graphics driver, or use --adapter software',
      { data },
    );
  }
  if (choice.kind === 'real') {
    throw new AdapterError(
      'SOFTWARE_ONLY',
      `only software adapters were found (${listed}): they are never chosen silently; use --adapter software to allow one`,
      { data },
    );
  }
  const wanted = choice.kind === 'name' ? `a name containing "${choice.text}"` : (choice.only ?? 'a software adapter');
  throw new AdapterError('NO_ADAPTER', `no adapter matches ${wanted}: the system lists ${listed}`, { data });
}

function matches(choice: ParsedAdapterChoice, candidate: AdapterCandidate): boolean {
  const name = candidate.name.toLowerCase();
  if (choice.kind === 'real') return !isSoftwareName(name);
  if (choice.kind === 'name') return name.includes(choice.text.toLowerCase());
  if (choice.only === null) return isSoftwareName(name);
  return choice.only === 'swiftshader' ? name.includes('swiftshader') : /llvmpipe|lavapipe/.test(name);
}
