/**
 * What `import ... from 'electron'` resolves to in tests. The real package downloads a binary when it is first imported, so a test
 * that reaches it by accident would hang or fail on a machine without internet. Modules of main/desktop take the parts
 * of Electron they use as arguments, typed by `import type`; only main/desktop/main.ts imports the value.
 */
throw new Error(
  "A test imported 'electron' as a value. Use `import type` and inject the parts (see tests/desktop/electron-fakes.ts); only main/desktop/main.ts, which no test imports, may hold the value.",
);
