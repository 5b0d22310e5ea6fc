/** A piece of WGSL with the pieces whose functions and types it uses. One fragment belongs to one `.wgsl` file. */
export interface ShaderFragment {
  readonly name: string;
  readonly code: string;
  readonly requires: readonly ShaderFragment[];
}

/**
 * Joins a fragment and all it needs into one module, each piece once and after the pieces it uses. `replacements` take the
 * place of pieces that define the same names.
 */
export function assembleShader(
  main: ShaderFragment,
  replacements: ReadonlyMap<ShaderFragment, ShaderFragment> = new Map(),
): string {
  const done = new Set<ShaderFragment>();
  const parts: string[] = [];
  function visit(asked: ShaderFragment, ancestors: readonly ShaderFragment[]): void {
    const fragment = replacements.get(asked) ?? asked;
    if (ancestors.includes(fragment)) throw new Error(`shader fragment ${fragment.name} requires itself`);
    if (done.has(fragment)) return;
    for (const required of fragment.requires) visit(required, [...ancestors, fragment]);
    done.add(fragment);
    parts.push(`// ---- ${fragment.name}\n${fragment.code}`);
  }
  visit(main, []);
  return parts.join('\n');
}
