/**
 * Writes protocol/contracts/*.ts: each contract's ABI as text that ethers reads, and TypeScript types of its functions,
 * events and errors, from contracts/artifacts. The output is committed; a test generates it again and compares.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Interface } from 'ethers';
import type { EventFragment, FunctionFragment, ErrorFragment, ParamType } from 'ethers';
import { format } from 'oxfmt';
import { contractNames, readStoredArtifact } from './compile-contracts.ts';

export const contractTypesFolder = new URL('../protocol/contracts/', import.meta.url);

/** `BatchSettlement` -> `batch-settlement.ts` */
export function fileNameOf(contractName: string): string {
  return `${contractName.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, '-').toLowerCase()}.ts`;
}

/** The module of one contract, formatted as the project's sources are. */
export async function generateContractTypes(contractName: string): Promise<string> {
  const abi = new Interface(JSON.parse(readStoredArtifact(contractName)).abi);
  const structs = new Map<string, string>();
  const functions: FunctionFragment[] = [];
  const events: EventFragment[] = [];
  const errors: ErrorFragment[] = [];
  abi.forEachFunction((fragment) => functions.push(fragment));
  abi.forEachEvent((fragment) => events.push(fragment));
  abi.forEachError((fragment) => errors.push(fragment));

  const nameOf = (fragment: FunctionFragment) =>
    functions.filter(({ name }) => name === fragment.name).length > 1 ? fragment.format('sighash') : fragment.name;
  const functionTypes = functions.map(
    (fragment) =>
      `'${nameOf(fragment)}': { readonly inputs: ${tuple(fragment.inputs, structs)}; readonly outputs: ${tuple(fragment.outputs, structs)} };`,
  );
  const eventTypes = events.map((fragment) => `'${fragment.name}': ${tuple(fragment.inputs, structs)};`);
  const errorTypes = errors.map((fragment) => `'${fragment.name}': ${tuple(fragment.inputs, structs)};`);
  const lines = abi.fragments
    .filter(({ type }) => type !== 'constructor')
    .map((fragment) => `  ${JSON.stringify(fragment.format('full'))},`);

  const constant = contractName.charAt(0).toLowerCase() + contractName.slice(1);
  const parts = [
    `/** Generated from contracts/artifacts/${contractName}.json by scripts/generate-contract-types.ts: do not edit. */`,
    `export const ${constant}Abi = [\n${lines.join('\n')}\n] as const;`,
    ...structs.values(),
    section(
      `${contractName}Functions`,
      'Positional arguments and results; integers come back as bigint.',
      functionTypes,
    ),
    section(`${contractName}Events`, 'Positional values of each event.', eventTypes),
    section(`${contractName}Errors`, 'Positional values of each error.', errorTypes),
  ].filter((part) => part !== '');
  if (parts.some((part) => part.includes('Hex'))) parts.splice(1, 0, `import type { Hex } from '../agreement.ts';`);
  const { code, errors: faults } = await format(fileNameOf(contractName), `${parts.join('\n\n')}\n`, {
    printWidth: 120,
    singleQuote: true,
  });
  if (faults.length > 0) throw new Error(`${contractName}: ${faults[0]?.message}`);
  return code;
}

function section(name: string, comment: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `/** ${comment} */\nexport interface ${name} {\n${lines.join('\n')}\n}`;
}

function tuple(parameters: readonly ParamType[], structs: Map<string, string>): string {
  const items = parameters.map((parameter, index) => {
    const name = parameter.name === '' ? `value${index}` : parameter.name;
    return `${name}: ${typeOf(parameter, structs)}`;
  });
  return `readonly [${items.join(', ')}]`;
}

function typeOf(parameter: ParamType, structs: Map<string, string>): string {
  const { arrayChildren, components } = parameter;
  if (arrayChildren !== null) return `readonly ${typeOf(arrayChildren, structs)}[]`;
  if (components !== null) return structOf(parameter, components, structs);
  if (/^(?:address|bytes\d*)$/.test(parameter.type)) return 'Hex';
  if (parameter.type === 'bool') return 'boolean';
  if (parameter.type === 'string') return 'string';
  const bits = Number(/^u?int(\d+)$/.exec(parameter.type)?.[1]);
  if (Number.isNaN(bits)) throw new Error(`no TypeScript type for ${parameter.type}`);
  // What always fits into a number may be given as one.
  return bits <= 48 ? '(bigint | number)' : 'bigint';
}

/** ethers keeps no names of structures; their members tell them apart. */
function structOf(parameter: ParamType, components: readonly ParamType[], structs: Map<string, string>): string {
  const members = components.map((component) => component.name).join(' ');
  const name = structNames[members];
  if (name === undefined) throw new Error(`name the structure of ${parameter.format('full')} in structNames`);
  const fields = components.map((component) => `  readonly ${component.name}: ${typeOf(component, structs)};`);
  structs.set(name, `export interface ${name} {\n${fields.join('\n')}\n}`);
  return name;
}

const structNames: Readonly<Record<string, string>> = {
  'payer payerAuthorizer receiver receiverAuthorizer token withdrawDelay salt': 'ChannelConfig',
  'channel maxClaimableAmount': 'Voucher',
  'voucher signature totalClaimed': 'VoucherClaim',
  'token amount': 'TokenPermissions',
  'permitted nonce deadline': 'PermitTransferFrom',
  'to requestedAmount': 'SignatureTransferDetails',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(contractTypesFolder, { recursive: true });
  for (const name of contractNames) {
    writeFileSync(new URL(fileNameOf(name), contractTypesFolder), await generateContractTypes(name));
  }
}
