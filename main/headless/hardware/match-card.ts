import type { Systeminformation } from 'systeminformation';
import type { AdapterDescription } from '../../../worker/messages.ts';

type Controller = Systeminformation.GraphicsControllerData;

/** WebGPU's vendor names on the left, what drivers and `lspci` print on the right. */
const vendorPatterns: Readonly<Record<string, RegExp>> = {
  nvidia: /nvidia/i,
  amd: /\bamd\b|\bati\b|advanced micro devices|radeon/i,
  intel: /intel/i,
  apple: /apple/i,
  qualcomm: /qualcomm|adreno/i,
  arm: /\barm\b|mali/i,
};

/** Words of a name that say nothing about which card it is. */
const commonWords = new Set([
  'nvidia',
  'amd',
  'intel',
  'apple',
  'corporation',
  'inc',
  'geforce',
  'radeon',
  'graphics',
  'r',
  'tm',
]);

/**
 * Finds the card an adapter is: the same vendor, and the most words of the name in common ("RTX", "4090"). One card of
 * the vendor needs no word in common, as `lspci` often knows only a code name. Undefined when nothing fits: a wrong card's
 * temperature is worse than none.
 */
export function matchCard(adapter: AdapterDescription, controllers: readonly Controller[]): Controller | undefined {
  if (adapter.isSoftware) return undefined;
  const pattern = vendorPatterns[adapter.vendor.toLowerCase()];
  const sameVendor = controllers.filter(({ vendor, model, name }) => {
    return pattern === undefined || pattern.test(`${vendor} ${model} ${name ?? ''}`);
  });
  const wanted = words(`${adapter.device} ${adapter.description} ${adapter.architecture}`);
  const ranked = sameVendor
    .map((controller) => ({
      controller,
      score: countShared(wanted, words(`${controller.model} ${controller.name ?? ''}`)),
    }))
    .toSorted((left, right) => right.score - left.score);
  const best = ranked[0];
  if (best === undefined) return undefined;
  if (best.score > 0) return best.controller;
  return pattern !== undefined && ranked.length === 1 ? best.controller : undefined;
}

function words(text: string): Set<string> {
  const found = text.toLowerCase().match(/[a-z]+\d+[a-z]*|\d+[a-z]*|[a-z]+/g) ?? [];
  return new Set(found.filter((word) => !commonWords.has(word)));
}

function countShared(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  return [...left].filter((word) => right.has(word)).length;
}
