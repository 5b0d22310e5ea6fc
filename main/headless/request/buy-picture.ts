import type { JobProgress, RenderRequest } from '../../requester/index.ts';
import type { Film } from '../../requester/image/index.ts';
import type { CommandContext } from '../command-definition.ts';
import { type Approval, approvePlan } from './approve-plan.ts';
import { createJobReport } from './job-report.ts';
import { createPreviewFile } from './preview-file.ts';
import { asCommandFailure } from './refusal-words.ts';
import type { Session } from './with-buyer.ts';

const reportEveryMs = 1_000;

export interface BoughtPicture {
  readonly film: Film;
  /** To be called once it is written: until then the same request would go on from it. */
  forget(): Promise<void>;
  readonly paid: bigint;
  readonly parts: readonly object[];
}

/** Plans, has it agreed to, buys from everybody who offers; what was paid is said however it ends. */
export async function buyPicture(
  context: Pick<CommandContext, 'dataDirectory' | 'output' | 'signal'>,
  session: Session,
  request: RenderRequest,
  options: { readonly approval: Approval; readonly previewPath: string | undefined },
): Promise<BoughtPicture> {
  const { output, signal } = context;
  const { requester, provider } = session;
  const only = provider === undefined ? {} : { provider };
  const report = createJobReport({
    output,
    dataDirectory: context.dataDirectory,
    nameOf: session.nameOf,
    unit: options.approval.unit,
  });
  const { widthPixels, heightPixels } = request;
  const preview =
    options.previewPath === undefined
      ? null
      : createPreviewFile({ path: options.previewPath, widthPixels, heightPixels });
  let reportedMs = Number.NEGATIVE_INFINITY;

  function showTile({ peerId, unitsDone, unitsTotal }: Extract<JobProgress, { kind: 'tile' }>): void {
    if (performance.now() - reportedMs < reportEveryMs && unitsDone < unitsTotal) return;
    reportedMs = performance.now();
    output.data({ event: 'progress', done: unitsDone, total: unitsTotal, peerId });
    output.log(`${(100n * unitsDone) / unitsTotal} %`);
  }

  try {
    output.log('Looking for providers.');
    const plan = await requester.planRender(request, { signal, ...only });
    const limits = await approvePlan(context, session, plan, options.approval);
    const { film, forget } = await requester.requestRender(request, {
      signal,
      limits,
      ...only,
      onProgress: (progress) => {
        if (progress.kind === 'tile') {
          preview?.add(progress.peerId, progress.pass);
          showTile(progress);
        } else if (progress.kind === 'kept') {
          preview?.keep(progress.pass);
        } else if (progress.kind === 'part') {
          preview?.endPart(progress.part.peerId, progress.part.verdict !== 'rejected');
        }
        report.note(progress);
      },
    });
    await preview?.finish();
    return { film, forget, ...(await report.finish()) };
  } catch (error) {
    const { paid, parts } = await report.finish();
    if (parts.length > 0) {
      output.data({ event: 'unfinished', paid, parts });
      await preview?.finish();
    }
    throw asCommandFailure(error);
  }
}
