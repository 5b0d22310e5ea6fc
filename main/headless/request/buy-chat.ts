import type { ChatRequest } from '../../requester/index.ts';
import type { CommandContext } from '../command-definition.ts';
import { type Approval, approvePlan } from './approve-plan.ts';
import { createJobReport } from './job-report.ts';
import { asCommandFailure } from './refusal-words.ts';
import type { Session } from './with-buyer.ts';

/** Plans, has it agreed to, buys, and streams the text; what was paid is said however it ends. */
export async function buyChat(
  context: Pick<CommandContext, 'dataDirectory' | 'output' | 'signal'>,
  session: Session,
  request: ChatRequest,
  approval: Approval,
): Promise<void> {
  const { output, signal } = context;
  const { requester, provider } = session;
  const only = provider === undefined ? {} : { provider };
  const report = createJobReport({
    output,
    dataDirectory: context.dataDirectory,
    nameOf: session.nameOf,
    unit: approval.unit,
  });
  let isLineOpen = false;
  const closeLine = (): void => {
    if (isLineOpen) output.stream('\n');
    isLineOpen = false;
  };
  try {
    output.log('Looking for providers.');
    const plan = await requester.planChat(request, { signal, ...only });
    const limits = await approvePlan(context, session, plan, approval);
    const { text, tokens, finished } = await requester.requestChat(request, {
      signal,
      limits,
      ...only,
      onProgress: (progress) => {
        if (progress.kind === 'text') {
          const { kind: event, ...data } = progress;
          output.stream(data.text);
          output.data({ event, ...data });
          isLineOpen ||= data.text !== '';
          return;
        }
        if (progress.kind === 'part' && progress.part.verdict === 'rejected') {
          closeLine();
          output.log(
            `What ${progress.part.name} sent was found wrong and is no part of the answer, which goes on anew:`,
          );
        }
        report.note(progress);
      },
    });
    closeLine();
    const { paid, parts } = await report.finish();
    output.data({ event: 'summary', text, tokens, finished, paid, parts });
  } catch (error) {
    closeLine();
    const { paid, parts } = await report.finish();
    if (parts.length > 0) output.data({ event: 'unfinished', paid, parts });
    throw asCommandFailure(error);
  }
}
