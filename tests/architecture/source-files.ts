/** The sources that the architecture test looks at, and their imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'vite';

export interface SourceFile {
  /** Below the project, with forward slashes. */
  readonly path: string;
  readonly source: string;
}

export interface ImportedModule {
  readonly specifier: string;
  /** Nothing of it is left at run time: `import type`, or every name marked `type`. */
  readonly isType: boolean;
}

const ROOMS = ['protocol', 'worker', 'main', 'renderer', 'shaders'];
const ENDINGS = /\.(?:ts|tsx|mjs|wgsl)$/;

/** Every source in the rooms, sorted by path. */
export function readSourceFiles(projectDirectory: string, folders: readonly string[] = ROOMS): SourceFile[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(projectDirectory, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && ENDINGS.test(entry.name) && !entry.name.endsWith('.d.ts'))
        .map((entry) => join(entry.parentPath, entry.name)),
    )
    .map((file) => ({
      path: file.slice(projectDirectory.length + 1).replaceAll('\\', '/'),
      source: readFileSync(file, 'utf8'),
    }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** What a module asks for: imports, re-exports and dynamic imports. @throws when the source does not parse. */
export function readImports({ path, source }: SourceFile): ImportedModule[] {
  const { module, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const fromImports = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    isType: entries.length > 0 && entries.every(({ isType }) => isType),
  }));
  const fromExports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null ? [] : [{ specifier: moduleRequest.value, isType }],
    ),
  );
  const fromDynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    // The text of the expression; quotes off where it is a plain string.
    specifier: source.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^['"`]|['"`]$/g, ''),
    isType: false,
  }));
  return [...fromImports, ...fromExports, ...fromDynamic];
}

/** The path below the project that a relative specifier means; null for packages and node: modules. */
export function resolveRelative(fromPath: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return posix.join(posix.dirname(fromPath), specifier.replace(/\?.*$/, ''));
}
