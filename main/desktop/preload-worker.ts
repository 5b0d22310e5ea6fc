/** The worker window's preload: built to CommonJS, because a sandboxed preload cannot be an ES module. */
import { ipcRenderer } from 'electron';
import { handOverPort } from './hand-over-port.ts';
import type { PageWindow } from './hand-over-port.ts';

handOverPort(ipcRenderer, globalThis as unknown as PageWindow);
