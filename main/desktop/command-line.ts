/** The desktop's own options: `hearth-desktop [--hidden] [--data-dir F] [--adapter A] [--listen M]... [--bootstrap M]... [--rpc-url URL --token ADDRESS] [--export-wallet F | --verify-backup F | --import-wallet F]`. */
import { parseArgs } from 'node:util';

export interface DesktopOptions {
  /** Start in the tray without a window: what autostart uses. */
  readonly hidden: boolean;
  readonly dataDirectory: string | null;
  /** `real`, `software` or part of an adapter's name; null leaves it to the settings. */
  readonly adapter: string | null;
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
  /** The chain that pays, as typed; null leaves it to the settings. */
  readonly rpcUrl: string | null;
  readonly token: string | null;
  /** Do this with the wallet and end, in place of running a node. */
  readonly walletAction: WalletAction | null;
}

export interface WalletAction {
  readonly kind: 'export' | 'verify' | 'import';
  readonly file: string;
}

/** Chromium's own switches stand in the same line, so what is not ours is passed over, not refused. */
export function readDesktopOptions(parameters: readonly string[]): DesktopOptions {
  const { values } = parseArgs({
    args: [...parameters],
    strict: false,
    allowPositionals: true,
    options: {
      hidden: { type: 'boolean' },
      'data-dir': { type: 'string' },
      adapter: { type: 'string' },
      listen: { type: 'string', multiple: true },
      bootstrap: { type: 'string', multiple: true },
      'rpc-url': { type: 'string' },
      token: { type: 'string' },
      'export-wallet': { type: 'string' },
      'verify-backup': { type: 'string' },
      'import-wallet': { type: 'string' },
    },
  });
  return {
    hidden: values['hidden'] === true,
    dataDirectory: text(values['data-dir']),
    adapter: text(values['adapter']),
    listen: texts(values['listen']),
    bootstrap: texts(values['bootstrap']),
    rpcUrl: text(values['rpc-url']),
    token: text(values['token']),
    walletAction: walletActionOf(values),
  };
}

/** The command line the core's process is forked with; `dataDirectory` is settled by then. */
export function coreParameters(options: DesktopOptions, dataDirectory: string): string[] {
  return [
    `--data-dir=${dataDirectory}`,
    ...(options.adapter === null ? [] : [`--adapter=${options.adapter}`]),
    ...options.listen.map((address) => `--listen=${address}`),
    ...options.bootstrap.map((address) => `--bootstrap=${address}`),
    ...(options.rpcUrl === null ? [] : [`--rpc-url=${options.rpcUrl}`]),
    ...(options.token === null ? [] : [`--token=${options.token}`]),
    ...(options.walletAction === null ? [] : [walletParameter(options.walletAction)]),
  ];
}

const walletOptions = { export: 'export-wallet', verify: 'verify-backup', import: 'import-wallet' } as const;
const walletKinds = ['export', 'verify', 'import'] as const;

function walletActionOf(values: Readonly<Record<string, unknown>>): WalletAction | null {
  for (const kind of walletKinds) {
    const file = text(values[walletOptions[kind]]);
    if (file !== null) return { kind, file };
  }
  return null;
}

function walletParameter({ kind, file }: WalletAction): string {
  return `--${walletOptions[kind]}=${file}`;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
