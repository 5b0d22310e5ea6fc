import type { AdapterDescription } from '../../worker/messages.ts';
import { wireLimits } from '../../protocol/wire/limits.ts';

/**
 * Names adapters that must give the same bytes for the same task: maker, family, device and driver text, back end. Two
 * nodes of one class are compared byte by byte, so anything that could change a result belongs in here.
 */
export function adapterClassOf(adapter: AdapterDescription): string {
  const parts = [adapter.backend, adapter.vendor, adapter.architecture, adapter.device, adapter.description];
  const name = parts.map((part) => part.trim().replaceAll(/\s+/g, ' ').replaceAll('/', '-')).join('/');
  // UTF-8 takes at most three bytes per UTF-16 unit.
  return name.length * 3 <= wireLimits.adapterClass
    ? name
    : name.slice(0, Math.floor(wireLimits.adapterClass / 3)).toWellFormed();
}
