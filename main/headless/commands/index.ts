import type { Command } from '../command-definition.ts';
import { channelsCommand } from './channels.ts';
import { benchCommand } from './bench.ts';
import { claimCommand } from './claim.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { earningsCommand } from './earnings.ts';
import { finishCommand } from './finish.ts';
import { llmEmbedCommand } from './llm-embed.ts';
import { llmInfoCommand } from './llm-info.ts';
import { llmLogitsCommand } from './llm-logits.ts';
import { llmRunCommand } from './llm-run.ts';
import { llmScoreCommand } from './llm-score.ts';
import { llmTokenizeCommand } from './llm-tokenize.ts';
import { pauseCommand } from './pause.ts';
import { refundCommand } from './refund.ts';
import { renderCommand } from './render.ts';
import { requestChatCommand } from './request-chat.ts';
import { requestRenderCommand } from './request-render.ts';
import { resumeCommand } from './resume.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { stopCommand } from './stop.ts';
import { verifyCommand } from './verify.ts';
import { walletCommands } from './wallet.ts';

/** In the order of the help. A command imports what is heavy when it runs, so that `--help` is quick. */
export const commands: readonly Command[] = [
  demoCommand,
  startCommand,
  statusCommand,
  pauseCommand,
  resumeCommand,
  finishCommand,
  stopCommand,
  claimCommand,
  refundCommand,
  earningsCommand,
  channelsCommand,
  ...walletCommands,
  doctorCommand,
  benchCommand,
  llmRunCommand,
  llmLogitsCommand,
  llmTokenizeCommand,
  llmEmbedCommand,
  llmScoreCommand,
  llmInfoCommand,
  renderCommand,
  requestChatCommand,
  requestRenderCommand,
  verifyCommand,
];
