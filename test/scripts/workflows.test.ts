/** The workflows of .github/workflows: what they run exists, and nothing in them can be changed by others. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT, runCommand } from './project.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly steps: readonly Step[];
        readonly environment?: string;
        readonly env?: Readonly<Record<string, string>>;
        readonly 'timeout-minutes'?: number;
        readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>> };
      }
    >
  >;
}

const FOLDER = join(ROOT, '.github', 'workflows');
const texts = readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')] as const);
const workflows = texts.map(([name, text]) => [name, parse(text) as Workflow, text] as const);
const workflow = (name: string): Workflow => parse(readFileSync(join(FOLDER, name), 'utf8')) as Workflow;
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps }) => steps);
const commandsOf = (one: Workflow): string[] => stepsOf(one).flatMap(({ run }) => run ?? []);

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

describe.each(workflows)('%s', (_, one, text) => {
  it('runs scripts that exist, of this project only', () => {
    const commands = commandsOf(one);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const [, script] = /^npm (?:run (\S+)|test|ci)(?: |$)/.exec(command) ?? [''];
      expect(command).toMatch(/^npm (run|test|ci)/);
      if (script !== undefined) expect(scripts).toHaveProperty([script]);
    }
    for (const path of Object.values(scripts).flatMap((script) => /^node (\S+)$/.exec(script)?.[1] ?? [])) {
      expect(readFileSync(join(ROOT, path), 'utf8').length).toBeGreaterThan(0);
    }
  });

  it('pins each action to a commit, and says its version', () => {
    const actions = stepsOf(one).flatMap(({ uses }) => uses ?? []);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) {
      expect(action).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
      expect(text).toMatch(new RegExp(`uses: ${action} # v\\d+\\.\\d+\\.\\d+$`, 'm'));
    }
  });

  it('may only read the repository, ends by itself, and leaves no credential behind', () => {
    expect(one.permissions).toEqual({ contents: 'read' });
    for (const { 'timeout-minutes': minutes } of Object.values(one.jobs))
      expect(minutes).toBeLessThanOrEqual(60);
    for (const step of stepsOf(one).filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      expect(step.with?.['persist-credentials']).toBe(false);
    }
  });

  it('puts nothing that others can write into a command', () => {
    for (const command of commandsOf(one)) expect(command).not.toContain('${{');
  });
});

describe('check.yml', () => {
  it('runs what .ci/run does, but for benches, on the least version of Node and on the one that is installed', () => {
    const { engines, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      engines: { node: string };
      devDependencies: { node: string };
    };
    const check = workflow('check.yml');
    expect(commandsOf(check)).toEqual(['npm ci', 'npm run check', 'npm test']);
    for (const command of commandsOf(check)) {
      expect(readFileSync(join(ROOT, '.ci', 'run'), 'utf8')).toContain(command);
    }
    expect(check.jobs['check']?.strategy?.matrix['node']).toEqual([
      Number(engines.node.replace('>=', '')),
      Number(devDependencies.node),
    ]);
    expect(readFileSync(join(FOLDER, 'check.yml'), 'utf8')).not.toContain('secrets.');
  });
});

describe('deploy.yml', () => {
  const deploy = workflow('deploy.yml');
  const job = deploy.jobs['deploy'];

  it('is started by hand or by a tag, never by a pull request', () => {
    expect(Object.keys(deploy.on).sort()).toEqual(['push', 'workflow_dispatch']);
    expect(job?.environment).toContain("|| 'production'");
  });

  it('is explained in docs/deploy.md: each secret and variable', () => {
    const document = readFileSync(join(ROOT, 'docs', 'deploy.md'), 'utf8');
    const names = [...JSON.stringify(deploy).matchAll(/(?:secrets|vars)\.(\w+)/g)].map(([, name]) => name);
    expect(new Set(names)).toEqual(
      new Set(['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_ACCOUNT_ID', 'SPECK_TOKEN', 'SPECK_URL']),
    );
    for (const name of names) expect(document).toContain(`\`${name}\``);
  });

  /** What a command runs, with an npm that only says what it was given. */
  async function runOf(command: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
    const directory = mkdtempSync(join(tmpdir(), 'speck-npm-'));
    try {
      writeFileSync(join(directory, 'npm'), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
      chmodSync(join(directory, 'npm'), 0o755);
      const { PATH } = process.env;
      const script = runCommand('bash', ['-e', '-c', command], {
        env: { PATH: `${directory}:${PATH}`, ...environment },
      });
      expect(await script.ended).toBe(0);
      return script.stdout().trimEnd().split('\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  it.skipIf(process.platform === 'win32').each([
    ['', ['run deploy --', 'run doctor -- https://px.example.com']],
    ['staging', ['run deploy -- --env staging', 'run doctor -- https://px.example.com --env staging']],
  ])('deploys and looks at the environment %j', async (env, expected) => {
    const commands = commandsOf(deploy).slice(1);
    const environment = { SPECK_ENV: env, SPECK_URL: 'https://px.example.com' };
    const runs = await Promise.all(commands.map((command) => runOf(command, environment)));
    expect(runs.map((words) => words.join(' '))).toEqual(expected);
  });
});
