import { describe, expect, it } from 'vitest';
import { commands } from '../../main/headless/commands/index.ts';
import { runCli } from '../../main/headless/run-cli.ts';

/** Runs a command line in this process; every one here ends before anything is started. */
async function run(line: string | readonly string[]) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
    commands,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal: new AbortController().signal,
  });
  return { exitCode, stdout, stderr };
}

describe('a wrong command line', () => {
  const table: [string, string][] = [
    ['statuss', 'hearth: "hearth statuss" is not a command; did you mean "hearth status"?'],
    ['frobnicate', 'hearth: "hearth frobnicate" is not a command; "hearth --help" lists the commands'],
    ['llm', 'hearth: hearth llm needs one of: run, logits, tokenize, embed, score, info'],
    ['llm logit', 'hearth: "hearth llm logit" is not a command; did you mean "hearth llm logits"?'],
    ['--jsno', 'hearth: hearth does not know --jsno; did you mean --json?'],
    ['--data-dir /x', 'hearth: hearth needs a command; "hearth --help" lists them'],
    ['status --jsn', 'hearth: hearth status does not know --jsn; did you mean --json?'],
    ['status -x', 'hearth: hearth status does not know -x; "hearth status --help" lists its options'],
    ['status --json=yes', 'hearth: --json takes no value, it was given "yes"'],
    ['status now', 'hearth: hearth status does not take "now"; "hearth status --help" shows its form'],
    ['status --data-dir', 'hearth: --data-dir needs a value: --data-dir DIR'],
    ['refund 0x12', 'hearth: CHANNEL must be 0x and 64 hex digits, it was given "0x12"'],
    ['status --data-dir=', 'hearth: --data-dir needs a value: --data-dir DIR'],
    ['start --api-port 99999', 'hearth: --api-port must be a whole number from 0 to 65535, it was given "99999"'],
    ['start --api-port 1.5', 'hearth: --api-port must be a whole number from 0 to 65535, it was given "1.5"'],
    [
      'start --x402-port 8402 --data-dir /nowhere',
      'hearth: --x402-port needs the chain that pays: --rpc-url URL is missing',
    ],
    [
      'start --x402-port 1 --x402-host example.org --rpc-url http://127.0.0.1:1 --data-dir /nowhere',
      'hearth: --x402-host must be an IP address or localhost, it was given "example.org"',
    ],
    ['start --x402-port 70000', 'hearth: --x402-port must be a whole number from 0 to 65535, it was given "70000"'],
    ['start --api-port -1', 'hearth: --api-port must be a whole number from 0 to 65535, it was given "-1"'],
    [
      'start --listen 0.0.0.0:4001',
      'hearth: --listen must be a multiaddress such as /ip4/127.0.0.1/tcp/4001, it was given "0.0.0.0:4001"',
    ],
    [
      'start --rpc-url ftp://x --token 0x00 --data-dir /nowhere',
      'hearth: --rpc-url must be an http or https URL, it was given "ftp://x"',
    ],
    [
      'start --rpc-url http://127.0.0.1:1 --data-dir /nowhere',
      'hearth: --rpc-url needs --token ADDRESS, the token that pays',
    ],
    [
      'start --token 0x00 --data-dir /nowhere',
      'hearth: --token and --chain-id belong to a chain: --rpc-url URL is missing',
    ],
    ['pause 30x', 'hearth: "30x" is not a duration from 1m to 7d, such as 30m, 2h or 1h30m'],
    ['pause 8d', 'hearth: "8d" is not a duration from 1m to 7d, such as 30m, 2h or 1h30m'],
    ['pause 0m', 'hearth: "0m" is not a duration from 1m to 7d, such as 30m, 2h or 1h30m'],
    [
      'llm run',
      'hearth: hearth llm run needs --prompt S (text to continue) or --messages F.json (a conversation); neither was given',
    ],
    [
      'llm run --prompt x --messages y.json',
      'hearth: hearth llm run needs --prompt S (text to continue) or --messages F.json (a conversation); both were given',
    ],
    [
      'llm run --prompt x --tools y.json',
      'hearth: --tools belongs to a conversation: --chat or --messages F.json is missing',
    ],
    ['llm run --prompt x --speculate 16', 'hearth: --speculate must be a whole number from 1 to 15, it was given "16"'],
    ['llm run --prompt --seed 5', 'hearth: --prompt needs a value: --prompt S (or --prompt=--seed)'],
    [
      'llm run --prompt x --max-tokens many',
      'hearth: --max-tokens must be a whole number from 1 to 131072, it was given "many"',
    ],
    ['llm run --prompt x --vectors int4', 'hearth: --vectors takes f32, int8; "int4" is none of them'],
    ['llm run --prompt x --temperature -1', 'hearth: --temperature must be a number from 0 to 100, it was given "-1"'],
    [
      'llm run --prompt x --seed 4294967296',
      'hearth: --seed must be a whole number from 0 to 4294967295, it was given "4294967296"',
    ],
    ['llm logits --tokens 1,2', 'hearth: hearth llm logits needs --out F.f32 (file to write)'],
    ['llm logits --tokens 1,b --out x', 'hearth: --tokens takes ids such as 1,2,3; "b" is not one'],
    ['llm logits --tokens 1,,2 --out x', 'hearth: --tokens takes ids such as 1,2,3; "" is not one'],
    ['render', 'hearth: hearth render needs --out F.png|F.exr (picture to write; .exr is linear float32)'],
    ['render --out a.jpg', 'hearth: --out must end in .png or .exr, it was given "a.jpg"'],
    ['render --out a.png --aov beauty', 'hearth: --aov must list albedo, normal, depth, it was given "beauty"'],
    ['render --out a.png --tone filmic', 'hearth: --tone must be none, agx, aces, it was given "filmic"'],
    ['render --out a.png --depth 10', 'hearth: --depth must be 8 or 16, it was given "10"'],
    [
      'render --out a.exr --tone agx',
      'hearth: --tone, --exposure and --depth are for a .png; an .exr is linear float32',
    ],
    ['render --out a.png --width 0', 'hearth: --width must be a whole number from 1 to 16384, it was given "0"'],
    ['render --out a.png --time 1 --frame 2', 'hearth: --time and --frame both name a moment: only one can be given'],
    ['render --out a-#.png --frames 5-1', 'hearth: --frames must be like 1-48 or 1-48/2, it was given "5-1"'],
    [
      'render --out a.png --frames 1-5',
      'hearth: --out needs a # where the number of a frame goes, it was given "a.png"',
    ],
    [
      'render --out a-#.png --frames 1-5 --time 1',
      'hearth: --frames names its own moments: --time and --frame cannot be given with it',
    ],
    [
      'render --out a-#.png --frames 0-900000',
      'hearth: --frames names 900001 frames; at most 100000 are rendered at once',
    ],
    ['render --out a.png --time 1 --fps 30', 'hearth: --fps belongs to --frame N or --frames A-B'],
    ['render --out a.png --animation walk', 'hearth: --animation needs a moment: --time SECONDS or --frame N'],
    ['render --out a.png --size 640', 'hearth: --size must be like 640x480, sides up to 16384, it was given "640"'],
    [
      'render --out a.png --size 20000x2',
      'hearth: --size must be like 640x480, sides up to 16384, it was given "20000x2"',
    ],
    [
      'render --out a.png --size 9x9 --width 9',
      'hearth: --size names width and height: --width and --height cannot be given with it',
    ],
    ['request', 'hearth: hearth request needs one of: chat, render'],
    [
      'request chat',
      'hearth: hearth request chat needs --prompt S (what to ask) or --messages F.json (a conversation); neither was given',
    ],
    [
      'request chat --prompt x --messages y.json',
      'hearth: hearth request chat needs --prompt S (what to ask) or --messages F.json (a conversation); both were given',
    ],
    [
      'request chat --prompt x',
      'hearth: a request is paid: --rpc-url URL and --token ADDRESS of the chain are missing',
    ],
    [
      'request chat --prompt x --rpc-url http://127.0.0.1:1 --data-dir /nowhere',
      'hearth: --rpc-url needs --token ADDRESS, the token that pays',
    ],
    [
      'request chat --prompt x --max-price 1.0000001',
      'hearth: --max-price must be an amount of USDC such as 0.25, with at most six decimals, it was given "1.0000001"',
    ],
    [
      'request chat --prompt x --deposit -1',
      'hearth: --deposit must be an amount of USDC such as 0.25, with at most six decimals, it was given "-1"',
    ],
    [
      'request chat --prompt x --provider somebody',
      'hearth: --provider must be a peer id, or a multiaddress such as /ip4/198.51.100.7/tcp/4001, it was given "somebody"',
    ],
    ['request chat --prompt x --wait -1', 'hearth: --wait must be a whole number from 0 to 3600, it was given "-1"'],
    [
      'request render',
      'hearth: hearth request render needs --out F.png|F.exr (picture to write; .exr is linear float32)',
    ],
    ['request render --out a.jpg', 'hearth: --out must end in .png or .exr, it was given "a.jpg"'],
    [
      'request render a.glb --scene b.glb --out a.png',
      'hearth: SCENE.glb and --scene both name a scene: only one can be given',
    ],
    ['request render --out a.png --preview b.exr', 'hearth: --preview must end in .png, it was given "b.exr"'],
    [
      'request render --out a.png --denoise --no-check',
      'hearth: --denoise needs the adapter of this machine, --no-check goes without',
    ],
    [
      'request render --out a.png --frames 1-5',
      'hearth: --out needs a # where the number of a frame goes, it was given "a.png"',
    ],
    [
      'request render a.glb b.glb --out a.png',
      'hearth: hearth request render does not take "b.glb"; "hearth request render --help" shows its form',
    ],
    ['verify', 'hearth: hearth verify needs RECEIPT.json (the receipt document)'],
    ['verify a.json b.json', 'hearth: hearth verify does not take "b.json"; "hearth verify --help" shows its form'],
  ];
  it.each(table)('"hearth %s" ends with 2 and one sentence', async (line, sentence) => {
    expect(await run(line)).toEqual({ exitCode: 2, stdout: '', stderr: `${sentence}\n` });
  });

  it('is reported as one JSON document with --json', async () => {
    const { exitCode, stdout } = await run('statuss --json');
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      2,
      { error: { code: 'UNKNOWN_COMMAND', message: expect.stringContaining('did you mean'), data: {} } },
    ]);
  });

  it('shows the help when there is none at all', async () => {
    const { exitCode, stdout, stderr } = await run('');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: hearth <command>');
  });
});

