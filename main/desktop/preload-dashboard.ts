/** The dashboard's preload: built to CommonJS, because a sandboxed preload cannot be an ES module. */
import { contextBridge, ipcRenderer } from 'electron';
import { exposeNodeApi } from './expose-node-api.ts';

exposeNodeApi({ contextBridge, ipcRenderer });
