/** Names that two processes must agree on: IPC channels, bridge, scheme and hosts. One place, so that they cannot drift apart. */

/** Window -> main: "I am loaded, give me a port to the core". Main -> window: the port. */
export const CONNECT_CHANNEL = 'hearth:connect';
export const PORT_CHANNEL = 'hearth:port';

/** `window.hearth` in the dashboard: a NodeApi. */
export const BRIDGE_NAME = 'hearth';

export const APP_SCHEME = 'app';
export const DASHBOARD_HOST = 'dashboard';
export const WORKER_HOST = 'worker';
export const DASHBOARD_URL = `${APP_SCHEME}://${DASHBOARD_HOST}/index.html`;
export const WORKER_URL = `${APP_SCHEME}://${WORKER_HOST}/index.html`;

/** Below `app://worker/`: the built GPU worker, and single files the core granted. */
export const ENGINE_PREFIX = '/engine/';
export const GRANTED_PREFIX = '/granted/';

/** `window.postMessage` data with which the worker window's preload hands the core's port to its page. */
export const WORKER_PORT_MESSAGE = 'hearth:worker-port';
