/** Canonical bytes of a task: what is sent in Start, and what is hashed into the agreement. */
import {
  type ChatMessage,
  type ChatTask,
  type RenderTask,
  type Task,
  taskLimits,
  type ToolCall,
  type ToolDefinition,
} from '../tasks.ts';
import { type Codec, messageCodec, messageField, repeatedField, unionCodec } from './codec.ts';
import { choiceField, optionalSha256Field, packedUint32Field, sha256Field, textField, uint32Field } from './fields.ts';
import { wireLimits } from './limits.ts';
import { WireError } from './wire-error.ts';

const messageRoles = ['system', 'user', 'assistant', 'tool'] as const;

const toolNameField = (id: number) => textField(id, 64, { required: true });

const toolCallCodec = messageCodec({
  id: textField(1, taskLimits.toolCallIdBytes, { required: true }),
  name: toolNameField(2),
  argumentsJson: textField(3, taskLimits.toolArgumentsBytes, { required: true }),
});

const toolCodec = messageCodec({
  name: toolNameField(1),
  description: textField(2, taskLimits.toolDescriptionBytes),
  parametersJson: textField(3, taskLimits.toolParametersBytes, { required: true }),
});

const flatMessageCodec = messageCodec({
  role: choiceField(1, messageRoles),
  content: textField(2, taskLimits.messageBytes),
  toolCalls: repeatedField(3, toolCallCodec, {
    count: taskLimits.toolCalls,
    bytes: taskLimits.toolArgumentsBytes + 256,
  }),
  toolCallId: textField(4, taskLimits.toolCallIdBytes),
});

/** What is not there is no field at all, so that a message of text alone reads back as it was. */
const chatMessageCodec: Codec<ChatMessage> = {
  encode: ({ toolCalls = [], toolCallId = '', ...message }) =>
    flatMessageCodec.encode({ ...message, toolCalls, toolCallId }),
  decode(bytes) {
    const { toolCalls, toolCallId, ...message } = flatMessageCodec.decode(bytes);
    return {
      ...message,
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      ...(toolCallId === '' ? {} : { toolCallId }),
    };
  },
};

const flatChatTaskCodec = messageCodec({
  modelSha256: sha256Field(1),
  messages: repeatedField(2, chatMessageCodec, { count: taskLimits.messages, bytes: taskLimits.wholeMessageBytes }),
  prefixTokens: packedUint32Field(3, taskLimits.prefixTokens),
  maxTokens: uint32Field(4, { minimum: 1, maximum: taskLimits.maxTokens }),
  temperatureMillionths: uint32Field(5, { maximum: 100_000_000 }),
  seed: uint32Field(6),
  tools: repeatedField(7, toolCodec, {
    count: taskLimits.tools,
    bytes: taskLimits.toolDescriptionBytes + taskLimits.toolParametersBytes + 128,
  }),
  clockSeconds: uint32Field(8),
});

const chatTaskCodec: Codec<Omit<ChatTask, 'kind'>> = {
  encode: ({ tools = [], clockSeconds = 0, ...task }) => flatChatTaskCodec.encode({ ...task, tools, clockSeconds }),
  decode(bytes) {
    const { tools, clockSeconds, ...task } = flatChatTaskCodec.decode(bytes);
    return { ...task, ...(tools.length === 0 ? {} : { tools }), ...(clockSeconds === 0 ? {} : { clockSeconds }) };
  },
};

const side = { maximum: taskLimits.imageSidePixels };
const tileCodec = messageCodec({
  x0: uint32Field(1, side),
  y0: uint32Field(2, side),
  x1: uint32Field(3, side),
  y1: uint32Field(4, side),
});

const flatRenderTaskCodec = messageCodec({
  sceneSha256: sha256Field(1),
  widthPixels: uint32Field(2, { minimum: 1, ...side }),
  heightPixels: uint32Field(3, { minimum: 1, ...side }),
  samplesPerPixel: uint32Field(4, { minimum: 1, maximum: taskLimits.samplesPerPixel }),
  seed: uint32Field(5),
  maxBounces: uint32Field(6, { maximum: taskLimits.maxBounces }),
  tiles: repeatedField(7, tileCodec, { count: taskLimits.tiles, bytes: 32 }),
  firstSample: uint32Field(8, { maximum: taskLimits.samplesPerPixel - 1 }),
  camera: textField(9, taskLimits.viewNameBytes),
  animation: textField(10, taskLimits.viewNameBytes),
  timeMicroseconds: uint32Field(11),
  environmentSha256: optionalSha256Field(12),
});