describe('a command that cannot be carried out', () => {
  const table: [string, RegExp][] = [
    [
      'status --data-dir /nowhere/at/all',
      /^hearth: no node is running on \/nowhere\/at\/all; start one with "hearth start"\n$/,
    ],
    ['--data-dir /nowhere/at/all pause 30m', /no node is running/],
    ['stop --data-dir /nowhere/at/all', /no node is running/],
    ['refund --data-dir /nowhere/at/all', /no node is running .* or name the chain with --rpc-url and --token/],
    ['verify /nowhere.json', /^hearth: RECEIPT.json: cannot read \/nowhere.json: it does not exist\n$/],
    ['llm run --model /nowhere.gguf --prompt x', /^hearth: --model: cannot read \/nowhere.gguf: it does not exist\n$/],
    ['llm run --messages /nowhere.json', /^hearth: --messages: cannot read \/nowhere.json: it does not exist\n$/],
    ['llm run --model / --prompt x', /^hearth: --model: cannot read \/: it is not a file\n$/],
    [
      'request render /nowhere.glb --out /tmp/x.png --rpc-url http://127.0.0.1:1 --token 0x0000000000000000000000000000000000000001',
      /^hearth: --scene: cannot read \/nowhere.glb: it does not exist\n$/,
    ],
    [
      'request chat --prompt x --data-dir /nowhere --rpc-url http://user:secret@127.0.0.1:1/key --token 0x0000000000000000000000000000000000000001',
      /^hearth: the chain at http:\/\/127.0.0.1:1 failed on eth_chainId: .*\n$/,
    ],
    [
      'render --scene /nowhere.glb --out /tmp/x.png',
      /^hearth: --scene: cannot read \/nowhere.glb: it does not exist\n$/,
    ],
    [
      'start --rpc-url http://user:secret@127.0.0.1:1/key --token 0x0000000000000000000000000000000000000001 --data-dir /nowhere',
      /^hearth: the chain at http:\/\/127.0.0.1:1 failed on eth_chainId: .*\n$/,
    ],
  ];
  it.runIf(process.platform !== 'win32').each(table)(
    '"hearth %s" ends with 1 and one sentence',
    async (line, sentence) => {
      const { exitCode, stdout, stderr } = await run(line);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toContain('secret');
    },
  );
});

describe('help', () => {
  it('lists every command, the common options and the exit codes', async () => {
    const { exitCode, stdout } = await run('--help');
    expect(exitCode).toBe(0);
    for (const { words } of commands) expect(stdout).toContain(`  ${words.join(' ')}`);
    for (const name of ['--data-dir', '--adapter', '--listen', '--bootstrap', '--json']) expect(stdout).toContain(name);
    expect(stdout).toContain('0 done, 1 failed, 2 wrong usage, 3 refused');
  });

  it.each(commands.map(({ words, options }) => [words.join(' '), Object.keys(options)] as const))(
    'of "%s" names its options, even where required ones are missing',
    async (name, options) => {
      const { exitCode, stdout } = await run(`${name} --help`);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`Usage: hearth ${name}`);
      for (const option of options) expect(stdout).toContain(`--${option}`);
      expect(await run(`help ${name}`)).toEqual({ exitCode, stdout, stderr: '' });
    },
  );

  it('of a group lists its commands', async () => {
    expect((await run('llm --help')).stdout).toContain('llm tokenize');
  });

  it('leaves --help alone after "--"', async () => {
    expect((await run(['verify', '--', '--help'])).exitCode).toBe(1);
  });
});
