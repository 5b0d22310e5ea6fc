/** The core alone inherits what opens the wallet; windows, GPU and helper processes start with what is left. */
const secretNames = ['HEARTH_PASSPHRASE', 'HEARTH_BACKUP_PASSPHRASE'];

/** The environment for the core; the secrets are out of `environment` when this returns. */
export function takeCoreEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const whole = { ...environment };
  for (const name of secretNames) delete environment[name];
  return whole;
}
