/** A piece of WGSL with the pieces whose functions and types it uses. One fragment belongs to one `.wgsl` file. */
export interface ShaderFragment {
  readonly name: string;
  readonly code: string;
  readonly requires: readonly ShaderFragment[];
}

/** Joins a fragment and all it needs into one module, each piece once and after the pieces it uses. */
export function assembleShader(main: ShaderFragment): string {
  const done = new Set<ShaderFragment>();
  const parts: string[] = [];
  function visit(fragment: ShaderFragment, ancestors: readonly ShaderFragment[]): void {
    if (ancestors.includes(fragment)) throw new Error(`shader fragment ${fragment.name} requires itself`);
    if (done.has(fragment)) return;
    for (const required of fragment.requires) visit(required, [...ancestors, fragment]);
    done.add(fragment);
    parts.push(`// ---- ${fragment.name}\n${fragment.code}`);
  }
  visit(main, []);
  return parts.join('\n');
}