/** Empty texts stand for what is left out; a moment without an animation would be a second encoding of no moment. */
const renderTaskCodec: Codec<Omit<RenderTask, 'kind'>> = {
  encode: ({ camera = '', animation, environmentSha256, ...task }) => {
    if (animation?.name === '') throw new WireError('MISSING', 'an animation needs a number or a name', 'animation');
    const { name, timeMicroseconds } = animation ?? { name: '', timeMicroseconds: 0 };
    return flatRenderTaskCodec.encode({ ...task, camera, animation: name, timeMicroseconds, environmentSha256 });
  },
  decode(bytes) {
    const { camera, animation, timeMicroseconds, environmentSha256, ...task } = flatRenderTaskCodec.decode(bytes);
    if (animation === '' && timeMicroseconds !== 0) {
      throw new WireError('OUT_OF_RANGE', `${timeMicroseconds} is a moment of no animation`, 'timeMicroseconds');
    }
    return {
      ...task,
      ...(camera === '' ? {} : { camera }),
      ...(animation === '' ? {} : { animation: { name: animation, timeMicroseconds } }),
      ...(environmentSha256 === undefined ? {} : { environmentSha256 }),
    };
  },
};

const anyTaskCodec = unionCodec({
  chat: messageField(1, chatTaskCodec, wireLimits.task),
  render: messageField(2, renderTaskCodec, wireLimits.task),
});

function checkRender(task: Omit<RenderTask, 'kind'>): void {
  if (task.tiles.length === 0) throw new WireError('MISSING', 'at least one tile is required', 'render.tiles');
  if (task.firstSample >= task.samplesPerPixel) {
    throw new WireError(
      'OUT_OF_RANGE',
      `${task.firstSample} is not below samplesPerPixel ${task.samplesPerPixel}`,
      'render.firstSample',
    );
  }
  for (const [index, tile] of task.tiles.entries()) {
    const isInside =
      tile.x0 < tile.x1 && tile.y0 < tile.y1 && tile.x1 <= task.widthPixels && tile.y1 <= task.heightPixels;
    const isSmall = tile.x1 - tile.x0 <= taskLimits.tileSidePixels && tile.y1 - tile.y0 <= taskLimits.tileSidePixels;
    if (!isInside || !isSmall) {
      throw new WireError(
        'OUT_OF_RANGE',
        `tile ${tile.x0},${tile.y0}..${tile.x1},${tile.y1} is empty, outside ${task.widthPixels} x ${task.heightPixels} or wider than ${taskLimits.tileSidePixels}`,
        `render.tiles.${index}`,
      );
    }
  }
}

function checkChat(task: Omit<ChatTask, 'kind'>): void {
  if (task.messages.length === 0) throw new WireError('MISSING', 'at least one message is required', 'chat.messages');
  task.messages.forEach(({ role, toolCalls = [], toolCallId }, index) => {
    const field = `chat.messages.${index}`;
    if (toolCalls.length > 0 && role !== 'assistant') {
      throw new WireError('OUT_OF_RANGE', `a message of the role ${role} calls tools; only assistant does`, field);
    }
    if (toolCallId !== undefined && role !== 'tool') {
      throw new WireError('OUT_OF_RANGE', `a message of the role ${role} answers a call; only tool does`, field);
    }
    toolCalls.forEach((call, place) => checkTool(call, call.argumentsJson, `${field}.toolCalls.${place}`));
  });
  task.tools?.forEach((tool, index) => checkTool(tool, tool.parametersJson, `chat.tools.${index}`));
}

/** Refused before it is priced: a task that no template could write is not sold. */
function checkTool({ name }: ToolCall | ToolDefinition, json: string, field: string): void {
  if (!taskLimits.toolName.test(name)) {
    throw new WireError('OUT_OF_RANGE', "the name is not 1 to 64 letters, digits, '_', '.' or '-'", `${field}.name`);
  }
  if (!isJsonObject(json)) throw new WireError('OUT_OF_RANGE', 'the text is not the JSON of an object', field);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function check(task: Task): Task {
  if (task.kind === 'chat') checkChat(task);
  else checkRender(task);
  return task;
}

export const taskCodec: Codec<Task> = {
  encode(task) {
    check(task);
    const bytes =
      task.kind === 'chat'
        ? anyTaskCodec.encode({ type: 'chat', body: task })
        : anyTaskCodec.encode({ type: 'render', body: task });
    if (bytes.length > wireLimits.task) {
      throw new WireError('TOO_LONG', `a task of ${bytes.length} bytes exceeds the limit of ${wireLimits.task}`);
    }
    return bytes;
  },
  decode(bytes) {
    const found = anyTaskCodec.decode(bytes);
    if (found === null) throw new WireError('MISSING', 'neither a chat nor a render task');
    return check(found.type === 'chat' ? { kind: 'chat', ...found.body } : { kind: 'render', ...found.body });
  },
};
