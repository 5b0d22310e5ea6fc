/**
 * Compiles contracts/*.sol with the pinned solc-js into contracts/artifacts/*.json, which are committed: nobody needs a
 * compiler to run a local chain. `--check` writes nothing and exits 1 when an artifact is stale.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface ContractArtifact {
  readonly contractName: string;
  /** sha256 over every source the contract is compiled from (path and text), hex. */
  readonly sourceSha256: string;
  readonly compiler: { readonly version: string; readonly settings: object };
  readonly abi: readonly object[];
  /** Creation code, 0x-prefixed. */
  readonly bytecode: string;
  /** Runtime code, 0x-prefixed, with zeros where the constructor writes immutables. */
  readonly deployedBytecode: string;
}

interface CompilerOutput {
  readonly errors?: readonly {
    readonly severity: string;
    readonly formattedMessage: string;
    readonly sourceLocation?: { readonly file: string };
  }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>;
}

interface CompiledContract {
  readonly abi: readonly object[];
  readonly metadata: string;
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
  };
}

const contractsFolder = new URL('../contracts/', import.meta.url);
const packagesFolder = new URL('../node_modules/', import.meta.url);
export const artifactsFolder = new URL('artifacts/', contractsFolder);

/** Contracts that get an artifact; the rest are interfaces and bases. */
export const contractNames = [
  'BatchSettlement',
  'ReceiveAuthorizationCollector',
  'Permit2Collector',
  'LocalPermit2',
  'TestUsdc',
] as const;

const compilerSettings = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none' },
} as const;

export interface CompileOptions {
  /** The contracts to compile; all of them unless given. */
  readonly names?: readonly string[];
  /** Other text for files of contracts/, by file name. */
  readonly replaced?: ReadonlyMap<string, string>;
  /** For code that is tested and thrown away: without the optimizer, which takes the most time, and with warnings. */
  readonly draft?: boolean;
}

/** Compiles the contracts; throws with the compiler's own text on any error or warning. */
export function compileContracts(options: CompileOptions = {}): readonly ContractArtifact[] {
  const { names = contractNames, replaced = new Map(), draft = false } = options;
  const settings = { ...compilerSettings, optimizer: { ...compilerSettings.optimizer, enabled: !draft } };
  const require = createRequire(import.meta.url);
  const solc: { version(): string; compile(input: string, callbacks: object): string } = require('solc');
  const texts = new Map<string, string>();
  const readText = (path: string) => {
    const folder = path.startsWith('@openzeppelin/contracts/') ? packagesFolder : contractsFolder;
    const contents = replaced.get(path) ?? readFileSync(new URL(path, folder), 'utf8');
    texts.set(path, contents);
    return contents;
  };
  const readImport = (path: string) => {
    try {
      return { contents: readText(path) };
    } catch {
      return { error: `${path} is neither in contracts/ nor in OpenZeppelin` };
    }
  };
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(names.map((name) => [`${name}.sol`, { content: readText(`${name}.sol`) }])),
    settings: {
      ...settings,
      outputSelection: { '*': { '*': ['abi', 'metadata', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
  const output: CompilerOutput = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
  // A warning in our own code is an error; OpenZeppelin's transient reentrancy guard warns about itself.
  const errors = (output.errors ?? []).filter(
    ({ severity, sourceLocation }) =>
      severity === 'error' || (!draft && sourceLocation?.file.startsWith('@openzeppelin/') !== true),
  );
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));

  return names.map((contractName) => {
    const compiled = output.contracts?.[`${contractName}.sol`]?.[contractName];
    if (compiled === undefined) throw new Error(`contracts/${contractName}.sol does not define ${contractName}`);
    return {
      contractName,
      sourceSha256: hashSources(Object.keys(JSON.parse(compiled.metadata).sources), texts),
      compiler: { version: solc.version(), settings },
      abi: compiled.abi,
      bytecode: `0x${compiled.evm.bytecode.object}`,
      deployedBytecode: `0x${compiled.evm.deployedBytecode.object}`,
    };
  });
}

export function serializeArtifact(artifact: ContractArtifact): string {
  return `${JSON.stringify(artifact, null, 2)}\n`;
}

export function readStoredArtifact(contractName: string): string {
  return readFileSync(new URL(`${contractName}.json`, artifactsFolder), 'utf8');
}

function hashSources(paths: readonly string[], texts: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const path of paths.toSorted()) {
    const text = texts.get(path);
    if (text === undefined) throw new Error(`the compiler names a source nobody gave it: ${path}`);
    hash.update(`${path}\0${text.length}\0${text}`);
  }
  return hash.digest('hex');
}

function main(check: boolean): void {
  const artifacts = compileContracts();
  if (check) {
    const stale = artifacts.filter(
      (artifact) => readStoredArtifact(artifact.contractName) !== serializeArtifact(artifact),
    );
    for (const artifact of stale) console.error(`contracts/artifacts/${artifact.contractName}.json is stale`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  mkdirSync(artifactsFolder, { recursive: true });
  for (const artifact of artifacts) {
    writeFileSync(new URL(`${artifact.contractName}.json`, artifactsFolder), serializeArtifact(artifact));
    console.log(`${artifact.contractName}: ${(artifact.deployedBytecode.length - 2) / 2} bytes of runtime code`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.includes('--check'));
