import type { Plugin } from 'vite';

export function wasmBytesModule(path: string): string;
export function isWasmBytes(specifier: string): boolean;
export function wasmFile(specifier: string): string;
/** The plugin for Vite. */
export function wasmBytes(): Plugin;
