/** Secrets in the environment: a command line is seen by every program of the machine, an environment by its own processes. */

const secretName = /key|secret|pass|token|mnemonic|seed|credential/i;

/** Empty is as good as not there. */
export function readSecret(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** Reads it and takes it out, so that no process started from here on inherits it. */
export function takeSecret(name: string): string | undefined {
  const value = readSecret(name);
  delete process.env[name];
  return value;
}

/** For a process that is given nothing that could sign or pay, not even by inheritance. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secretName.test(name)));
}
