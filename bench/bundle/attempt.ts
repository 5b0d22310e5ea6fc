export interface FailedAttempt {
  readonly error: string;
}

/**
 * Runs one measurement so that a card too small for it, or a driver that refuses it, costs that measurement only. What was asked for
 * stands in front of the result either way.
 */
export async function attempt<Subject extends object, Result extends object>(
  device: GPUDevice,
  subject: Subject,
  measure: () => Promise<Result>,
): Promise<Subject & (Result | FailedAttempt)> {
  for (const filter of ['validation', 'out-of-memory', 'internal'] as const) device.pushErrorScope(filter);
  const [outcome] = await Promise.allSettled([measure()]);
  const errors = [await device.popErrorScope(), await device.popErrorScope(), await device.popErrorScope()];
  const fault = errors.find((error) => error !== null);
  if (fault !== undefined) return { ...subject, error: firstLine(fault?.message) };
  if (outcome.status === 'fulfilled') return { ...subject, ...outcome.value };
  return { ...subject, error: firstLine(outcome.reason instanceof Error ? outcome.reason.message : outcome.reason) };
}

function firstLine(reason: unknown): string {
  return String(reason).split('\n')[0]?.slice(0, 500) ?? '';
}
