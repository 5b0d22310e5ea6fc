import type { AdapterDescription } from '../../worker/messages.ts';

/** What a person has to know about the adapter before anything is computed on it. */
export function announceAdapter(description: AdapterDescription): string {
  const { vendor, architecture, device } = description;
  const name = description.description || device || `${vendor} ${architecture}`;
  if (!description.isSoftware) return `Using ${name} (${description.backend}).`;
  return `Using the software adapter ${name}: results are right, but slow, and never earn.`;
}
